"""What must be true of every exercise, for its authors: run before it is given to anybody."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.task import Answer, Task
from tutorial_lib.practice.verdict import Status

LEAST_HINTS = 3
LEAST_WRONG = 4
# A line as short as this says nothing about the solution: `pass`, `return pool`.
TELLING_LINE = 16


def problems(task: Task) -> list[str]:
    """Return what is wrong with an exercise, one sentence each. Runs its starter, solution and wrong answers."""
    with redirect_stdout(io.StringIO()):  # some of the wrong answers print
        return _all_problems(task)


def _all_problems(task: Task) -> list[str]:
    return [*_texts(task), *_hints(task), *_starter(task), *_solution(task), *_wrong_answers(task)]


def _texts(task: Task) -> Iterator[str]:
    for part in ("id", "lesson", "title", "name", "prompt"):
        if not getattr(task, part).strip():
            yield f"its {part} is empty"
    if f"`{task.name}(" not in task.prompt and task.parameters:
        yield f"the prompt does not say how `{task.name}({', '.join(task.parameters)})` is called"


def _hints(task: Task) -> Iterator[str]:
    if len(task.hints) < LEAST_HINTS:
        yield f"it has {len(task.hints)} hints; {LEAST_HINTS} are the least, from a nudge to nearly the answer"
    lines = [line.strip() for line in task.solution_text.splitlines()[1:]]
    for number, hint in enumerate(task.hints, start=1):
        if not hint.strip():
            yield f"hint {number} is empty"
        for line in lines:
            if len(line) >= TELLING_LINE and _squeezed(line) in _squeezed(hint):
                yield f"hint {number} holds a line of the solution: {line}"


def _starter(task: Task) -> Iterator[str]:
    yield from _expect(task, "the starter", task.starter, "not attempted")
    # As in the notebook: the same text, compiled again elsewhere.
    names: dict[str, Any] = {}
    exec(compile(task.starter_text, f"<starter of {task.id}>", "exec", dont_inherit=True), names)
    yield from _expect(task, "the starter, as the notebook has it,", names[task.name], "not attempted")


def _solution(task: Task) -> Iterator[str]:
    yield from _expect(task, "the solution", task.solution, "passed")
    if list(task.parameters) != list(_parameters(task.solution)):
        yield "the solution takes other parameters than the starter"


def _wrong_answers(task: Task) -> Iterator[str]:
    if len(task.wrong) < LEAST_WRONG:
        yield f"it has {len(task.wrong)} wrong answers; {LEAST_WRONG} are the least"
    said: Counter[str] = Counter()
    for answer, phrase in task.wrong.items():
        verdict = judge(task, answer)
        said[verdict.message] += 1
        if verdict.status != "wrong":
            yield f"{answer.__name__} is {verdict.status}, and should be wrong: {verdict.message}"
        elif phrase not in verdict.message:
            yield f"{answer.__name__}: its message does not hold {phrase!r}: {verdict.message}"
        for line in task.solution_text.splitlines()[1:]:
            if len(line.strip()) >= TELLING_LINE and _squeezed(line) in _squeezed(verdict.message):
                yield f"{answer.__name__}: its message gives the solution away: {line.strip()}"
    for message, times in said.items():
        if times > 1:
            yield f"{times} wrong answers get the same message: {message}"


def _expect(task: Task, what: str, answer: Answer, status: Status) -> Iterator[str]:
    verdict = judge(task, answer)
    if verdict.status != status:
        yield f"{what} is {verdict.status}, and should be {status}: {verdict.message}"


def _parameters(function: Answer) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]


def _squeezed(text: str) -> str:
    return re.sub(r"[\s`]", "", text)
