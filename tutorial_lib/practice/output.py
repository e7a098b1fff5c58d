"""What an answer prints: shown to the learner up to a limit, and kept for the check."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

MOST_SHOWN_OF_AN_ANSWER = 5_000  # characters: a loop that prints for five seconds must not bury the notebook

_LEFT_OUT = "\n… (your code printed more; the rest is left out)\n"


class LimitedOutput(io.TextIOBase):
    """Stands for ``sys.stdout`` or ``sys.stderr``: hands on what is written, until there is no room left."""

    def __init__(self, hand_on: Callable[[str], object], screen: TextIO) -> None:
        self._hand_on = hand_on
        self._screen = screen
        self._kept: list[str] = []
        self._room = MOST_SHOWN_OF_AN_ANSWER

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._screen.fileno()  # for a program that the learner starts with stdout=sys.stdout

    def write(self, text: str) -> int:
        if self._room > 0 and text:
            shown = text[: self._room]
            self._room -= len(shown)
            self._kept.append(shown)
            self._hand_on(shown if self._room > 0 else shown + _LEFT_OUT)
        return len(text)

    def text(self) -> str:
        """Return what was written so far, as far as it was shown."""
        return "".join(self._kept)


@contextmanager
def limited_output(say: Callable[[str, Any], object]) -> Iterator[Callable[[], str]]:
    """Inside, say ``"out"`` or ``"err"`` with what is printed, and give a function that returns what was so far."""
    screens = sys.stdout, sys.stderr
    out = LimitedOutput(lambda text: say("out", text), sys.stdout)
    sys.stdout, sys.stderr = out, LimitedOutput(lambda text: say("err", text), sys.stderr)
    try:
        yield out.text
    finally:
        if sys.stdout is out:
            sys.stdout, sys.stderr = screens
