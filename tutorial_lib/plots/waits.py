"""What pictures with an axis of waits share: its scale, marks on it, and what is said where times mean nothing."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tutorial_lib.load.report import FALLBACK_NOTE
from tutorial_lib.plots.colours import PAPER, TROUBLE
from tutorial_lib.plots.picture import headline, quiet

MS = 1000.0
LINEAR_BELOW = 1.0
"""Milliseconds: an axis of waits is logarithmic above, so that 2 ms and 2 s are both seen, and reaches down to 0."""

MARKED: Any = {"ls": "", "mec": PAPER, "mew": 0.8, "zorder": 3}


def scale_of_waits(axes: Axes, top: float) -> None:
    """Make the axis one of waits in milliseconds, from 0 to a little above ``top``."""
    axes.set_yscale("symlog", linthresh=LINEAR_BELOW, linscale=0.5)
    axes.set_ylim(-0.12 * LINEAR_BELOW, max(top, LINEAR_BELOW) * 1.6)  # A marker at 0 is seen whole.
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(axis="y")
    quiet(axes)


def mark(axes: Axes, limit: float, text: str, colour: str, *, high: bool = True) -> None:
    """Draw a line at a limit, with its meaning beside it, high up or low down."""
    axes.axvline(limit, color=colour, lw=1.2, ls=(0, (1, 2)))
    axes.annotate(
        text,
        (limit, 0.98 if high else 0.1),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        textcoords="offset points",
        va="top" if high else "bottom",
        color=colour,
        fontsize=8.5,
    )


def write_beside(axes: Axes, point: tuple[float, float], text: str, colour: str, **settings: Any) -> None:
    """Write a line's meaning to the right of where it ends."""
    axes.annotate(
        text,
        point,
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        fontsize=8.5,
        annotation_clip=False,
        **settings,
    )


def note(real: bool | None) -> str:
    """The same for an alternative text, behind a sentence."""
    return f" {FALLBACK_NOTE}" if real is False else ""


def finish(figure: Figure, title: str, real: bool | None) -> None:
    """Write what the picture shows above it and, on the fallback, what its times are worth below."""
    headline(figure, title)
    if real is False:
        figure.supxlabel(FALLBACK_NOTE, x=0.01, ha="left", fontsize=8.5, color=TROUBLE)
