"""A progress bar for what takes longer than two seconds: tqdm's, a widget in a notebook and a line in a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tutorial_lib.notebook.shell import in_notebook

if TYPE_CHECKING:
    from typing_extensions import Self

WORTH_A_BAR = 2.0
FIRST_LOOK = 0.5
BAR_SETTINGS: Any = {"total": 1.0, "bar_format": "{l_bar}{bar}| {remaining} left", "leave": False, "mininterval": 0}


def is_worth_showing(elapsed: float, part: float) -> bool:
    """True if the whole, judged by the ``part`` that took ``elapsed`` seconds, takes over two seconds."""
    return elapsed >= FIRST_LOOK and elapsed > WORTH_A_BAR * min(part, 1.0)


class ProgressBar:
    """Within a ``with`` block, shows what ``show`` is told, and leaves nothing behind.

    Where there is neither a notebook nor a terminal, as in a log, it shows nothing.
    """

    def __init__(self, label: str, now: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._now = now
        self._started = now()
        self._bar: Any = None

    def show(self, part: float) -> None:
        """Say that ``part`` of the work, from 0 to 1, is done."""
        if self._bar is None and is_worth_showing(self._now() - self._started, part):
            self._bar = _widget(self._label) if in_notebook() else _line(self._label)
        if self._bar is not None:
            self._bar.update(min(max(part, 0.0), 1.0) - self._bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.n = self._bar.total  # tqdm leaves a red bar behind where the work was interrupted.
            self._bar.close()


def _line(label: str) -> Any:
    from tqdm import tqdm

    return _unwatched(tqdm)(desc=label, file=sys.stderr, disable=None, **BAR_SETTINGS)


def _widget(label: str) -> Any:
    from IPython.display import display
    from tqdm.notebook import tqdm

    bar = _unwatched(tqdm)(desc=label, display=False, **BAR_SETTINGS)
    view = {"version_major": 2, "version_minor": 0, "model_id": bar.container.model_id}
    # Without tqdm's usual text beside it, which nbval would compare.
    display({"application/vnd.jupyter.widget-view+json": view}, raw=True)
    return bar


def _unwatched(kind: Any) -> Any:
    """Return tqdm without the thread that it starts to watch its bars: learners count their threads."""
    return type(kind.__name__, (kind,), {"monitor_interval": 0})
