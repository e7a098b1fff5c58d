"""calculator(): sliders for a service, and how many connections it needs."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from tutorial_lib.errors import BadSetting
from tutorial_lib.plots.knee import plot_pool_size
from tutorial_lib.sizing.pool_size import PoolSize, size_pool

CONTROLS: list[dict[str, Any]] = [
    {"name": "rate", "label": "Rate: borrows a second, in total", "least": 1, "most": 20_000},
    {"name": "hold", "label": "Hold: seconds for each borrow", "least": 0.0001, "most": 1},
    {"name": "wait_budget", "label": "Wait budget: seconds, for 99 in 100", "least": 0.0001, "most": 1},
    {"name": "processes", "label": "Processes, with a pool each", "least": 1, "most": 100, "whole": True},
    {"name": "maxclients", "label": "maxclients of the server", "least": 1, "most": 10_000, "whole": True},
]
"""The sliders, in the order of size_pool's arguments. Each position multiplies, so that small values can be set."""


def calculator(
    rate: float = 200, hold: float = 0.05, wait_budget: float = 0.005, processes: int = 4, maxclients: int = 50
) -> Calculator:
    """Show sliders for a service, and beside them how many connections it needs; ``.size`` has the answer.

    The arguments are where the sliders stand at first. Without widgets, call ``size_pool`` with the same ones.
    """
    return Calculator(size_pool(rate, hold, wait_budget, processes, maxclients))


class Calculator(anywidget.AnyWidget):
    """The sliders and their answer. The browser moves the sliders; the answer is worked out here."""

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    controls = traitlets.List(CONTROLS).tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    """What the sliders say, by the names of size_pool's arguments."""
    words = traitlets.Unicode().tag(sync=True)
    fits = traitlets.Bool().tag(sync=True)
    dark = traitlets.Bool(False).tag(sync=True)
    """Whether the page's theme is dark. The browser says it, and the picture is drawn in its colours."""
    picture = traitlets.Unicode().tag(sync=True)
    """The knee, drawn: a data URL."""
    picture_words = traitlets.Unicode().tag(sync=True)
    """The same in words, for those who cannot see it."""

    def __init__(self, size: PoolSize) -> None:
        super().__init__()
        self.size = size
        self.values = {control["name"]: getattr(size, control["name"]) for control in CONTROLS}
        self._show()
        self.observe(self._work_out, names="values")
        self.observe(lambda _: self._draw(), names="dark")

    def _work_out(self, _: object) -> None:
        try:
            self.size = size_pool(**self.values)
        except BadSetting as error:  # The last answer stays, in ``size`` and in the picture.
            self.words, self.fits = str(error).replace(" is None.", " is empty."), False
            return
        self._show()

    def _show(self) -> None:
        with self.hold_sync():
            self.words, self.fits = str(self.size), self.size.fits
            self._draw()

    def _draw(self) -> None:
        picture = plot_pool_size(self.size)
        self.picture = "data:image/png;base64," + base64.b64encode(picture.png(self.dark)).decode()
        self.picture_words = picture.alt

    def __repr__(self) -> str:
        return f"Calculator({self.size!r})"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        view, metadata = super()._repr_mimebundle_() or ({}, {})
        return {**view, "text/markdown": self.size._repr_markdown_(), "text/plain": repr(self)}, metadata
