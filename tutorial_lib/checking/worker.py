"""Run one notebook's cells and judge its functions: a process of its own, ``python -m tutorial_lib.checking.worker``.

Its order comes through its standard input, and what it finds out goes to its standard output, one JSON object a line,
each with a key that only the worker and its supervisor know. What cells print goes to the standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutorial_lib.checking.limits import limit_this_process
from tutorial_lib.process_tree import end_with_parent

if TYPE_CHECKING:
    from tutorial_lib.checking.cells import Cell


def main() -> None:
    """Carry out one order. The supervisor ends this process when it is done."""
    end_with_parent()
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    order = json.loads(sys.stdin.buffer.readline())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # so that input() does not wait
    limit_this_process(order["memory"])
    scratch = Path(order["scratch"])
    os.chdir(scratch / "work")
    sys.path[0] = ""  # this package's own folder, since it was started with -m
    sys.argv[:] = [""]

    def say(message: dict[str, Any]) -> None:
        pipe.write(json.dumps({"key": order["key"], **message}).encode() + b"\n")

    _run(scratch / "notebook.ipynb", order, say)
    say({"done": True})


def _run(path: Path, order: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    # Imported late, because this takes time and memory, which is limited by now.
    from tutorial_lib.checking.cells import NotANotebook, Shell, in_one_line, read_cells
    from tutorial_lib.checking.judging import Judging

    try:
        cells = read_cells(path)
    except NotANotebook as error:
        say({"unreadable": str(error)})
        return
    expected = order["expected"] or _exercises_of(cells, order["wanted"])
    say({"expected": expected})
    if not expected:
        return
    left_out: dict[str, str] = order["left_out"]
    shell = Shell.start()
    judging = Judging(expected, order["verdicts"], say)
    with shell.builtin_trap:  # IPython has added its names to Python's own, as it does while a cell runs
        judging.take_over()
        for cell in cells:
            reason = left_out.get(str(cell.number), "")
            if reason and not cell.exercise:
                judging.tell("", "error", f"Cell {cell.number}: {reason}")
            if not reason:
                say({"cell": cell.number})
                raised = shell.run(cell.source)
                reason = in_one_line(raised) if raised else ""
                if isinstance(raised, MemoryError):
                    reason += f". A notebook may use {order['memory'] / 1e9:g} GB of memory here."
            if reason and cell.exercise and judging.lacks(cell.exercise):
                judging.tell(cell.exercise, "error", reason)
        judging.judge_by_name(shell.user_ns)


def _exercises_of(cells: Sequence[Cell], wanted: Sequence[str]) -> list[str]:
    """Return which exercises a notebook is for: all of a lesson, although some cells may be gone."""
    from tutorial_lib.exercises import COURSE

    named = {cell.exercise for cell in cells}
    return [name for lesson in COURSE if named & {*lesson.exercises} for name in lesson.exercises if name in wanted]


if __name__ == "__main__":
    main()
