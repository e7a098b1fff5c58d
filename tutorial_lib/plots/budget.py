"""What a fleet may open as a picture: every pool of every process, and the server's budget."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from tutorial_lib.arguments import in_short, whole
from tutorial_lib.errors import BadSetting
from tutorial_lib.plots.colours import FAINT, IN_USE, INK, OPENING, PAPER, QUIET, TROUBLE, WAITING
from tutorial_lib.plots.picture import HATCH, Picture, drawing, headline, printable, quiet, write_legend
from tutorial_lib.sizing.formulas import MOST_CONNECTIONS, MOST_IN_A_FLEET
from tutorial_lib.words import counted

MOST_COLUMNS, MOST_ROWS = 100, 12
"""A larger fleet is drawn without a square for each pool."""

LEAST_SEEN = 0.002
"""A smaller part of the bar's axis is not seen, and has no colour in the legend."""

SQUARE = 0.86
HAS_ROOM: Any = {"fc": IN_USE, "ec": IN_USE}
NO_ROOM: Any = {"fc": PAPER, "ec": TROUBLE, "hatch": HATCH}
OTHER_COLOURS = (OPENING, WAITING, QUIET, FAINT)


def plot_budget(
    processes: int, pools: int, limit: int, maxclients: int, others: Mapping[str, int] | None = None
) -> Picture:
    """Draw what a fleet may open against what its server lets in: the pools for which there is room, and the others.

    Each of ``processes`` has ``pools``, each with ``limit``; ``others`` are connections outside of the pools, by
    name, such as ``{"listeners": 40}``. They come first, and then one pool after the other is filled.
    """
    processes = whole("processes", processes, "processes", at_least=1, at_most=MOST_IN_A_FLEET)
    pools = whole("pools", pools, "pools in each process", at_least=1, at_most=MOST_IN_A_FLEET)
    limit = whole("limit", limit, "connections", at_least=1, at_most=MOST_CONNECTIONS)
    maxclients = whole("maxclients", maxclients, "connections", at_least=1, at_most=MOST_IN_A_FLEET)
    others = _named({} if others is None else others)
    outside, total = sum(others.values()), processes * pools * limit + sum(others.values())
    full = min(max(maxclients - outside, 0) // limit, processes * pools)
    title = _in_words(processes * pools, full, maxclients - total)
    with_squares = processes <= MOST_COLUMNS and pools <= MOST_ROWS
    with drawing(height=3.4 if with_squares else 1.9) as figure:
        if with_squares:
            above, bar = figure.subplots(2, 1, height_ratios=[1.5, 1])
            _draw_squares(above, processes, pools, full)
        else:
            bar = figure.subplots()
        _draw_bar(bar, others, total, maxclients)
        headline(figure, title)
    parts = ", ".join(f"{name} {number:,}" for name, number in others.items())
    alt = (
        f"{title}. {counted(processes, 'process', 'processes')} with {counted(pools, 'pool')} each and a limit of "
        f"{limit:,}{', ' + parts if parts else ''}: {total:,} in total; the server lets in {maxclients:,}."
    )
    return Picture(figure, alt, f"fleet of {counted(processes * pools, 'pool')}")


def _named(others: Any) -> dict[str, int]:
    if not isinstance(others, Mapping) or not all(isinstance(name, str) for name in others):
        raise BadSetting(f"others is {in_short(others)}. Give connections by name, such as {{'listeners': 40}}.")
    numbers = {printable(name): number for name, number in others.items()}
    return {
        name: whole(name, number, "connections", at_least=0, at_most=MOST_IN_A_FLEET)
        for name, number in numbers.items()
    }


def _in_words(pools: int, full: int, spare: int) -> str:
    if spare >= 0:
        return f"All {counted(pools, 'pool')} can be exhausted at once, with {counted(spare, 'connection')} to spare"
    return f"{full:,} of {counted(pools, 'pool')} can be exhausted at once; then the server refuses"


def _draw_squares(axes: Axes, processes: int, pools: int, full: int) -> None:
    """Draw a column for each process and a square in it for each pool, filled from the left."""
    places = [(column, row) for column in range(processes) for row in range(pools)]
    for look, these in ((HAS_ROOM, places[:full]), (NO_ROOM, places[full:])):
        if these:
            columns, rows = zip(*these, strict=True)
            bottoms = [row - SQUARE / 2 for row in rows]
            axes.bar(columns, SQUARE, width=SQUARE, bottom=bottoms, lw=0.6, **look)
    axes.set_xlim(-0.8, max(processes, 12) - 0.2)
    axes.set_ylim(pools - 0.3, -0.7)
    axes.set(xticks=[], yticks=[], ylabel=f"{pools} each")
    axes.set_xlabel(f"{counted(processes, 'process', 'processes')}, a square for each pool", loc="left")
    for side in axes.spines.values():
        side.set_visible(False)
    looks = [Patch(**HAS_ROOM, label="can reach its limit"), Patch(**NO_ROOM, label="no room")]
    write_legend(axes, looks if full < len(places) else looks[:1])


def _draw_bar(axes: Axes, others: Mapping[str, int], total: int, maxclients: int) -> None:
    """Draw what may be opened as one bar: the others, the pools as far as there is room, and the rest."""
    in_pools, axis = total - sum(others.values()), max(total, maxclients) * 1.03
    parts: list[tuple[str, int, Any]] = [
        (f"{name} {number:,}", number, {"fc": colour, "ec": colour})
        for (name, number), colour in zip(others.items(), cycle(OTHER_COLOURS))
    ]
    too_many = max(total - maxclients, 0)
    inside = max(in_pools - too_many, 0)
    parts.append((f"pools{', inside the limit' if too_many else ''} {inside:,}", inside, HAS_ROOM))
    if too_many:
        parts.append((f"{too_many:,} too many", min(too_many, in_pools), NO_ROOM))
    begin = 0.0  # As floats: numpy's whole numbers end before those of a large fleet.
    for _, number, look in parts:
        axes.barh(0, float(number), left=begin, height=0.6, lw=0.6, **look)
        begin += number
    _draw_maxclients(axes, total, maxclients)
    unseen = ", ".join(name for name, number, _ in parts if 0 < number < LEAST_SEEN * axis)
    xlabel = f"connections (too few to be seen: {unseen})" if unseen else "connections"
    axes.set(xlim=(0, axis), ylim=(-0.4, 0.75), yticks=[], xlabel=xlabel)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    write_legend(axes, [Patch(**look, label=name) for name, number, look in parts if number >= LEAST_SEEN * axis])
    quiet(axes)


def _draw_maxclients(axes: Axes, total: int, maxclients: int) -> None:
    axes.axvline(maxclients, color=INK, lw=2)
    on_the_right = maxclients > 0.6 * max(total, maxclients)
    axes.annotate(
        f"maxclients {maxclients:,}",
        (maxclients, 0.36),
        xytext=(-5 if on_the_right else 5, 0),
        textcoords="offset points",
        ha="right" if on_the_right else "left",
        va="bottom",
        fontsize=9,
        fontweight="bold",
    )
