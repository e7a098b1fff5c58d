"""Notebooks as learners hand them in, and the shortest way to have one checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import nbformat

from tools.build_notebooks import lesson_notebook
from tutorial_lib.checking.folder import Notebook
from tutorial_lib.checking.limits import LIMITS, Limits
from tutorial_lib.checking.run import Result, run
from tutorial_lib.exercises import COURSE, all_exercises, load_task

LESSONS = {lesson.number: lesson for lesson in COURSE}
FIRST_POOL = LESSONS["01"].exercises


def write(path: Path, lesson: str, **answers: str | None) -> Path:
    """Save a learner's notebook. An answer replaces its exercise's cell (``_`` for ``-``); None deletes it."""
    notebook = lesson_notebook(LESSONS[lesson])
    for name, source in answers.items():
        at = next(at for at, cell in enumerate(notebook.cells) if cell.id == name.replace("_", "-"))
        if source is None:
            del notebook.cells[at]
        else:
            notebook.cells[at].source = source
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), "utf-8")
    return path


def solution(name: str) -> str:
    return load_task(name).solution_text


def solved(name: str) -> str:
    return f'{solution(name)}\n\nexercise("{name}").check({load_task(name).name})'


def check(path: Path, *exercises: str, limits: Limits = LIMITS, wanted: Sequence[str] = ()) -> dict[str, Result]:
    """Check one notebook. What is told about the notebook itself stands under ``""``."""
    ((_, results),) = run([Notebook(path, "ada", exercises)], set(wanted or all_exercises()), limits)
    return {result.exercise: result for result in results}


def statuses(results: dict[str, Result]) -> dict[str, str]:
    return {name: result.status for name, result in results.items()}


def without_ids(path: Path) -> None:
    """Make the notebook as an older Jupyter writes it."""
    notebook = json.loads(path.read_text("utf-8"))
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]
    path.write_text(json.dumps(notebook), "utf-8")
