"""Which notebooks ``check`` runs, in a learner's own course or in a folder of many learners' copies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tutorial_lib.errors import BadSetting, CourseFolderError
from tutorial_lib.exercises import COURSE, Lesson, all_exercises, lesson_of
from tutorial_lib.practice.checking import check_notebook, exercises_in
from tutorial_lib.practice.progress import ProgressFile, progress_path
from tutorial_lib.practice.verdict import Status


@dataclass(frozen=True)
class Notebook:
    """A notebook to run: whose it is, and which exercises are wanted of it."""

    path: Path
    learner: str
    exercises: tuple[str, ...]


@dataclass(frozen=True)
class LearnerResult:
    """What became of one exercise of one learner. ``exercise`` is empty if the notebook could not be run."""

    learner: str
    notebook: Path
    exercise: str
    status: Status
    message: str


def own_notebooks(folder: Path, names: Sequence[str]) -> list[Notebook]:
    """Return a learner's own exercise notebooks, in the order of the course; ``names`` narrows them."""
    wanted = _wanted(names)
    shelf = folder / "exercises"
    found = [
        Notebook(shelf / f"{lesson.name}.ipynb", "", tuple(name for name in lesson.exercises if name in wanted))
        for lesson in COURSE
        if wanted & set(lesson.exercises)
    ]
    if not shelf.is_dir():
        raise CourseFolderError(f"{folder} has no folder exercises. Name the course's folder with --folder.")
    return found


def learners_notebooks(folder: Path, names: Sequence[str]) -> list[Notebook]:
    """Return every exercise notebook below ``folder``. A learner is a folder in it, or a notebook that lies in it."""
    if not folder.is_dir():
        raise BadSetting(f"{folder} is not a folder. --learners wants one with a folder for each learner.")
    wanted = _wanted(names)
    found = []
    for path in sorted(folder.rglob("*.ipynb")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):  # Jupyter's checkpoints
            continue
        exercises = _exercises_of(path)
        if wanted & set(exercises):
            learner = inside.parts[0] if len(inside.parts) > 1 else path.stem
            found.append(Notebook(path, learner, tuple(name for name in exercises if name in wanted)))
    if not found:
        raise BadSetting(f"{folder} holds no exercise notebook. --learners wants a folder with one for each learner.")
    return found


def run(notebook: Notebook) -> list[LearnerResult]:
    """Run one notebook, and return what became of the exercises that are wanted of it."""
    return [
        LearnerResult(notebook.learner, notebook.path, result.exercise, result.status, result.message)
        for result in check_notebook(notebook.path, notebook.exercises)
        if result.exercise in ("", *notebook.exercises)
    ]


def remember(results: Sequence[LearnerResult], folder: str | None) -> None:
    """Count what passed as progress. What failed was counted when the learner ran it."""
    path = progress_path(os.environ, folder)
    passed = [result.exercise for result in results if result.status == "passed"]
    if path and passed:
        ProgressFile(path).add_passed(passed)


def _wanted(names: Sequence[str]) -> set[str]:
    if not names:
        return set(all_exercises())
    return {exercise for name in names for exercise in _named(name)}


def _named(name: str) -> tuple[str, ...]:
    """Return the exercises that a name means: an exercise, a lesson's number or name, or a notebook's file name."""
    if name in all_exercises():
        return (name,)
    stem = Path(name).name.removesuffix(".ipynb")
    for lesson in COURSE:
        if stem in (lesson.name, lesson.number, lesson.number.lstrip("0") or "0"):
            return lesson.exercises
    lessons = ", ".join(lesson.number for lesson in COURSE)
    raise BadSetting(f"Nothing is called {name!r}. Lessons: {lessons}. Exercises: {', '.join(all_exercises())}.")


def _exercises_of(path: Path) -> tuple[str, ...]:
    """Return which exercises a learner's notebook is for: all of a lesson, although some cells may be gone."""
    by_name = [lesson for lesson in COURSE if lesson.name in path.stem]
    if by_name and path.parent.name != "notebooks":  # there lie the lessons, which have the same names
        return _all_of(by_name)
    known = all_exercises()
    return _all_of([lesson_of(name) for name in exercises_in(path) if name in known])


def _all_of(lessons: Sequence[Lesson]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for lesson in lessons for name in lesson.exercises))
