"""A plot with an alternative text, and the look that all plots of the course share."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tutorial_lib.plots.colours import DARK, FAINT, INK, PAPER, QUIET
from tutorial_lib.plots.recolour import recoloured

HATCH = "////"
"""What waits is hatched as well as orange."""

MARGIN, HEADLINE = 0.13, 0.42  # inches
FIGURE_WIDTH = 7.6  # inches; a hundred pixels each on the screen, and twice that in the file, for sharp screens
_SCREEN_DPI, _FILE_DPI = 100, 200

PLOT_STYLE: Any = {
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "figure.facecolor": PAPER,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "text.parse_math": False,  # A name may hold a dollar sign.
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
}

BY_THEME = """<style>
body:is([data-jp-theme-light="false"], .vscode-dark) .course-plot-light { display: none !important }
body:is([data-jp-theme-light="false"], .vscode-dark) .course-plot-dark { display: inline !important }
</style>"""
"""Of a picture's two images one is seen. Where a page drops styles, it is the light one."""


class Picture:
    """A figure that shows itself, with a text for those who do not see it.

    ``figure`` is matplotlib's, to change or to save; ``alt`` is the text.
    """

    def __init__(self, figure: Figure, alt: str, name: str) -> None:
        self.figure = figure
        self.alt = printable(alt)
        self._name = name

    def __repr__(self) -> str:
        return f"<{self._name}>"

    def png(self, dark: bool = False) -> bytes:
        """Draw it as a PNG file; ``dark`` in the colours of a dark theme, on a transparent ground."""
        file = io.BytesIO()
        with matplotlib.rc_context(PLOT_STYLE), recoloured(self.figure, DARK) if dark else nullcontext():
            self.figure.savefig(file, format="png", dpi=_FILE_DPI, transparent=dark)
        return file.getvalue()

    def _repr_mimebundle_(self, **settings: Any) -> tuple[dict[str, str], dict[str, Any]]:
        image, dark = (base64.b64encode(self.png(dark)).decode() for dark in (False, True))
        width, height = (round(inches * _SCREEN_DPI) for inches in self.figure.get_size_inches())
        # JupyterLab gives an image of its own no alt text, but leaves one in HTML as it is. nbconvert takes it from
        # the metadata. What is stored is the PNG (see tools/build_notebooks.py).
        tags = "".join(
            f'<img class="course-plot-{theme}" alt="{html.escape(self.alt)}" width="{width}" height="{height}" '
            f'style="max-width: 100%; height: auto{hidden}" src="data:image/png;base64,{source}">'
            for theme, source, hidden in (("light", image, ""), ("dark", dark, "; display: none"))
        )
        return (
            {"image/png": image, "text/html": BY_THEME + tags, "text/plain": repr(self)},
            {"image/png": {"alt": self.alt, "width": width, "height": height}},
        )


@contextmanager
def drawing(height: float) -> Iterator[Figure]:
    """Yield an empty figure in the course's style, ``height`` inches high."""
    with matplotlib.rc_context(PLOT_STYLE):
        # Not pyplot's: that one would also be shown by itself at the end of the cell, and be kept for ever.
        figure = Figure(figsize=(FIGURE_WIDTH, height), layout="constrained")
        # Below the headline, with a margin on the three other sides.
        across, up = MARGIN / FIGURE_WIDTH, MARGIN / height
        figure.set_layout_engine("constrained", rect=(across, up, 1 - 2 * across, 1 - up - HEADLINE / height))
        yield figure


def headline(figure: Figure, text: str) -> None:
    """Write what there is to see above a figure."""
    _, height = figure.get_size_inches()
    line = figure.text(MARGIN / FIGURE_WIDTH, 1 - MARGIN / height, text, fontsize=12, fontweight="bold", va="top")
    line.set_in_layout(False)


def write_legend(axes: Axes, handles: Sequence[Any]) -> None:
    """Write the legend in one line between the headline and ``axes``."""
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=6, handlelength=1.4, borderaxespad=0.4)


def quiet(axes: Axes) -> None:
    """Take away an axes' ticks; the labels stay."""
    axes.tick_params(length=0)


def as_time(value: float) -> str:
    """Write a time as people say it: ``0.40 s``, ``12 ms``, ``85 µs``."""
    if value >= 9.995:
        return f"{value:.0f} s"
    if value >= 0.0995:
        return f"{value:.2f} s"
    if value >= 0.000995:
        return f"{value * 1e3:.0f} ms"
    return f"{value * 1e6:.0f} µs"


def printable(name: str) -> str:
    """Write out, as ``\\ud800``, what no font and no file takes: halves of letters, as in names of broken files."""
    return name.encode("utf-8", "backslashreplace").decode()
