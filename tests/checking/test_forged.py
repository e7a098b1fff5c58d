"""A notebook cannot claim its own verdicts: what ``check`` believes is its own run of the course's checks."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.checking.a_class import CHECK, WRONG
from tests.checking.handing_in import check, write
from tutorial_lib.checking.picture import Picture, sentence
from tutorial_lib.practice import referee, verdict

SWAPPED = {
    "its own task": (
        "import dataclasses\nex = exercise('first-pool')\n"
        "ex.task = dataclasses.replace(ex.task, check=lambda answer, lab: 'ha')\nex.check(make_pool)",
        "",
    ),
    "the exercise's check": (
        "type(exercise('first-pool')).check = lambda self, answer: print('passed')\n" + CHECK,
        "Your notebook replaced `tutorial_lib.practice.exercise.Exercise.check`",
    ),
    "the function exercise": (
        "exercise = lambda name: types.SimpleNamespace(check=lambda answer: print('passed'))\n" + CHECK,
        "",
    ),
    "the code of a check": (
        "from tutorial_lib.exercises import first_pool\n"
        "first_pool.check.__code__ = (lambda answer, lab: 'ha').__code__\n" + CHECK,
        "Your notebook replaced `tutorial_lib.exercises.first_pool.check`",
    ),
    "what a name of Python's own means there": (
        "from tutorial_lib.practice import referee\nreferee.isinstance = lambda *_: True\n" + CHECK,
        "Your notebook replaced `tutorial_lib.practice.referee.isinstance`",
    ),
    "the library": (
        "import redis.exceptions\nredis.exceptions.MaxConnectionsError = Exception\n" + CHECK,
        "Your notebook replaced `redis.exceptions.MaxConnectionsError`",
    ),
}


@pytest.mark.parametrize("what", SWAPPED)
def test_a_notebook_that_swaps_a_part_of_the_judge_does_not_pass(tmp_path: Path, what: str) -> None:
    source, said = SWAPPED[what]
    result = check(write(tmp_path / "02.ipynb", "02", first_pool="import types\n" + WRONG + source), "first-pool")
    assert result["first-pool"].status == "wrong"
    assert said in result["first-pool"].message


def test_a_right_answer_in_a_notebook_that_replaced_the_judge_is_wrong_too(tmp_path: Path) -> None:
    source = (
        WRONG.replace("db=0", "db=0, max_connections=5") + "redis.ConnectionPool.__repr__ = lambda pool: ''\n" + CHECK
    )
    result = check(write(tmp_path / "02.ipynb", "02", first_pool=source), "first-pool")["first-pool"]
    assert result.status == "wrong"
    assert result.message.startswith("Your notebook replaced `redis.connection.ConnectionPool.__repr__`, so the check")


def test_a_picture_tells_a_replaced_function_its_code_its_defaults_and_a_constant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = Picture()
    assert picture.replaced() == []
    monkeypatch.setattr(redis.ConnectionPool, "reset", print)
    monkeypatch.setattr(referee.judge, "__code__", (lambda *_: None).__code__)
    monkeypatch.setattr(redis.Redis.set, "__kwdefaults__", {"ex": 1})
    monkeypatch.setattr(verdict, "MARKS", {})
    monkeypatch.setattr(redis.Redis, "an_extra", lambda self: None, raising=False)
    told = {
        "redis.client.Redis.an_extra",
        "redis.commands.core.BasicKeyCommands.set",
        "redis.connection.ConnectionPool.reset",
        "tutorial_lib.practice.referee.judge",
        "tutorial_lib.practice.verdict.MARKS",
    }
    assert told <= set(picture.replaced())


def test_what_a_module_keeps_for_itself_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Picture()
    monkeypatch.setattr(redis, "loaded_later", types.ModuleType("later"), raising=False)
    monkeypatch.setattr(referee, "_one_at_a_time", None)
    assert picture.replaced() == []


def test_a_long_list_of_names_is_cut_short() -> None:
    assert sentence(["a", "b"]).startswith("Your notebook replaced `a`, `b`, so")
    many: Any = [f"n{number}" for number in range(9)]
    assert sentence(many).startswith("Your notebook replaced `n0`, `n1`, `n2` and 6 more, so")
