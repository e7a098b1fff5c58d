"""A notebook cannot claim its own verdicts: what ``check`` believes is its own run of the course's checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checking.a_class import CHECK, WRONG
from tests.checking.handing_in import check, write

SWAPPED = {
    "its own task": (
        "import dataclasses\nex = exercise('first-pool')\n"
        "ex.task = dataclasses.replace(ex.task, check=lambda answer, lab: 'ha')\nex.check(make_pool)",
        "",
    ),
    "the exercise's check": (
        "type(exercise('first-pool')).check = lambda self, answer: print('passed')\n" + CHECK,
        "Your notebook replaced `Exercise.check`",
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
    result = check(write(tmp_path / "02.ipynb", "01", first_pool="import types\n" + WRONG + source), "first-pool")
    assert result["first-pool"].status == "wrong"
    assert said in result["first-pool"].message


def test_a_right_answer_in_a_notebook_that_replaced_the_judge_is_wrong_too(tmp_path: Path) -> None:
    source = (
        WRONG.replace("db=0", "db=0, max_connections=5") + "redis.ConnectionPool.__repr__ = lambda pool: ''\n" + CHECK
    )
    result = check(write(tmp_path / "02.ipynb", "01", first_pool=source), "first-pool")["first-pool"]
    assert result.status == "wrong"
    assert result.message.startswith("Your notebook replaced `ConnectionPool.__repr__`, so the check")
