"""Which notebooks ``check`` runs, in a learner's own course or in a folder of many learners' copies.

Nothing in a class's folder is trusted: links are not followed, only regular files count, and every walk ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tutorial_lib.errors import BadSetting, CourseFolderError
from tutorial_lib.exercises import COURSE, all_exercises
from tutorial_lib.practice.lesson import EXERCISES

DEEPEST_FOLDER = 12  # folders inside each other
MOST_ENTRIES = 10_000  # looked at for one learner
MOST_NOTEBOOKS = 60  # run for one learner; the course has one a lesson


@dataclass(frozen=True)
class Notebook:
    """A notebook to run: whose it is, and which exercises are wanted of it.

    ``exercises`` is empty where the file's name does not tell the lesson; its cells do. ``trouble`` says why it cannot
    be run at all.
    """

    path: Path
    learner: str
    exercises: tuple[str, ...] = ()
    trouble: str = ""


def own_notebooks(folder: Path, names: Sequence[str]) -> list[Notebook]:
    """Return a learner's own exercise notebooks, in the order of the course; ``names`` narrows them."""
    wanted = exercises_called(names)
    shelf = folder / "exercises"
    found = [
        Notebook(shelf / lesson.exercise_file, "", tuple(name for name in lesson.exercises if name in wanted))
        for lesson in COURSE
        if wanted & set(lesson.exercises)
    ]
    if not os.path.isdir(shelf):  # noqa: PTH112  # Path.is_dir() raises for a name that is too long.
        raise CourseFolderError(
            f"{folder} has no folder exercises. Open the course once with lab, or name its folder with --folder."
        )
    return found


def learners_notebooks(folder: Path, names: Sequence[str]) -> list[Notebook]:
    """Return every notebook below ``folder`` that may hold exercises. BadSetting if there is none.

    A learner is a folder in it, or a notebook that lies in it.
    """
    wanted = exercises_called(names)
    try:
        entries = _in_order(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise BadSetting(f"{folder} is not a folder. --learners wants one with a folder for each learner.") from None
    except OSError as error:
        raise BadSetting(f"{folder} cannot be read: {error.strerror}.") from None
    found = [notebook for entry in entries for notebook in _of_one_learner(entry, wanted)]
    if not found:
        raise no_notebook(folder)
    return found


def learners_in(folder: Path) -> dict[str, Path]:
    """Return each learner of a class and where their work lies, also of those who handed in nothing that can be run."""
    return {_learner(entry): Path(entry.path) for entry in _in_order(folder) if _is_learner(entry)}


def no_notebook(folder: Path) -> BadSetting:
    """Return the error that says that ``folder`` holds nothing to check."""
    return BadSetting(f"{folder} holds no exercise notebook. --learners wants a folder with one for each learner.")


def exercises_called(names: Sequence[str]) -> set[str]:
    """Return the exercises that the names on the command line mean; all of them where there are no names."""
    if not names:
        return set(all_exercises())
    return {exercise for name in names for exercise in _named(name)}


def _named(name: str) -> tuple[str, ...]:
    """Return the exercises that a name means: an exercise, a lesson's number or name, or a notebook's file name."""
    if name in all_exercises():
        return (name,)
    stem = Path(name).name.removesuffix(".ipynb").removeprefix(EXERCISES)
    for lesson in COURSE:
        if stem in (lesson.name, lesson.number, lesson.number.lstrip("0") or "0"):
            return lesson.exercises
    lessons = ", ".join(lesson.number for lesson in COURSE)
    raise BadSetting(f"Nothing is called {name!r}. Lessons: {lessons}. Exercises: {', '.join(all_exercises())}.")


def _is_learner(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
    return entry.is_dir(follow_symlinks=False) or entry.is_symlink() or entry.name.endswith(".ipynb")


def _learner(entry: os.DirEntry[str]) -> str:
    return entry.name if entry.is_dir(follow_symlinks=False) else entry.name.removesuffix(".ipynb")


def _of_one_learner(top: os.DirEntry[str], wanted: set[str]) -> Iterator[Notebook]:
    learner = _learner(top)
    notebooks = 0
    for path, trouble in _walk(top):
        exercises = _told_by_its_name(path)
        if exercises and not wanted & set(exercises):
            continue
        notebooks += 1
        if notebooks > MOST_NOTEBOOKS:
            trouble = f"This learner has more than {MOST_NOTEBOOKS} notebooks. This one and the rest were not run."
        yield Notebook(path, learner, tuple(name for name in exercises if name in wanted), trouble)
        if notebooks > MOST_NOTEBOOKS:
            return


def _told_by_its_name(path: Path) -> tuple[str, ...]:
    """Return which exercises a notebook is for: all of a lesson, although some cells may be gone."""
    if path.parent.name == "notebooks":  # there lie the lessons, whose names are part of these
        return ()
    return tuple(name for lesson in COURSE if lesson.name in path.stem for name in lesson.exercises)


def _walk(top: os.DirEntry[str]) -> Iterator[tuple[Path, str]]:
    """Yield what is called like a notebook, and each place that cannot be looked at, with the reason."""
    todo = [(top, 1)]
    for _ in range(MOST_ENTRIES):
        if not todo:
            return
        entry, depth = todo.pop()
        path = Path(entry.path)
        if entry.name.startswith("."):  # Jupyter's checkpoints
            continue
        if entry.name.endswith(".ipynb"):
            yield path, ""
        elif entry.is_dir(follow_symlinks=False) and depth == DEEPEST_FOLDER:
            yield path, f"This folder is {DEEPEST_FOLDER} folders deep and was not looked at."
        elif entry.is_dir(follow_symlinks=False):
            try:
                todo += [(inner, depth + 1) for inner in reversed(_in_order(path))]
            except OSError as error:
                yield path, f"This folder cannot be read: {error.strerror}."
    if todo:
        yield Path(top.path), f"This learner has more than {MOST_ENTRIES} files. The rest was not looked at."


def _in_order(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder, by name, and no more of it than a walk looks at."""
    with os.scandir(folder) as entries:
        return sorted(islice(entries, MOST_ENTRIES + 1), key=lambda entry: os.fsencode(entry.name))
