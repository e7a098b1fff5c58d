"""What is said about a program: what happened, how often, on which lines, what to do, which lesson shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tutorial_lib.examination.evidence import SourceLine
from tutorial_lib.examination.program_evidence import ProgramEvidence

MOST_LINES_TOLD = 5


@dataclass(frozen=True)
class Finding:
    """One kind of trouble. ``kind`` is a stable name; the worst trouble has the highest ``weight``."""

    kind: str
    weight: int
    count: int
    lines: tuple[SourceLine, ...]
    message: str
    """What was seen, with its numbers."""
    fix: str
    lesson: str
    """The page of the course that explains it, and the section: ``notebooks/03_….ipynb#Ten-requests-and-four-…``."""

    @property
    def is_worst(self) -> bool:
        """Whether the program fails, loses data or will stand still because of it."""
        return self.weight >= 80

    @property
    def is_bad(self) -> bool:
        """Whether it deserves a look soon."""
        return self.weight >= 40

    @property
    def where(self) -> str:
        """The page and its section in words: ``notebooks/03_….ipynb, section "Ten requests and four connections"``."""
        return f'{self.lesson.partition("#")[0]}, section "{self.section}"'

    @property
    def section(self) -> str:
        """The section's heading. In an address its words are joined; a finding's own name is written so anyway."""
        page, _, section = self.lesson.partition("#")
        return section if page.endswith(".md") else section.replace("-", " ")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        lines = [{"file": at.file, "line": at.line, "function": at.function, "text": at.text} for at in self.lines]
        told = {"kind": self.kind, "count": self.count, "lines": lines, "message": self.message, "fix": self.fix}
        return {**told, "lesson": self.lesson}


Rule: TypeAlias = Callable[[ProgramEvidence], Iterable[Finding]]
"""A pure function. It finds nothing in a program that is well."""


def worst_first(lines: dict[SourceLine, int]) -> tuple[SourceLine, ...]:
    """Return the lines with the highest counts, a few at most."""
    return tuple(sorted(lines, key=lambda place: (-lines[place], place))[:MOST_LINES_TOLD])


def times(count: int) -> str:
    """Say how often: ``once``, ``twice``, ``17 times``."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def seconds(value: float) -> str:
    """Say how long, with two digits that matter: ``3.2 ms``, ``0.45 s``, ``12 s``."""
    if value < 0.0995:  # What is longer would be rounded to 1e+02 ms.
        return f"{value * 1000:.2g} ms"
    return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"
