"""Run one notebook's cells and judge its functions: a process of its own, ``python -m tutorial_lib.checking.worker``.

Its order comes through its standard input, and what it finds out goes to its standard output, one JSON object a line,
each with a key that only ``main`` knows. What cells print goes to the standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tutorial_lib.checking.limits import limit_this_process
from tutorial_lib.checking.process_tree import end_with_parent

SPARE_SECONDS = 10.0  # what a check may take beside its answer's own time: a server starts and ends
_LONGEST_MESSAGE = 4_000  # characters

Say = Callable[[dict[str, Any]], None]
Row = list[str]


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

    _judge(scratch / "notebook.ipynb", order, say)
    say({"done": True})


def _judge(path: Path, order: dict[str, Any], say: Say) -> None:
    # Late, because what these import takes time and memory, which is limited by now.
    from tutorial_lib.checking.cells import Cell, NotANotebook, Shell, in_one_line, read_cells

    verdicts: dict[str, Row] = order["verdicts"]
    left_out = {int(number): reason for number, reason in order["left_out"].items()}

    def tell(exercise: str, status: str, message: str) -> None:
        row = [exercise, status, message[:_LONGEST_MESSAGE]]
        verdicts[exercise] = row
        say({"verdict": row})

    try:
        cells = read_cells(path)
    except NotANotebook as error:
        say({"expected": []})
        tell("", "error", f"This notebook cannot be read: {error}")
        return
    expected = order["expected"] or _exercises_of(cells, order["wanted"])
    say({"expected": expected})
    if not expected:
        return

    shell = Shell.start()
    judge_by_name = _take_over_checks(shell, expected, verdicts, say, tell)

    def run(cell: Cell) -> None:
        reason = left_out.get(cell.number, "")
        if reason and not cell.exercise:
            tell("", "error", f"Cell {cell.number}: {reason}")
        if not reason:
            say({"cell": cell.number})
            error = shell.run(cell.source)
            reason = in_one_line(error) if error else ""
        if reason and cell.exercise and cell.exercise in expected and cell.exercise not in verdicts:
            tell(cell.exercise, "error", reason)

    for cell in cells:
        run(cell)
    with shell.builtin_trap:  # as while a cell runs
        for exercise in expected:
            if exercise not in verdicts:
                judge_by_name(exercise)


def _exercises_of(cells: Sequence[Any], wanted: Sequence[str]) -> list[str]:
    """Return which exercises a notebook is for: all of a lesson, although some cells may be gone."""
    from tutorial_lib.exercises import COURSE

    named = {cell.exercise for cell in cells}
    return [name for lesson in COURSE if named & {*lesson.exercises} for name in lesson.exercises if name in wanted]


def _take_over_checks(
    shell: Any, expected: Sequence[str], verdicts: dict[str, Row], say: Say, tell: Callable[[str, str, str], None]
) -> Callable[[str], None]:
    """Have ``exercise(…).check(…)`` judged by the course's own check, whatever becomes of the notebook's exercise.

    Returns a function that judges what an exercise's function is called in the notebook, for cells that check nothing.
    """
    from tutorial_lib.checking.picture import Picture, sentence
    from tutorial_lib.exercises import load_task
    from tutorial_lib.practice.exercise import Exercise
    from tutorial_lib.practice.referee import judge
    from tutorial_lib.practice.verdict import Verdict

    tasks = {name: load_task(name) for name in expected}
    known = dict(verdicts)  # from a run that did not get to the end

    def weigh(name: str, answer: Any) -> Verdict:
        task = tasks[name]
        say({"judging": name, "seconds": task.seconds + SPARE_SECONDS})
        before = picture.replaced()
        verdict = judge(task, answer)
        replaced = list(dict.fromkeys([*before, *picture.replaced()]))
        status, message = verdict.status, verdict.message
        if status == "not attempted":  # the course's own sentence speaks to somebody who has the cell before them
            message = f"`{task.name}` is not written yet. Write it in the notebook, save the notebook, and check again."
        if replaced:  # then the verdict may be anybody's
            status, message = "wrong", sentence(replaced)
        tell(name, status, message)
        say({"judged": name})
        return Verdict(status, message, name)

    def check(exercise: Exercise, answer: Any = ...) -> Verdict:
        """Judge an answer once, and tell the supervisor."""
        name = exercise.task.id
        if name not in tasks:
            return Verdict("not attempted", "This exercise was not asked for.", name)
        if name in known:
            return Verdict(known[name][1], known[name][2], name)  # type: ignore[arg-type]  # it was a Status
        return weigh(name, answer)

    def judge_by_name(name: str) -> None:
        answer = shell.user_ns.get(tasks[name].name)
        if answer is None:
            tell(name, "not attempted", "No cell of the notebook checks it.")
        else:
            weigh(name, answer)

    Exercise.check = check  # type: ignore[method-assign, assignment]
    with shell.builtin_trap:  # where IPython adds names of its own, as it does while a cell runs
        picture = Picture()
    return judge_by_name


if __name__ == "__main__":
    main()
