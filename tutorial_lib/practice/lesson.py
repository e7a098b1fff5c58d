"""A lesson and the exercises that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

EXERCISES = "ex"
"""What the name of an exercise notebook begins with, so that its tab is not taken for its lesson's."""


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
    def exercise_file(self) -> str:
        """What the notebook with its exercises is called, such as ``"ex02_what_a_connection_costs.ipynb"``."""
        return f"{EXERCISES}{self.name}.ipynb"

    @property
    def exercise_page(self) -> str:
        """Where that notebook is, as seen from any other notebook of the course."""
        return f"../exercises/{self.exercise_file}"
