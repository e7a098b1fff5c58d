"""A class as a table: a line for each learner, and in it a mark for each exercise, or a sign for each lesson."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from tutorial_lib.checking.folder import Notebook
from tutorial_lib.checking.run import Result
from tutorial_lib.commands.console import harmless
from tutorial_lib.exercises import COURSE
from tutorial_lib.practice.lesson import Lesson
from tutorial_lib.practice.verdict import MARKS

_WIDEST_NAME = 30  # columns
_WIDEST_NAME_OF_MANY = 22  # with it, all lessons fit in 80 columns


class ClassTable:
    """The lines of the table. A learner's line is there as soon as the last of their notebooks is done.

    If a mark for each exercise is too wide for ``columns``, each lesson has one sign: how many of its exercises passed.
    """

    def __init__(
        self, notebooks: Sequence[Notebook], wanted: set[str], people: Iterable[str], columns: int | None = None
    ) -> None:
        told = {name for notebook in notebooks for name in notebook.exercises}
        asked = told if all(notebook.exercises for notebook in notebooks) else wanted
        self._lessons = [lesson for lesson in COURSE if asked & set(lesson.exercises)]
        self._to_come = Counter(notebook.learner for notebook in notebooks)
        self._marks: dict[str, dict[str, str]] = {learner: {} for learner in people}
        self._unusable: list[Result] = []
        self._between = "  "
        self._counts = False
        self._width = min(_WIDEST_NAME, max(cell_len(name) for name in ["Learner", *map(harmless, self._marks)]))
        if columns is not None and cell_len(self.heading()) > columns:
            self._between = " "
            self._counts = True
            self._width = min(_WIDEST_NAME_OF_MANY, self._width)

    def heading(self) -> str:
        """Return the line above the learners."""
        return self._line("Learner", [lesson.number for lesson in self._lessons], "Passed")

    def add(self, notebook: Notebook, results: Sequence[Result]) -> str | None:
        """Take in what became of a notebook. Return its learner's line if this was the last one, or None."""
        marks = self._marks[notebook.learner]
        for result in results:
            if not result.exercise:
                self._unusable.append(result)
            for name in [result.exercise] if result.exercise else notebook.exercises:
                if marks.get(name) != MARKS["passed"]:  # a copy that does not pass takes nothing away
                    marks[name] = MARKS[result.status]
        self._to_come[notebook.learner] -= 1
        if self._to_come[notebook.learner] > 0 or not (marks or results):
            return None
        cells = ["".join(marks.get(name, " ") for name in lesson.exercises) for lesson in self._lessons]
        passed = "".join(cells).count(MARKS["passed"])
        shown = [_in_one_sign(cell) for cell in cells] if self._counts else cells
        return self._line(harmless(notebook.learner), shown, str(passed))

    def legend(self) -> Iterator[str]:
        """Yield what stands below the learners: what the marks mean, and which notebooks could not be run."""
        if self._counts:
            yield "A number says how many exercises of a lesson passed. Where none did:"
        told = [f"{mark} {status}" for status, mark in MARKS.items() if not (self._counts and status == "passed")]
        yield "  ".join(told)
        yield from (f"{lesson.number} {lesson.title}" for lesson in self._lessons)
        for result in self._unusable:
            who, file = harmless(result.learner), harmless(result.notebook.name)
            yield f"! {who if file == who else f'{who}, {file}'}: {harmless(result.message)}"

    def _line(self, name: str, cells: Sequence[str], passed: str) -> str:
        name = name if cell_len(name) <= self._width else f"{set_cell_size(name, self._width - 1)}…"
        widths = [2 if self._counts else _width_of(lesson) for lesson in self._lessons]
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        return self._between.join([set_cell_size(name, self._width), *padded, passed.rjust(len("Passed"))])


def _width_of(lesson: Lesson) -> int:
    return max(len(lesson.number), len(lesson.exercises))


def _in_one_sign(marks: str) -> str:
    """Return how many of a lesson's exercises passed; if none did, a mark, of one that was attempted if any was."""
    passed = marks.count(MARKS["passed"])
    if passed:
        return str(passed)
    in_turn = (MARKS["wrong"], MARKS["error"], MARKS["not attempted"])
    return next((mark for mark in in_turn if mark in marks), " ")
