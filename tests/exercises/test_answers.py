"""Every exercise tells right from wrong, on both kinds of server.

For one exercise: RELEASE=1 make test ARGS="tests/exercises -k first-pool"
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tutorial_lib.exercises import all_exercises, load_task
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.task import Task

SERVERS = ["fake", pytest.param("redis", marks=[pytest.mark.redis_server, pytest.mark.release])]

FEWEST_WRONG = 4
MOST_WRONG = 8
FEWEST_ALSO_RIGHT = 2
SHORTEST_PHRASE = 7
"""Characters: a shorter phrase may stand in any message."""

TELLING_LINE = 16
"""A line that is shorter says nothing about the solution: ``pass``, ``return pool``."""


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TUTORIAL_SERVER", request.param)
    return str(request.param)


def answers(name: str) -> ModuleType:
    return import_module(f"tests.exercises.{name.replace('-', '_')}")


def squeezed(text: str) -> str:
    return re.sub(r"[\s`]", "", text)


def lines_given_away(task: Task, text: str) -> list[str]:
    """Return the lines of the solution that a text contains."""
    lines = [line.strip() for line in task.solution_text.splitlines()[1:]]
    return [line for line in lines if len(line) >= TELLING_LINE and squeezed(line) in squeezed(text)]


def of_each(*groups: str) -> list[Any]:
    """Return a test's arguments, exercise, answer and server, for every answer in lists of these names.

    Each answer is judged on one of the servers, in turn; with BOTH_SERVERS=1 on both. Where only a redis-server will
    do, each is judged on that. Every day a third of the wrong answers is judged, and the first that is right.
    """
    found = [
        (name, answer, number > 0 if group.startswith("ALSO") else (place + number) % 3 > 0)
        for place, name in enumerate(all_exercises())
        for group in groups
        for number, answer in enumerate(answers_in(name, group))
    ]
    both = os.environ.get("BOTH_SERVERS") == "1"
    judged = []
    for place, (name, answer, seldom) in enumerate(found):
        needs = load_task(name).needs_redis_server
        for turn, server in enumerate(("fake", "redis")):
            if (server == "redis") if needs else (both or place % 2 == turn):
                judged.append((name, answer, server, seldom))
    return [
        pytest.param(
            name,
            answer,
            server,
            id=f"{server}-{name}-{getattr(answer, '__name__', type(answer).__name__)}",
            marks=[pytest.mark.redis_server] * (server == "redis") + [pytest.mark.release] * seldom,
        )
        for name, answer, server, seldom in judged
    ]


def each_exercise() -> list[Any]:
    """Return each exercise and a server on which its answers can be judged: the fallback, where that will do."""
    needy = {name: load_task(name).needs_redis_server for name in all_exercises()}
    return [
        pytest.param(name, "redis" if needs else "fake", id=name, marks=[pytest.mark.redis_server] * needs)
        for name, needs in needy.items()
    ]


def answers_in(name: str, group: str) -> list[Callable[..., Any]]:
    return list(getattr(answers(name), group, ()))


def phrase_for(name: str, answer: Callable[..., Any]) -> str:
    return str({**answers(name).WRONG, **getattr(answers(name), "ALSO_WRONG", {})}[answer])


@pytest.mark.parametrize("name", all_exercises())
def test_there_are_answers_enough_and_not_too_many(name: str) -> None:
    where = f"in tests/exercises/{name.replace('-', '_')}.py"
    wrong, right = len(answers(name).WRONG), len(answers(name).ALSO_RIGHT)
    assert FEWEST_WRONG <= wrong <= MOST_WRONG, f"WRONG {where} has {wrong}; other shapes belong into ALSO_WRONG"
    assert right >= FEWEST_ALSO_RIGHT, f"ALSO_RIGHT {where} has {right}, and should have {FEWEST_ALSO_RIGHT} or more"


def test_answers_belong_to_an_exercise() -> None:
    modules = {path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith(("test_", "__"))}
    assert modules == {name.replace("-", "_") for name in all_exercises()}


@pytest.mark.parametrize("name", all_exercises())
def test_the_starter_counts_as_not_attempted(name: str, server: str) -> None:
    task = load_task(name)
    # As in the notebook: the same text, compiled elsewhere.
    cell: dict[str, Any] = {}
    exec(compile(task.starter_text, f"<starter of {name}>", "exec", dont_inherit=True), cell)

    for starter in (task.starter, cell[task.name]):
        verdict = judge(task, starter)
        assert verdict.status == "not attempted", verdict.message


@pytest.mark.parametrize("name", all_exercises())
def test_the_solution_passes(name: str, server: str) -> None:
    task = load_task(name)
    verdict = judge(task, task.solution)
    if server == "fake" and task.needs_redis_server:
        assert verdict.status == "not attempted"
        assert "This exercise needs a redis-server" in verdict.message
    else:
        assert verdict.status == "passed", verdict.message


@pytest.mark.parametrize(("name", "answer", "server"), of_each("WRONG", "ALSO_WRONG"), indirect=["server"])
def test_a_wrong_answer_is_told_its_mistake(name: str, answer: Callable[..., Any], server: str) -> None:
    task = load_task(name)
    verdict = judge(task, answer)

    assert verdict.status == "wrong", verdict.message
    assert phrase_for(name, answer) in verdict.message
    assert lines_given_away(task, verdict.message) == []
    assert "please report" not in verdict.message


@pytest.mark.parametrize(("name", "answer", "server"), of_each("ALSO_RIGHT"), indirect=["server"])
def test_what_is_right_in_another_way_passes(name: str, answer: Callable[..., Any], server: str) -> None:
    verdict = judge(load_task(name), answer)
    assert verdict.status == "passed", verdict.message


@pytest.mark.parametrize("name", all_exercises())
def test_each_mistake_has_a_phrase_of_its_own(name: str) -> None:
    phrases = list(answers(name).WRONG.values())
    again = {phrase for phrase in phrases if phrases.count(phrase) > 1}
    assert not again, f"two mistakes get one message: {again}. If they are one mistake, move the second to ALSO_WRONG"
    assert min(map(len, phrases)) >= SHORTEST_PHRASE, f"a phrase has {SHORTEST_PHRASE} characters or more"
