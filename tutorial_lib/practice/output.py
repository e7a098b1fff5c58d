"""What an answer prints: shown to the learner up to a limit, and kept for the check."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

LIMIT = 5_000  # characters: a loop that prints for five seconds must not bury the notebook


class _Limited:
    """Writes through to the screen until there is no room left, and is the screen in everything else."""

    def __init__(self, screen: TextIO) -> None:
        self._screen = screen
        self._kept: list[str] = []
        self._room = LIMIT

    def __getattr__(self, name: str) -> Any:
        return getattr(self._screen, name)

    def write(self, text: str) -> int:
        if self._room <= 0:
            return len(text)
        shown = text[: self._room]
        self._room -= len(shown)
        self._kept.append(shown)
        self._screen.write(shown)
        if self._room <= 0:
            self._screen.write("\n… (your code printed more; the rest is left out)\n")
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def text(self) -> str:
        return "".join(self._kept)


@contextmanager
def limited_output() -> Iterator[Callable[[], str]]:
    """Limit what is printed inside, and give a function that returns what was printed so far."""
    limited = _Limited(sys.stdout)
    screen, sys.stdout = sys.stdout, cast(TextIO, limited)
    try:
        yield limited.text
    finally:
        sys.stdout = screen
        with suppress(OSError, ValueError):
            screen.flush()
