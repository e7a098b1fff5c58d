"""Build the notebooks: percent scripts in notebooks/source become executed lessons in notebooks, and the modules in
tutorial_lib/exercises become executed exercise notebooks in exercises.

    python tools/build_notebooks.py            build every notebook
    python tools/build_notebooks.py NAME ...   build those of some lessons only: 01 or 01_your_first_pool, and
                                               ex01_your_first_pool for its exercises alone
    python tools/build_notebooks.py --check    say, without running anything, which notebook differs from its source

Building twice changes no byte. A cell tagged nbval-ignore-output shows measured times or the like, so it keeps
the output that it has for as long as its source stays the same; delete the .ipynb to have it measured again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import warnings
from itertools import zip_longest
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat import NotebookNode
from nbformat.warnings import DuplicateCellId

from tutorial_lib.exercises import COURSE, lesson_after, load_task
from tutorial_lib.practice.course_progress import PROGRESS_MIME
from tutorial_lib.practice.lesson import EXERCISES, Lesson
from tutorial_lib.practice.notebook import exercise_notebook

TOP = Path(__file__).resolve().parent.parent
REMEDY = "Run: make notebooks"

# Nothing of jupytext is in here: a learner's Jupyter opens the notebook as any other.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MEASURED = "nbval-ignore-output"
MAY_FAIL = "raises-exception"
CELL_TIMEOUT = 60.0
START_TIMEOUT = 30
TWO_BLANK_LINES = re.compile(r"\n{3,}")
"""Around a function, in a module. In a cell, one is enough."""


def lesson_notebook(lesson: Lesson) -> NotebookNode:
    """Return a lesson's exercise notebook, not yet executed."""
    return exercise_notebook(lesson, [load_task(name) for name in lesson.exercises], lesson_after(lesson))


def read_source(source: Path) -> NotebookNode:
    """Return the notebook that a percent script describes, not yet executed. The same text gives the same cell ids."""
    with warnings.catch_warnings():
        # At first their ids are random, so once in a very long time two are equal. They are replaced below.
        warnings.simplefilter("ignore", DuplicateCellId)
        notebook = nbformat.from_dict(jupytext.read(source, fmt="py:percent"))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(METADATA)
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(_kept(cell.metadata))
        if cell.cell_type == "code":
            cell.source = TWO_BLANK_LINES.sub("\n\n", cell.source)
        # By content, not by place: a new cell does not rename all those below it.
        digest = hashlib.sha256(f"{cell.cell_type}:{cell.source}".encode()).hexdigest()[:10]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return notebook


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run every cell in a fresh kernel whose working folder is ``folder``; the first error is raised.

    A kernel is told its ports before it starts, and where much is going on somebody else may have taken one by then.
    Such a kernel never answers; the next one gets other ports.
    """
    for last in (False, True):
        try:
            _client(notebook, folder).execute(env={**os.environ, "TUTORIAL_PROGRESS": "off"})  # nobody's progress
            return
        except RuntimeError as error:
            if last or not never_began(str(error)):
                raise


def never_began(said: str) -> bool:
    """Say whether this is what Jupyter says of a kernel that did not come up at all."""
    return "Kernel didn't respond in" in said or "Kernel died before replying" in said


def _client(notebook: NotebookNode, folder: Path) -> NotebookClient:
    return NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        startup_timeout=START_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],  # ipykernel warns about each kernel that TCP is not encrypted
    )


def normalise(notebook: NotebookNode, before: NotebookNode | None = None) -> None:
    """Remove from the outputs what changes from run to run; measured ones come from ``before`` where it has them."""
    measured = {cell.id: cell.outputs for cell in before.cells if _is_measured(cell)} if before else {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = measured.get(cell.id, cell.outputs)
        for output in cell.outputs:
            # A view's id is random, and means nothing once its kernel has ended. The plain text beside it stays.
            output.get("data", {}).pop(WIDGET_VIEW, None)
            # A plot's HTML is the same PNG once more, for JupyterLab to show with its alt text while the kernel runs.
            if "image/png" in output.get("data", {}):
                output.data.pop("text/html", None)
            if "execution_count" in output:
                output.execution_count = cell.execution_count
        # What showed nothing but a view, or how far somebody is, shows nothing now.
        cell.outputs = [output for output in cell.outputs if output.get("data", True)]
        cell.outputs = [output for output in cell.outputs if PROGRESS_MIME not in output.get("data", {})]


def text_of(notebook: NotebookNode) -> str:
    """Return a notebook as the file that the build writes."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def build(notebook: NotebookNode, built: Path) -> None:
    """Execute a notebook as its source gave it, and save it. It replaces the old one only if every cell ran."""
    execute(notebook, built.parent)
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel has added its version
    normalise(notebook, nbformat.read(built, as_version=4) if built.exists() else None)
    nbformat.validate(notebook)
    built.write_text(text_of(notebook), encoding="utf-8")


def differences(rebuilt: NotebookNode, built: Path) -> list[str]:
    """Say in one line how a built notebook is not what its source, ``rebuilt``, and a build would make of it."""
    name = _name(built)
    if not built.exists():
        return [f"{name}: not built yet. {REMEDY}"]
    notebook = nbformat.read(built, as_version=4)
    pairs = zip_longest(rebuilt.cells, notebook.cells)
    for number, (wanted, found) in enumerate(pairs, start=1):
        if wanted is None or found is None or _as_written(wanted) != _as_written(found):
            return [f"{name}: cell {number} differs from its source. {REMEDY}"]
    runs = 0
    for number, (wanted, found) in enumerate(zip(rebuilt.cells, notebook.cells, strict=True), start=1):
        if found.cell_type != "code":
            continue
        runs += 1
        if found.execution_count != runs:
            return [f"{name}: cell {number} was not run in its turn. {REMEDY}"]
        if MAY_FAIL not in _tags(found) and any(output.output_type == "error" for output in found.outputs):
            return [f"{name}: cell {number} ended in an error. {REMEDY}"]
        wanted.execution_count, wanted.outputs = found.execution_count, found.outputs
    normalise(rebuilt)
    if text_of(rebuilt) != built.read_text(encoding="utf-8"):
        return [f"{name}: not as the build writes it, so something else has saved it. {REMEDY}"]
    return []


def lessons(course: Path) -> list[tuple[Path, Path]]:
    """Return (source, built) for every lesson of which there is either."""
    folder = course / "notebooks"
    names = {path.stem for path in [*folder.glob("source/*.py"), *folder.glob("*.ipynb")]}
    return [(folder / "source" / f"{name}.py", folder / f"{name}.ipynb") for name in sorted(names)]


def exercises(course: Path) -> list[tuple[NotebookNode, Path]]:
    """Return (notebook as its exercises give it, built) for every lesson that has exercises."""
    folder = course / "exercises"
    if not folder.is_dir():
        return []
    found = [(lesson_notebook(lesson), folder / lesson.exercise_file) for lesson in COURSE]
    for notebook, _ in found:
        notebook.metadata = nbformat.from_dict(METADATA)
    return found


def sources(course: Path) -> list[tuple[NotebookNode, Path]]:
    """Return (notebook as its source gives it, built) for everything that is built."""
    written = [(read_source(source), built) for source, built in lessons(course) if source.exists()]
    return [*written, *exercises(course)]


def orphans(course: Path) -> list[str]:
    """Say in one line each which built notebook has no source."""
    alone = [
        f"{_name(built)}: it has no source in {source.parent.name}/. Delete it, or write {source.name}"
        for source, built in lessons(course)
        if not source.exists()
    ]
    known = {built for _, built in exercises(course)}
    others = [built for built in sorted((course / "exercises").glob("*.ipynb")) if built not in known]
    return [*alone, *(f"{_name(built)}: no lesson has these exercises. Delete it" for built in others)]


def main(arguments: list[str] | None = None, course: Path = TOP) -> int:
    """Build, or check, and return the exit code."""
    parser = argparse.ArgumentParser(description="Build the lessons from notebooks/source.")
    parser.add_argument("--check", action="store_true", help="only say what differs; runs nothing")
    parser.add_argument("names", nargs="*", help="build only these, such as 01 or 01_your_first_pool")
    asked = parser.parse_args(arguments)
    if asked.check:
        found = orphans(course) + [line for notebook, built in sources(course) for line in differences(notebook, built)]
        print("\n".join(found), end="\n" if found else "", file=sys.stderr)
        return 1 if found else 0
    # A notebook's outputs must not depend on the Redis that its author has at hand.
    os.environ.pop("REDIS_URL", None)
    wanted = sources(course)
    if unknown := set(asked.names) - {name for _, built in wanted for name in _called(built)}:
        known = ", ".join(dict.fromkeys(built.stem.removeprefix(EXERCISES) for _, built in wanted))
        print(f"There is no lesson called {', '.join(sorted(unknown))}. There are: {known}", file=sys.stderr)
        return 2
    for notebook, built in wanted:
        if asked.names and not _called(built) & set(asked.names):
            continue
        try:
            build(notebook, built)
        except (CellControlSignal, DeadKernelError) as error:
            plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
            print(f"{_name(built)}: not built. {plain}", file=sys.stderr)
            return 1
        print(_name(built))
    return 0


def _called(built: Path) -> set[str]:
    """Return the names by which a notebook can be asked for: its file's, its lesson's, and its lesson's number."""
    lesson = built.stem.removeprefix(EXERCISES)
    return {built.stem, lesson, lesson.partition("_")[0]}


def _name(built: Path) -> str:
    return f"{built.parent.name}/{built.name}"


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _is_measured(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and MEASURED in _tags(cell)


def _kept(metadata: NotebookNode) -> dict[str, Any]:
    """Return what a source may say of a cell: its tags, and whether JupyterLab folds it away."""
    return {key: metadata[key] for key in ("tags", "jupyter") if metadata.get(key)}


def _as_written(cell: NotebookNode) -> tuple[str, str, dict[str, Any]]:
    return cell.cell_type, cell.source, _kept(cell.metadata)


if __name__ == "__main__":
    sys.exit(main())
