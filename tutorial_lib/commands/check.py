"""``check``: run exercise notebooks, and print what became of each exercise as soon as it is known."""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from tutorial_lib import course
from tutorial_lib.checking.folder import (
    Notebook,
    exercises_called,
    learners_notebooks,
    no_notebook,
    own_notebooks,
)
from tutorial_lib.checking.run import Result, run
from tutorial_lib.commands.console import csv_cell, harmless
from tutorial_lib.errors import BadSetting
from tutorial_lib.exercises import COURSE, Lesson
from tutorial_lib.practice.progress import ProgressFile, progress_path
from tutorial_lib.practice.verdict import MARKS

_WIDEST_NAME = 30

Done = Iterable[tuple[Notebook, list[Result]]]


def check_own(names: Sequence[str], folder: str | None, *, as_csv: bool) -> bool:
    """Check a learner's own notebooks, and count what passes as progress. True if every exercise passed."""
    notebooks = own_notebooks(course.folder(os.environ, folder), names)
    done = run(notebooks, exercises_called(names), in_order=True)
    if as_csv:
        results = list(_show_csv(_with_count(done, len(notebooks))))
    else:
        results = list(_show_own(done))
        # What failed was counted when the learner ran it.
        passed = [result.exercise for result in results if result.status == "passed"]
        path = progress_path(os.environ, folder)
        if path and passed:
            ProgressFile(path).add_passed(passed)
    return all(result.status == "passed" for result in results)


def check_learners(names: Sequence[str], folder: str, *, as_csv: bool) -> bool:
    """Check the notebooks of a class. True if every exercise of every learner passed."""
    if not folder:
        raise BadSetting("--learners is empty. Name a folder that has a folder or a notebook for each learner.")
    notebooks = learners_notebooks(Path(folder), names)
    done = _with_count(run(notebooks, exercises_called(names)), len(notebooks))
    results = list(_show_csv(done) if as_csv else _show_learners(done, notebooks, exercises_called(names)))
    if not results:
        raise no_notebook(Path(folder))
    return all(result.status == "passed" for result in results)


def _with_count(done: Done, of: int) -> Iterator[tuple[Notebook, list[Result]]]:
    """Count the notebooks on the screen, where the results themselves go into a file."""
    counts = sys.stderr.isatty() and not sys.stdout.isatty()
    for number, one in enumerate(done, start=1):
        yield one
        if counts:
            print(f"\r{number} of {of} notebooks", end="\n" if number == of else "", file=sys.stderr, flush=True)


def _show_own(done: Done) -> Iterator[Result]:
    """Print one line for each exercise, and at the end what the first one that did not pass was told."""
    width = max(len(name) for lesson in COURSE for name in lesson.exercises)
    seen = []
    for _, results in done:
        for result in results:
            file = harmless(result.notebook.name)
            print(f"{MARKS[result.status]} {result.exercise or '-':{width}}  {result.status:13}  {file}", flush=True)
            seen.append(result)
            yield result
    failed = [result for result in seen if result.status != "passed"]
    print(f"{len(seen) - len(failed)} of {len(seen)} passed.")
    if failed:
        message = harmless(failed[0].message, lines=True)
        print(f"\n{failed[0].exercise or harmless(failed[0].notebook.name)}: {message}")


def _show_learners(done: Done, notebooks: Sequence[Notebook], wanted: set[str]) -> Iterator[Result]:
    """Print a line for each learner and in it a column for each lesson, with one mark for each of its exercises."""
    named = {name for notebook in notebooks for name in notebook.exercises}
    asked = named if all(notebook.exercises for notebook in notebooks) else wanted
    lessons = [lesson for lesson in COURSE if asked & set(lesson.exercises)]
    names = {notebook.learner: harmless(notebook.learner) for notebook in notebooks}
    width = min(_WIDEST_NAME, max(len("Learner"), *map(cell_len, names.values())))
    print("  ".join(["Learner".ljust(width), *(lesson.number.ljust(_width(lesson)) for lesson in lessons), "Passed"]))

    left = Counter(notebook.learner for notebook in notebooks)
    of_learner: dict[str, list[Result]] = {learner: [] for learner in left}
    unusable = []
    for notebook, results in done:
        yield from results
        own = of_learner[notebook.learner]
        own += results
        unusable += [result for result in results if not result.exercise]
        left[notebook.learner] -= 1
        if not left[notebook.learner] and own:
            name = set_cell_size(_shortened(names[notebook.learner], width), width)
            marks = {result.exercise: MARKS[result.status] for result in sorted(own, key=_passed)}
            cells = ["".join(marks.get(exercise, " ") for exercise in lesson.exercises) for lesson in lessons]
            padded = [cell.ljust(_width(lesson)) for cell, lesson in zip(cells, lessons, strict=True)]
            print("  ".join([name, *padded, str("".join(cells).count(MARKS["passed"])).rjust(6)]), flush=True)
    print("  ".join(f"{mark} {status}" for status, mark in MARKS.items()))
    print("  ".join(f"{lesson.number} {lesson.title}" for lesson in lessons))
    for result in unusable:
        message = harmless(result.message)
        print(f"! {names[result.learner]}, {harmless(result.notebook.name)}: {message}")


def _width(lesson: Lesson) -> int:
    return max(len(lesson.number), len(lesson.exercises))


def _shortened(name: str, width: int) -> str:
    return name if cell_len(name) <= width else f"{set_cell_size(name, width - 1)}…"


def _passed(result: Result) -> bool:
    # Two copies of one notebook: what passed in either has passed.
    return result.status == "passed"


def _show_csv(done: Done) -> Iterator[Result]:
    """Print a heading and a row for each exercise of each learner."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["learner", "notebook", "exercise", "status", "message"])
    for _, results in done:
        for result in results:
            about = (result.learner, str(result.notebook), result.exercise, result.status, result.message)
            writer.writerow([csv_cell(text) for text in about])
            yield result
        sys.stdout.flush()
