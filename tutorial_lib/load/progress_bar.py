"""A progress bar for what takes longer than two seconds: a widget in a notebook, a line in a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from tutorial_lib.notebook.shell import in_notebook

if TYPE_CHECKING:
    from typing_extensions import Self

WORTH_A_BAR = 2.0
FIRST_LOOK = 0.5


def is_worth_showing(elapsed: float, part: float) -> bool:
    """True if the whole, judged by the ``part`` that took ``elapsed`` seconds, takes over two seconds."""
    return elapsed >= FIRST_LOOK and elapsed > WORTH_A_BAR * min(part, 1.0)


class ProgressBar:
    """Within a ``with`` block, shows what ``show`` is told, and leaves nothing behind.

    In a notebook it is a widget and nothing else, for comparing the stored outputs skips widgets. On a terminal it
    goes to stderr. Where there is neither, as in a log, it shows nothing.
    """

    def __init__(self, label: str, now: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._now = now
        self._started = now()
        self._bar: _Widget | _Line | None = None
        self._tried = False

    def show(self, part: float) -> None:
        """Say that ``part`` of the work, from 0 to 1, is done."""
        if not self._tried and is_worth_showing(self._now() - self._started, part):
            self._tried = True
            self._bar = _bar_for_this_place(self._label)
        if self._bar:
            self._bar.move(min(max(part, 0.0), 1.0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.close()


def _bar_for_this_place(label: str) -> _Widget | _Line | None:
    if in_notebook():
        return _Widget(label)
    return _Line(label) if sys.stderr.isatty() else None


class _Widget:
    def __init__(self, label: str) -> None:
        import ipywidgets
        from IPython.display import display

        self._bar = ipywidgets.FloatProgress(max=1.0, description=label, style={"description_width": "initial"})
        view = {"version_major": 2, "version_minor": 0, "model_id": self._bar.model_id}
        # Without the usual text beside it, which would be compared.
        display({"application/vnd.jupyter.widget-view+json": view}, raw=True)

    def move(self, part: float) -> None:
        self._bar.value = part

    def close(self) -> None:
        # A notebook that is saved keeps the widget's last state: invisible.
        self._bar.layout.display = "none"
        self._bar.close()


class _Line:
    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import Progress, TextColumn

        # Rich's own first column takes the label for markup: "SET doc [/path]" would be an error.
        columns = TextColumn("{task.description}", markup=False), *Progress.get_default_columns()[1:]
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._progress.start()
        self._task = self._progress.add_task(label, total=1.0)

    def move(self, part: float) -> None:
        self._progress.update(self._task, completed=part)

    def close(self) -> None:
        self._progress.stop()
