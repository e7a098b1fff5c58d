"""Measurements as pictures: one load, a sweep over limits beside the model, and distance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from tutorial_lib.arguments import not_negative, of_kind, positive, several
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.predicted import model_waits
from tutorial_lib.load.report import LoadReport
from tutorial_lib.load.sweep import Sweep, SweepRow, check_done
from tutorial_lib.plots.colours import IN_USE, QUIET, TROUBLE, WAITING
from tutorial_lib.plots.picture import Picture, as_time, drawing, quiet
from tutorial_lib.plots.waits import MARKED, MS, finish, mark, note, scale_of_waits, write_beside
from tutorial_lib.servers.base import Server, check_server
from tutorial_lib.words import counted

MUCH = 5
"""Times as long as any wait that has an end: a wait beyond that is written beside its cross."""

SHORT = 1.0
"""Milliseconds: an axis of waits reaches that far at least."""

MOST_POINTS = 1000

# -- one load


def plot_load(report: LoadReport) -> Picture:
    """Draw every call of a load at the time when it was due: what its caller waited in all, and its service time."""
    of_kind(LoadReport, "report", report, "run_load(pool, workload) returns one.")
    latency, service = report.latency, report.service
    title = "No call was done"
    if report.done:
        title = f"99 in 100 calls: {as_time(latency.p99)} since they were due, {as_time(service.p99)} with a connection"
    with drawing(height=3.0) as figure:
        axes = figure.subplots()
        dots: Any = {"s": 9, "lw": 0}
        axes.scatter(report.calls.due, report.calls.latency * MS, color=WAITING, label="since it was due", **dots)
        axes.scatter(
            report.calls.due, report.calls.service * MS, color=IN_USE, marker="^", label="with a connection", **dots
        )
        scale_of_waits(axes, top=0 if not report.done else latency.worst * MS)
        axes.set_xlabel("when the call was due (seconds)")
        axes.set_ylabel("milliseconds")
        axes.legend(loc="upper left", markerscale=2, ncols=2, bbox_to_anchor=(0, 1.12))
        finish(figure, title, report.real)
    alt = f"Calls by the time when they were due. {title}.{note(report.real)}"
    return Picture(figure, alt, f"load of {counted(report.done, 'call')}")


# -- a sweep


def plot_sweep(measured: Sweep) -> Picture:
    """Draw the mean wait for each limit, measured and, for an open loop, as the model predicts it; below, the rate.

    A bar spans all rounds of a limit; the model gets the same arrivals, and one figure more: how long calls kept
    their connections with the largest limit. The wait of a limit that cannot keep up grows with the length of the
    run; where it would make the others flat, its cross stands at the upper edge, beside the figure.

    BadSetting if there is a limit with which no call was done.
    """
    of_kind(Sweep, "measured", measured, "sweep(limits, workload, make_pool) returns one.")
    check_done(measured, measured.limits)
    model = model_waits(measured) if measured.workload.is_open else {}
    title, real = _sweep_in_words(measured), measured.reports[measured.limits[-1]][-1].real
    with drawing(height=4.2) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.2])
        _draw_waits(above, measured, model)
        _draw_throughput(below, measured)
        finish(figure, title, real)
    waits = ", ".join(f"limit {row.limit}: {as_time(row.waiting.middle)}" for row in measured)
    predicted = ", ".join(f"{limit}: {as_time(wait)}" for limit, wait in model.items())
    alt = f"Mean wait by limit. {title}. Measured: {waits}." + (f" Predicted: {predicted}." if model else "")
    return Picture(figure, alt + note(real), f"sweep of {counted(len(measured), 'limit')}")


def _sweep_in_words(measured: Sweep) -> str:
    first, last = measured[0], measured[-1]
    span = f"From limit {first.limit} to {last.limit}"
    if measured.workload.is_open:
        return f"{span} the mean wait goes from {as_time(first.waiting.middle)} to {as_time(last.waiting.middle)}"
    return f"{span} calls per second go from {first.throughput.middle:,.0f} to {last.throughput.middle:,.0f}"


def _draw_waits(axes: Axes, measured: Sweep, model: dict[int, float]) -> None:
    if model:
        axes.plot(list(model), [wait * MS for wait in model.values()], color=WAITING, lw=2.4, label="predicted")
    busy = [row for row in measured if any(report.is_overloaded for report in measured.reports[row.limit])]
    calm = [row for row in measured if row not in busy]
    top = _top_of_waits(calm, busy)
    bar = f"measured (bar: {measured.rounds} rounds)" if measured.rounds > 1 else "measured"
    for rows, marker, colour, label in ((calm, "o", IN_USE, bar), (busy, "X", TROUBLE, "cannot keep up")):
        if rows:
            limits, middles = [row.limit for row in rows], [min(row.waiting.middle * MS, top) for row in rows]
            lows, highs = [row.waiting.low * MS for row in rows], [row.waiting.high * MS for row in rows]
            axes.vlines(limits, lows, highs, color=colour, lw=1.6)
            axes.plot(limits, middles, marker, color=colour, ms=7, label=label, clip_on=False, **MARKED)
    for row in busy:
        if row.waiting.middle * MS > top:
            write_beside(axes, (row.limit, top), f"↑ {as_time(row.waiting.middle)}", TROUBLE)
    if measured.workload.is_open:
        in_use = (measured.workload.rate or 0) * measured[-1].service.middle
        mark(axes, in_use, f"{in_use:.2g} in use\non average", QUIET)
    # Even steps: on a scale of powers of ten the line falls as steeply beyond the knee as before it.
    axes.set_ylim(-0.04 * top, 1.12 * top)  # A marker at 0 is seen whole.
    axes.set_ylabel("mean wait (milliseconds)")
    axes.legend(loc="upper right")
    axes.grid(axis="y")
    quiet(axes)


def _top_of_waits(calm: Sequence[SweepRow], busy: Sequence[SweepRow]) -> float:
    """Return the longest wait, in milliseconds, for which the axis has room: all, but for those without an end."""
    lasting = [row.waiting.high * MS for row in calm]
    without_end = [row.waiting.middle * MS for row in busy]
    room = MUCH * max(lasting) if lasting else math.inf
    return max(min(max([*lasting, *without_end]), room), SHORT)


def _draw_throughput(axes: Axes, measured: Sweep) -> None:
    axes.vlines(
        measured.limits,
        [row.throughput.low for row in measured],
        [row.throughput.high for row in measured],
        color=IN_USE,
        lw=1.6,
    )
    axes.plot(measured.limits, [row.throughput.middle for row in measured], "o", color=IN_USE, ms=5, **MARKED)
    top = max(row.throughput.high for row in measured)
    if measured.workload.rate:
        axes.axhline(measured.workload.rate, color=QUIET, ls=(0, (4, 3)), lw=1, zorder=1)
        point = (1, measured.workload.rate)
        write_beside(axes, point, f"{measured.workload.rate:g} come", QUIET, xycoords=("axes fraction", "data"))
        top = max(top, measured.workload.rate)
    axes.set_ylim(0, top * 1.2)
    axes.set_ylabel("calls done\nper second")
    axes.set_xlabel("limit of the pool")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    quiet(axes)


# -- distance


def plot_rtt_curve(
    round_trips: Sequence[float], new: Sequence[float], pooled: Sequence[float], server: Server | None = None
) -> Picture:
    """Draw what one command costs, by distance: with a new connection each time, and with a pooled one.

    All in seconds: ``new[i]`` and ``pooled[i]`` were measured at ``round_trips[i]``. Over each pair stands how many
    times as long the new one takes. With ``server``, the picture says so if its times are no result.
    """
    check_server(server)
    points = _points(round_trips, new, pooled)
    distances, slow, quick = (list(column) for column in zip(*points, strict=True))
    ratios = [long / short for _, long, short in points]
    real = server.is_real if server else None
    title = f"Without a pool: {ratios[0]:.2g} times as long {_away(distances[0])}"
    if len(points) > 1:
        title += f", {ratios[-1]:.2g} times as long {_away(distances[-1])}"
    at = [distance * MS for distance in distances]
    with drawing(height=4.2) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.2])
        _draw_costs(above, at, [time * MS for time in slow], TROUBLE, "s", "new")
        _draw_costs(above, at, [time * MS for time in quick], IN_USE, "o", "pooled")
        above.set_ylabel("one command (milliseconds)")
        above.set_ylim(0, max(slow) * MS * 1.1)
        _draw_costs(below, at, ratios, QUIET, "D", "ratio")
        below.set_ylabel("times\nas long")
        below.set_ylim(0, max(ratios) * 1.2)
        below.set_xlabel("round trip to the server (milliseconds)")
        finish(figure, title, real)
    costs = "; ".join(f"{_away(d)}: {as_time(s)} new, {as_time(q)} pooled" for d, s, q in points)
    alt = f"Time of one command by distance, with a new connection each time and with a pooled one. {title}. {costs}."
    return Picture(figure, alt + note(real), f"cost by distance, {counted(len(points), 'point')}")


def _draw_costs(axes: Axes, at: Sequence[float], heights: Sequence[float], colour: str, marker: str, name: str) -> None:
    axes.plot(at, heights, color=colour, lw=2)
    axes.plot(at, heights, marker, color=colour, ms=7, **MARKED)
    write_beside(axes, (at[-1], heights[-1]), name, colour, fontweight="bold")
    axes.grid(axis="y")
    quiet(axes)


def _away(distance: float) -> str:
    return f"{as_time(distance)} away" if distance else "here"


def _points(
    round_trips: Sequence[float], new: Sequence[float], pooled: Sequence[float]
) -> list[tuple[float, float, float]]:
    how = "Give a list of seconds, one for each distance."
    distances = several("round_trips", round_trips, how, at_most=MOST_POINTS)
    slow = several("new", new, how, at_most=MOST_POINTS)
    quick = several("pooled", pooled, how, at_most=MOST_POINTS)
    if not len(distances) == len(slow) == len(quick) or not distances:
        raise BadSetting(
            f"There are {len(distances)} round trips, {len(slow)} new and {len(quick)} pooled times. "
            "Give as many of each, one at least."
        )
    return sorted(
        (
            not_negative("round_trips", away, "seconds"),
            positive("new", opening, "seconds"),
            positive("pooled", borrowing, "seconds"),
        )
        for away, opening, borrowing in zip(distances, slow, quick, strict=True)
    )
