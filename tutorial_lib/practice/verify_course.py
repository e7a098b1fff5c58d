"""Hold every exercise of the course to the rules, and the course to its exercises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat

from tutorial_lib import course, exercises
from tutorial_lib.practice import verify
from tutorial_lib.practice.notebook import differs, exercise_notebook


def problems(names: Sequence[str] = ()) -> list[str]:
    """Return what is wrong, one line each, in the order of the course. BadSetting for an unknown name."""
    found = [line for name in names or exercises.all_exercises() for line in _exercise(name)]
    return found if names else [*found, *order_problems(), *notebook_problems()]


def lesson_notebook(lesson: exercises.Lesson) -> nbformat.NotebookNode:
    """Return a lesson's exercise notebook, not yet executed."""
    tasks = [exercises.load_task(name) for name in lesson.exercises]
    return exercise_notebook(lesson.name, lesson.title, tasks)


def _exercise(name: str) -> Iterator[str]:
    try:
        task = exercises.load_task(name)
    except (AttributeError, ModuleNotFoundError) as error:
        yield f"{name}: {error}"
        return
    if task.id != name:
        yield f"{name}: its module says ID = {task.id!r}"
    if task.lesson != exercises.lesson_of(name).number:
        yield f"{name}: its module says LESSON = {task.lesson!r}"
    yield from (f"{name}: {line}" for line in verify.problems(task))


def order_problems() -> Iterator[str]:
    """Yield what is wrong with the order of the course."""
    known = {name.replace("-", "_") for name in exercises.all_exercises()}
    for path in sorted(Path(exercises.__file__).parent.glob("[a-z]*.py")):
        if path.stem not in known:
            yield f"{path.name}: it is not in the order of the course, COURSE in exercises/__init__.py"
    for lesson in exercises.COURSE:
        if len(lesson.exercises) > exercises.PLACES_PER_LESSON:
            yield f"{lesson.name}: more than {exercises.PLACES_PER_LESSON} exercises do not fit a progress code"


def notebook_problems() -> Iterator[str]:
    """Yield which built notebooks are not as their exercises would make them."""
    for lesson in exercises.COURSE:
        path = course.carried() / "exercises" / f"{lesson.name}.ipynb"
        if not path.is_file():
            yield f"{path.name}: not built. Run: make notebooks"
            continue
        cell = differs(nbformat.read(path, as_version=4), lesson_notebook(lesson))
        if cell:
            yield f"{path.name}: cell {cell} differs from its exercise. Run: make notebooks"
