"""A lesson and the exercises that belong to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """A lesson that has exercises. ``name`` is that of its notebook, without the suffix."""

    name: str
    title: str
    exercises: tuple[str, ...]

    @property
    def number(self) -> str:
        """Two digits, as in ``"02"``."""
        return self.name.partition("_")[0]

    @property
    def page(self) -> str:
        """Where its notebook is, as seen from any other notebook of the course."""
        return f"../notebooks/{self.name}.ipynb"

    @property
    def exercise_page(self) -> str:
        """Where the notebook with its exercises is, as seen from any other notebook of the course."""
        return f"../exercises/{self.name}.ipynb"
