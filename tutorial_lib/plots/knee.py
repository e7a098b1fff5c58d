"""The size of a pool as a picture: how long callers wait with each limit, and what the server allows."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from tutorial_lib.arguments import of_kind
from tutorial_lib.plots.colours import FAINT, IN_USE, PAPER, QUIET, TROUBLE, WAITING
from tutorial_lib.plots.picture import Picture, as_time, drawing
from tutorial_lib.plots.waits import MARKED, MS, finish, mark, scale_of_waits, write_beside
from tutorial_lib.sizing.pool_size import PoolSize
from tutorial_lib.words import counted


def plot_pool_size(size: PoolSize) -> Picture:
    """Draw how long callers wait with each limit, the smallest limit that will do, and the most the server allows."""
    of_kind(PoolSize, "size", size, "size_pool(rate, hold) returns one.")
    with drawing(height=3.2) as figure:
        axes = figure.subplots()
        _draw_knee(axes, size)
        if size.most <= axes.get_xlim()[1]:
            # Where the curve is not: it is high on the left and low on the right.
            mark(axes, size.most, f"the server\nallows {size.most:,}", TROUBLE, high=size.most > size.limit)
        finish(figure, _size_in_words(size), real=None)
    return Picture(figure, f"Wait by limit. {size}", f"pool size, limit {size.limit}")


def _size_in_words(size: PoolSize) -> str:
    each = " each" if size.processes > 1 else ""
    allowed = f"{size.most:,}" if size.fits else f"only {size.most:,}"
    return f"{counted(size.limit, 'connection')}{each} will do, and the server allows {allowed}{each}"


def _draw_knee(axes: Axes, size: PoolSize) -> None:
    limits, waits = zip(*size.curve(), strict=True)
    wait, budget = (size.wait(size.limit) or 0) * MS, size.wait_budget * MS
    axes.plot(limits, [one * MS for one in waits], color=IN_USE, lw=2, marker="o", ms=4, mec=PAPER, mew=0.6)
    axes.plot(size.limit, wait, "D", color=IN_USE, ms=10, **MARKED)
    axes.annotate(f"{size.limit:,}", (size.limit, wait), xytext=(8, 8), textcoords="offset points", color=IN_USE)
    axes.axhline(budget, color=WAITING, lw=1.6, ls=(0, (4, 3)))
    write_beside(axes, (1, budget), f"budget {as_time(size.wait_budget)}", QUIET, xycoords=("axes fraction", "data"))

    right = limits[-1] + 0.5
    left = max(0.0, min(size.busy, size.most) - max(1.0, 0.06 * (right - size.busy)))
    axes.set_xlim(left, right)
    if size.busy > left:
        axes.axvspan(left, size.busy, color=FAINT, lw=0)
    if size.busy - left > 0.05 * (right - left):
        axes.text(
            (left + size.busy) / 2,
            0.5,
            "never settles",
            rotation=90,
            ha="center",
            va="center",
            color=QUIET,
            fontsize=8.5,
            bbox={"facecolor": FAINT, "lw": 0, "pad": 2},  # The line of the budget may pass here.
            transform=axes.get_xaxis_transform(),
        )
    scale_of_waits(axes, top=max(*waits, size.wait_budget) * MS)
    axes.set_ylabel(f"{size.percentile:g} in 100 wait at most (ms)")
    axes.set_xlabel("limit of each pool" if size.processes > 1 else "limit of the pool")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
