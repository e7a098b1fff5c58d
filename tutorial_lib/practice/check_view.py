"""What ``check`` prints: a bar while it runs, then a line for each exercise, a table of learners, or CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from tutorial_lib.exercises import COURSE
from tutorial_lib.practice.checking_course import LearnerResult, Notebook
from tutorial_lib.practice.verdict import MARKS


def with_progress_bar(
    notebooks: Sequence[Notebook], run: Callable[[Notebook], list[LearnerResult]]
) -> list[LearnerResult]:
    """Run each notebook, and show on stderr how far it is; on a screen the bar is gone at the end."""
    screen = Console(stderr=True)
    steps: Iterable[Notebook] = track(
        notebooks, description="Running notebooks", console=screen, transient=True, disable=not screen.is_terminal
    )
    return [result for notebook in steps for result in run(notebook)]


def show_own(results: Sequence[LearnerResult]) -> None:
    """Print one line for each exercise, and what the first one that did not pass was told."""
    width = max(len(result.exercise) for result in results)
    for result in results:
        print(f"{MARKS[result.status]} {result.exercise or '-':{width}}  {result.status:13}  {result.notebook.name}")
    failed = [result for result in results if result.status != "passed"]
    print(f"{len(results) - len(failed)} of {len(results)} passed.")
    if failed:
        print(f"\n{failed[0].exercise or failed[0].notebook.name}: {failed[0].message}")


def show_learners(results: Sequence[LearnerResult]) -> None:
    """Print a table with a row for each learner and a column for each lesson: one mark for each of its exercises."""
    asked = {result.exercise for result in results}
    lessons = [lesson for lesson in COURSE if asked & set(lesson.exercises)]
    table = Table()
    table.add_column("Learner")
    for lesson in lessons:
        table.add_column(f"{lesson.number} {lesson.title}")
    table.add_column("Passed", justify="right")
    for learner in dict.fromkeys(result.learner for result in results):
        own = {result.exercise: MARKS[result.status] for result in results if result.learner == learner}
        marks = ["".join(own.get(name, " ") for name in lesson.exercises) for lesson in lessons]
        table.add_row(escape(learner), *marks, str("".join(marks).count(MARKS["passed"])))
    Console().print(table)
    print("  ".join(f"{mark} {status}" for status, mark in MARKS.items()))
    for result in results:
        if not result.exercise:
            print(f"! {result.learner}, {result.notebook.name}: {result.message}")


def show_csv(results: Sequence[LearnerResult]) -> None:
    """Print a heading and a row for each exercise of each learner."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["learner", "notebook", "exercise", "status", "message"])
    for result in results:
        writer.writerow([result.learner, result.notebook, result.exercise, result.status, result.message])
