"""Run learners' exercise notebooks without a browser, and collect the verdicts that their cells display.

This runs the learners' code on this machine, as opening their notebooks and running them would.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tutorial_lib.practice.headless import execute
from tutorial_lib.practice.notebook import exercise_of
from tutorial_lib.practice.verdict import MARKS, VERDICT_MIME, Status

CELL_SECONDS = 20.0  # a check ends by itself long before; this is for code outside of any check

_SKIP = "left-out-by-check"
_SILENT = logging.getLogger(f"{__name__}.nbclient")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


@dataclass(frozen=True)
class Result:
    """What became of one exercise in one notebook. ``exercise`` is empty if the notebook itself could not be run."""

    notebook: Path
    exercise: str
    status: Status
    message: str


def exercises_in(path: Path) -> list[str]:
    """Return the exercises that a notebook's cells were made for, in order; none where it cannot be read."""
    try:
        cells = _read(path).cells
    except _Unusable:
        return []
    return [name for cell in cells if (name := exercise_of(cell))]


def check_notebook(path: Path, expected: Sequence[str] = (), cell_seconds: float = CELL_SECONDS) -> list[Result]:
    """Run a notebook in a kernel of its own, and return one result for each exercise, the expected ones first.

    A cell that does not end in time, or that ends Python, is left out and the others are run again without it.
    Never raises for what is in the notebook: what cannot be run is a result of status error.
    """
    try:
        notebook = _read(path)
        stopped = _run_all(notebook, path.parent, cell_seconds)
    except _Unusable as error:
        return [Result(path, "", "error", str(error))]
    found: dict[str, Result] = {}
    for number, cell in enumerate(notebook.cells, start=1):
        for exercise, status, message in _said(cell, stopped.get(number, ""), number):
            found[exercise] = Result(path, exercise, status, message)
    for exercise in expected:
        if exercise not in found:
            found[exercise] = Result(path, exercise, "not attempted", "No cell of the notebook checks it.")
    return [found[exercise] for exercise in dict.fromkeys([*expected, *found])]


class _Unusable(Exception):
    """The notebook cannot be read or run at all."""


def _read(path: Path) -> NotebookNode:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about cells without ids, as older Jupyters wrote them
            notebook: NotebookNode = nbformat.read(path, as_version=4)
            nbformat.validate(notebook)
    except Exception as error:  # nbformat raises many kinds, some of them from other libraries
        reason = error.strerror if isinstance(error, OSError) and error.strerror else _first_line(error)
        raise _Unusable(f"This notebook cannot be read: {reason}") from error
    return notebook


def _run_all(notebook: NotebookNode, folder: Path, cell_seconds: float) -> dict[int, str]:
    """Run the cells in place. Return what stopped which cell (by number), of those that had to be left out."""
    stopped: dict[int, str] = {}
    while trouble := _run(notebook, folder, cell_seconds):
        number, reason = trouble
        if number is None or number in stopped:
            raise _Unusable(reason)
        stopped[number] = reason
        cell = notebook.cells[number - 1]
        cell.metadata.tags = [*cell.metadata.get("tags", []), _SKIP]
    return stopped


def _run(notebook: NotebookNode, folder: Path, cell_seconds: float) -> tuple[int | None, str] | None:
    """Run every cell that is not left out. Return the cell that ended the run and how, or None if none did."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []  # what is stored is the learner's claim, not a result
    running: list[int] = []
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        timeout=cell_seconds,
        skip_cells_with_tag=_SKIP,
        shutdown_kernel="immediate",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=lambda cell, cell_index: running.append(cell_index + 1),
        log=_SILENT,
    )
    try:
        execute(
            client,
            env={**os.environ, "TUTORIAL_PROGRESS": "off"},
            stderr=subprocess.DEVNULL,  # what the kernel itself remarks; a cell's stderr is among its outputs
        )
    except CellTimeoutError:
        return running[-1], f"It was still running after {cell_seconds:g} s."
    except DeadKernelError:
        return (running[-1] if running else None), "It ended Python itself, so nothing after it could run."
    except Exception as error:  # no kernel of that name, a folder that is gone, and whatever else a machine brings
        return None, f"This notebook could not be run: {_first_line(error)}"
    return None


def _said(cell: NotebookNode, stopped: str, number: int) -> Iterator[tuple[str, Status, str]]:
    """Yield what a cell's outputs say: exercise, status, message."""
    exercise = exercise_of(cell)
    if stopped:
        yield (exercise, "error", stopped) if exercise else ("", "error", f"Cell {number}: {stopped}")
        return
    outputs = cell.get("outputs", [])
    verdicts = [output.data[VERDICT_MIME] for output in outputs if VERDICT_MIME in output.get("data", {})]
    for verdict in verdicts:
        if verdict.get("status") in MARKS:
            yield str(verdict.get("exercise")), verdict["status"], str(verdict.get("message"))
    errors = [output for output in outputs if output.output_type == "error"]
    if exercise and errors and not verdicts:
        # IPython numbers its cells' files; the learner knows a cell and its lines.
        what = re.sub(r"\(\d+\.py, line (\d+)\)", r"(line \1 of the cell)", errors[-1].evalue)
        yield exercise, "error", f"`{errors[-1].ename}: {what}`"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
