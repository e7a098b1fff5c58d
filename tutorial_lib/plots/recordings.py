"""Recordings as pictures: which caller waited for which, and how long."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from tutorial_lib.arguments import of_kind
from tutorial_lib.plots.colours import IN_USE, OPENING, PAPER, QUIET, TROUBLE, WAITING
from tutorial_lib.plots.picture import HATCH, Picture, as_time, drawing, headline, printable, quiet, write_legend
from tutorial_lib.pools.lease import Lease, Moment
from tutorial_lib.pools.recording import Recording
from tutorial_lib.words import counted

MOST_CALLERS_SHOWN = 24
MOST_BARS = 600
VISIBLE = 0.004
"""Of the width: what is shorter is not drawn as opening or waiting, because it could not be seen."""

A_WAIT = 0.0005
"""Seconds: a caller that waits for less has not waited."""

A_GLANCE = 0.1
"""Of the longest opening: an idle connection is looked at before it is borrowed, and a busy machine draws that out."""

THICK = 0.72
HOW_TO_RECORD = "`with record(pool) as recording:` makes one; for what run_load returns there is plot_load."
UNSERVED = ("refused", "timed out", "failed")


def plot_timeline(recording: Recording) -> Picture:
    """Draw who held a connection when, who waited and when one was opened, above how many there were of each.

    A row for each caller up to 24 callers; for more only the counts.
    """
    calls = sorted(_calls(recording), key=lambda call: call.asked)
    callers = list(dict.fromkeys(call.who for call in calls))
    rows = callers if len(callers) <= MOST_CALLERS_SHOWN and len(calls) <= MOST_BARS else []
    moments = recording.timeline()
    title = _what_happened(recording, calls, callers)
    row_height = 0.2 * len(rows)
    with drawing(height=2.4 + row_height) as figure:
        heights = [row_height, 1.3] if rows else [1.3]
        all_axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        if rows:
            _draw_callers(all_axes[0], calls, rows, recording)
        _draw_counts(all_axes[-1], moments, _openings(calls, recording), recording)
        headline(figure, title)
        write_legend(all_axes[0], _legend(calls, recording, of_callers=bool(rows)))
    alt = f"Timeline of {recording.duration:.2g} seconds. {title}. {_counts_in_words(recording, moments, calls)}"
    return Picture(figure, alt, f"timeline of {counted(len(calls), 'borrow')}, limit {recording.limit}")


def plot_waits(recording: Recording) -> Picture:
    """Draw how long each caller waited, from the shortest wait to the longest."""
    calls = sorted(_calls(recording), key=lambda call: call.waited)
    waits = [call.waited for call in calls]
    title = _waits_in_words(calls)
    with drawing(height=2.9) as figure:
        axes = figure.subplots()
        _draw_waits(axes, calls)
        headline(figure, title)
    return Picture(figure, f"Waiting times, sorted. {title}.", f"waits of {counted(len(waits), 'borrow')}")


def _calls(recording: Recording) -> list[Lease]:
    of_kind(Recording, "recording", recording, HOW_TO_RECORD)
    return [*recording.leases, *recording.unserved]


def _openings(calls: Sequence[Lease], recording: Recording) -> list[Lease]:
    """Return the calls whose caller waited, long enough to be seen, while a connection was opened."""
    longest = max((call.opening for call in calls), default=0.0)
    least = max(recording.duration * VISIBLE, A_WAIT, longest * A_GLANCE)
    return [call for call in calls if call.opening > least]


def _opening_after(openings: Sequence[Lease]) -> list[tuple[float, int]]:
    """Count how many were opening after each change, beginning with none."""
    changes = sorted([*((call.asked, 1) for call in openings), *((call.got, -1) for call in openings)])
    counts = accumulate((change for _, change in changes), initial=0)
    return list(zip([0.0, *(at for at, _ in changes)], counts, strict=True))


# -- in words


def _what_happened(recording: Recording, calls: Sequence[Lease], callers: Sequence[str]) -> str:
    everyone = counted(len(callers), "caller")
    if len(calls) > len(callers):
        everyone = f"{counted(len(calls), 'borrow')} by {everyone}"
    waited = [call for call in calls if call.waited > A_WAIT]
    told = []
    if recording.refused:
        told.append(f"{recording.refused:,} refused")
    if recording.timed_out:
        told.append(f"{recording.timed_out:,} timed out")
    if recording.failed:
        told.append(f"{recording.failed:,} failed")
    if waited and not recording.timed_out:
        told.append(f"{len(waited):,} waited, the longest {as_time(recording.longest_wait)}")
    if held := recording.still_held():
        told.append(f"{len(held):,} not returned")
    if not told:
        opened = len(_openings(calls, recording))
        told.append(f"{opened:,} waited for a new connection" if opened else "no caller waited")
    return f"{everyone}, {counted(recording.limit, 'connection')}: {', '.join(told)}"


def _counts_in_words(recording: Recording, moments: Sequence[Moment], calls: Sequence[Lease]) -> str:
    waiting = max(moment.waiting for moment in moments)
    opening = max(count for _, count in _opening_after(_openings(calls, recording)))
    queue = f"at most {counted(waiting, 'caller')} waited at once" if waiting else "no caller waited"
    if opening:
        for_a_return = "" if waiting else " for a return"
        queue += f"{for_a_return}; at most {counted(opening, 'caller')} waited for a new connection at once"
    held = recording.still_held()
    lost = (
        f" Not returned at the end: {', '.join(f'{lease.who} from {lease.where}' for lease in held[:5])}."
        if held
        else ""
    )
    return f"At most {recording.peak} of {recording.limit} connections were in use, and {queue}.{lost}"


def _waits_in_words(calls: Sequence[Lease]) -> str:
    if not calls:
        return "No caller borrowed"
    waits = [call.waited for call in calls]
    if waits[-1] == 0:
        refused = sum(call.outcome == "refused" for call in calls)
        return f"{counted(len(calls), 'borrow')}: no caller waited" + (f", {refused:,} refused" if refused else "")
    gave_up = sum(call.outcome == "timed out" for call in calls)
    end = f", {gave_up:,} timed out" if gave_up else ""
    without = sum(wait < 0.001 for wait in waits)
    if without > len(waits) / 2:
        longest = as_time(waits[-1])
        return f"{without:,} of {counted(len(calls), 'borrow')} did not wait; the longest wait was {longest}{end}"
    half = as_time(waits[len(waits) // 2])
    return f"Half of {counted(len(calls), 'borrow')} waited {half} or more, the longest {as_time(waits[-1])}{end}"


# -- drawn


def _draw_callers(axes: Axes, calls: Sequence[Lease], rows: Sequence[str], recording: Recording) -> None:
    place, duration = {who: row for row, who in enumerate(rows)}, recording.duration
    openings = {id(call) for call in _openings(calls, recording)}
    for call in calls:
        row = place[call.who]
        if call.waited > duration * VISIBLE:
            axes.barh(
                row, call.waited, left=call.asked, color=WAITING, edgecolor=PAPER, hatch=HATCH, lw=0, height=THICK
            )
        if id(call) in openings:
            axes.barh(row, call.opening, left=call.asked, color=OPENING, height=THICK)
        if call.connection is not None:
            # A thin gap tells one lease from the next in the same row. It would swallow a short one.
            edge = PAPER if call.held > duration * VISIBLE else IN_USE
            axes.barh(row, call.held, left=call.got, color=IN_USE, edgecolor=edge, lw=0.6, height=THICK)
        elif call.outcome in UNSERVED:
            _mark(axes, call.got, row, "X")
        if call.outcome == "still held":
            _mark(axes, duration, row, ">")
            _say_where(axes, call, row, duration)
    axes.set_yticks(range(len(rows)), [_short(who) for who in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="x", labelbottom=False)
    axes.grid(axis="x")
    quiet(axes)


def _mark(axes: Axes, at: float, height: float, marker: str) -> None:
    axes.plot(at, height, marker, color=TROUBLE, ms=8.5, mec=PAPER, mew=0.7, clip_on=False, zorder=5)


def _say_where(axes: Axes, call: Lease, row: int, duration: float) -> None:
    """Write the line that borrowed it into the bar, or before it where the bar is short."""
    fits = call.held > 0.4 * duration
    axes.annotate(
        printable(call.where),
        (call.got, row),
        xytext=(6 if fits else -6, 0),
        textcoords="offset points",
        ha="left" if fits else "right",
        va="center",
        fontsize=8,
        color=PAPER if fits else TROUBLE,
    )


def _draw_counts(axes: Axes, moments: Sequence[Moment], openings: Sequence[Lease], recording: Recording) -> None:
    """Draw how many were in use, above them those being opened, which count against the limit, then who waits."""
    opening_after = _opening_after(openings)
    at = sorted({*(moment.at for moment in moments), *(when for when, _ in opening_after), recording.duration})
    now = [moments[bisect_right(moments, when, key=lambda moment: moment.at) - 1] for when in at]
    opening = [opening_after[bisect_right(opening_after, when, key=lambda change: change[0]) - 1][1] for when in at]
    in_use = [moment.in_use for moment in now]
    placed = [a + b for a, b in zip(in_use, opening, strict=True)]
    with_waiting = [moment.waiting + below for moment, below in zip(now, placed, strict=True)]
    axes.fill_between(at, in_use, placed, step="post", color=OPENING, lw=0)
    # Its outline keeps a short use as dark as a long one. Without it a short use would be as pale as an opening.
    axes.fill_between(at, in_use, step="post", color=IN_USE, lw=0.7)
    axes.fill_between(at, placed, with_waiting, step="post", facecolor=WAITING, edgecolor=PAPER, hatch=HATCH, lw=0)
    top = max([*with_waiting, 1])
    if recording.limit <= 3 * top:
        top = max(top, recording.limit)
        axes.axhline(recording.limit, color=QUIET, ls=(0, (4, 3)), lw=1)
        axes.annotate(
            f"limit {recording.limit}",
            (1, recording.limit),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=QUIET,
            fontsize=8.5,
            annotation_clip=False,
        )
    axes.set_ylim(0, top * 1.08)
    axes.set_xlim(0, recording.duration or 1)
    axes.set_ylabel("connections\nand callers")
    axes.set_xlabel("seconds")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.grid(axis="x")
    quiet(axes)


def _legend(calls: Sequence[Lease], recording: Recording, of_callers: bool) -> list[Patch | Line2D]:
    entries: list[Patch | Line2D] = [Patch(color=IN_USE, label="holds a connection")]
    if any(call.waited for call in calls):
        entries.append(Patch(facecolor=WAITING, edgecolor=PAPER, hatch=HATCH, lw=0, label="waits"))
    if _openings(calls, recording):
        entries.append(Patch(color=OPENING, label="opens a connection"))
    if not of_callers:
        return entries
    none = " or ".join(dict.fromkeys(call.outcome for call in calls if call.outcome in UNSERVED))
    marks = [("X", none, none), (">", "not returned", recording.still_held())]
    for marker, label, present in marks:
        if present:
            entries.append(Line2D([], [], ls="", marker=marker, color=TROUBLE, ms=8.5, mec=PAPER, label=label))
    return entries


def _draw_waits(axes: Axes, calls: Sequence[Lease]) -> None:
    waits = [call.waited for call in calls]
    longest = max(waits, default=0.0)
    unit, factor = ("seconds", 1.0) if longest >= 0.1 else ("milliseconds", 1e3)
    heights = [wait * factor for wait in waits]
    axes.stairs(heights, fill=True, facecolor=WAITING, edgecolor=PAPER, hatch=HATCH, lw=0)
    axes.stairs(heights, color=QUIET, lw=1)
    gave_up = [place for place, call in enumerate(calls) if call.outcome == "timed out"]
    for place in gave_up:
        _mark(axes, place + 0.5, heights[place], "X")
    axes.set_xlim(0, max(1, len(calls)))
    axes.set_ylim(0, longest * factor * 1.1 or 1)
    if not longest:
        axes.set_yticks([0])
        axes.text(0.5, 0.5, "no caller waited", transform=axes.transAxes, ha="center", va="center", color=QUIET)
    axes.set_xlabel("borrows, from the shortest wait to the longest")
    axes.set_ylabel(f"waited ({unit})")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.grid(axis="y")
    quiet(axes)


def _short(who: str) -> str:
    return printable(who if len(who) <= 18 else who[:17] + "…")
