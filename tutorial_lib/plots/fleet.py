"""A fleet as it was measured: each process's connections beside its budget, and what became of its calls."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from tutorial_lib.arguments import of_kind, whole
from tutorial_lib.load.fleet_report import FleetReport, ProcessReport
from tutorial_lib.plots.colours import FAINT, IN_USE, INK, PAPER, QUIET, TROUBLE
from tutorial_lib.plots.picture import HATCH, Picture, drawing, quiet, write_legend
from tutorial_lib.plots.waits import finish, note
from tutorial_lib.sizing.formulas import MOST_CONNECTIONS
from tutorial_lib.words import counted

BAR = 0.7
OPEN: Any = {"fc": IN_USE, "ec": IN_USE}
TOO_MANY: Any = {"fc": PAPER, "ec": TROUBLE, "hatch": HATCH}
MAY_OPEN: Any = {"fc": FAINT, "ec": FAINT}

WORTH_ITS_HEIGHT = 4
"""Times as high as the bars and the budget: a limit beyond that is written down, not drawn to its end."""

LEAST_COLUMNS = 4
MOST_NAMES = 16
"""Of more processes not each has its number below it, nor its figures in the text for those who do not see."""


def plot_fleet(report: FleetReport, budget: int | None = None) -> Picture:
    """Draw a fleet's run: for each process the connections that the server counted, in front of what it may open.

    ``budget`` is the largest limit with which the server refuses none, as ``fleet_budget`` returns it. What a process
    opened beyond it is hatched. Below: what became of each process's calls.
    """
    of_kind(FleetReport, "report", report, "run_fleet(server, workload) returns one. plot_budget draws numbers alone.")
    if budget is not None:
        budget = whole("budget", budget, "connections for each pool", at_least=1, at_most=MOST_CONNECTIONS)
    title = _in_words(report, budget)
    with drawing(height=4.2) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 1])
        _draw_connections(above, report, budget)
        _draw_calls(below, report)
        finish(figure, title, report.real)
    parts = "; ".join(_process_in_words(each) for each in report.processes[:MOST_NAMES])
    lost = f" Died or no longer answered: {', '.join(report.lost)}." if report.lost else ""
    alt = f"A fleet's connections and calls by process. {title}. {parts}.{lost}{note(report.real)}"
    return Picture(figure, alt, f"fleet of {counted(_size(report), 'process', 'processes')}")


def _size(report: FleetReport) -> int:
    return len(report.processes) + len(report.lost)


def _connections(process: ProcessReport) -> int:
    """As the server counted them; where it doesn't tell, those that were in use at the same time."""
    return process.peak_in_use if process.opened is None else process.opened


def _in_words(report: FleetReport, budget: int | None) -> str:
    many = counted(_size(report), "process", "processes")
    said = f"{many} may open {report.limit:,}"
    if report.peak is not None:
        said = f"{many} had {counted(report.peak, 'connection')} open, of {report.limit:,} allowed"
    return said if budget is None else f"{said}; the budget is {_size(report) * budget:,}"


def _process_in_words(process: ProcessReport) -> str:
    return (
        f"{process.name}: {counted(_connections(process), 'connection')} of {process.limit:,}, {process.done:,} calls "
        f"done, {_in_trouble(process):,} refused or failed"
    )


def _in_trouble(process: ProcessReport) -> int:
    return process.refused + sum(process.failed.values())


def _number(name: str) -> int:
    return int(name.rpartition(" ")[2])


def _draw_connections(axes: Axes, report: FleetReport, budget: int | None) -> None:
    processes = report.processes
    at, opened = [_number(each.name) for each in processes], [_connections(each) for each in processes]
    room = budget or MOST_CONNECTIONS
    high = max([*opened, budget or 1])
    limits = [each.limit for each in processes]
    far = max(limits, default=1) > WORTH_ITS_HEIGHT * high
    top = 1.25 * (2 * high if far else max([high, *limits]))
    axes.bar(at, [float(min(limit, top)) for limit in limits], width=BAR, lw=0.6, zorder=1, **MAY_OPEN)
    axes.bar(at, [min(count, room) for count in opened], width=BAR, lw=0.6, zorder=2, **OPEN)
    over = {number: count - room for number, count in zip(at, opened, strict=True) if count > room}
    if over:
        axes.bar(list(over), list(over.values()), bottom=room, width=BAR, lw=0.6, zorder=2, **TOO_MANY)
    if budget:
        axes.axhline(budget, color=INK, lw=2, zorder=3)
    _mark_lost(axes, report, top)
    limit = "its limit" if not far or len(set(limits)) > 1 else f"its limit, {limits[0]:,} (higher than drawn)"
    looks = [Patch(**OPEN, label="opened" if report.peak is not None else "in use at the peak")]
    looks += [Patch(**TOO_MANY, label="beyond the budget")] if over else []
    looks += [Patch(**MAY_OPEN, label=limit)]
    looks += [Patch(fc=INK, ec=INK, label=f"budget, {budget:,} each")] if budget else []
    axes.set_ylim(0, top)
    axes.set_ylabel("connections")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    write_legend(axes, looks)
    quiet(axes)


def _mark_lost(axes: Axes, report: FleetReport, top: float) -> None:
    for name in report.lost:
        axes.text(_number(name), top * 0.04, "died", color=TROUBLE, ha="center", va="bottom", fontweight="bold")


def _draw_calls(axes: Axes, report: FleetReport) -> None:
    done = {_number(each.name): each.done for each in report.processes}
    trouble = {_number(each.name): _in_trouble(each) for each in report.processes if _in_trouble(each)}
    axes.bar(list(done), list(done.values()), width=BAR, lw=0.6, **OPEN)
    looks = [Patch(**OPEN, label=f"done, {report.done:,}")]
    if trouble:
        bottom = [done[number] for number in trouble]
        axes.bar(list(trouble), list(trouble.values()), bottom=bottom, width=BAR, lw=0.6, **TOO_MANY)
        looks.append(Patch(**TOO_MANY, label=f"refused or failed, {sum(trouble.values()):,}"))
    columns = _size(report)
    axes.set_xlim(0.4, max(columns, LEAST_COLUMNS) + 0.6)
    axes.set_ylim(0, 1.1 * max([1, *(done[number] + trouble.get(number, 0) for number in done)]))
    axes.set_ylabel("calls")
    axes.set_xlabel("process", loc="left")
    axes.set_xticks(range(1, columns + 1, max(1, -(-columns // MOST_NAMES))))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    write_legend(axes, looks)
    quiet(axes)
    axes.tick_params(axis="x", labelcolor=QUIET)
