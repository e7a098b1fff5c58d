"""What a learner sees while a check runs: what their code prints and, after a second, what the check is doing."""

from __future__ import annotations

import sys
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tutorial_lib.notebook.shell import in_notebook

if TYPE_CHECKING:
    from typing_extensions import Self

SAYS_SO_AFTER = 1.0
"""Seconds after which a check says what it is doing."""


class Screen:
    """Within a ``with`` block, shows what a check tells. The line about what it does is gone afterwards.

    In a notebook that line is a widget, which comparing stored outputs skips; on a terminal it goes to stderr. Where
    there is neither, as in a log, there is none.
    """

    def __init__(self, what: str) -> None:
        self._streams = {"out": sys.stdout, "err": sys.stderr}
        self._what = what
        self._since = monotonic()
        self._has_printed = False
        self._notice: _Label | _Line | None = None

    def show(self, kind: str, content: Any) -> None:
        """Print what the answer printed, or note what the check does now. Called often, so it sees time pass."""
        if kind in self._streams:
            self._streams[kind].write(content)
            self._has_printed = True
        elif kind == "doing":
            self._what = content
        if monotonic() - self._since >= SAYS_SO_AFTER:
            self._notice = self._notice or _notice_for_this_place()
            if self._notice:
                self._notice.say(f"{self._what} …")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._notice:
            self._notice.close()
        if self._has_printed:  # in a notebook, to flush costs a socket for each thread that does it
            with suppress(OSError, ValueError):
                self._streams["out"].flush()


def _notice_for_this_place() -> _Label | _Line | None:
    if in_notebook():
        return _Label()
    return _Line() if sys.stderr.isatty() else None


class _Label:
    def __init__(self) -> None:
        import ipywidgets
        from IPython.display import display

        self._label = ipywidgets.Label()
        view = {"version_major": 2, "version_minor": 0, "model_id": self._label.model_id}
        # Without the usual text beside it, which would be compared.
        display({"application/vnd.jupyter.widget-view+json": view}, raw=True)

    def say(self, text: str) -> None:
        self._label.value = text.replace("`", "")

    def close(self) -> None:
        self._label.layout.display = "none"  # a saved notebook keeps the widget's last state
        self._label.close()


class _Line:
    def __init__(self) -> None:
        self._width = 0

    def say(self, text: str) -> None:
        sys.stderr.write(f"\r{text:{self._width}}")
        sys.stderr.flush()
        self._width = len(text)

    def close(self) -> None:
        sys.stderr.write(f"\r{'':{self._width}}\r")
        sys.stderr.flush()
