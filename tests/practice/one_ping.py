"""An exercise that asks for little: make a pool of which one connection works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import redis

from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.task import Task
from tutorial_lib.practice.verdict import Verdict, Wrong


def one_ping(answer: Callable[..., Any], lab: Lab) -> str:
    """A check that asks for little: the answer returns a pool of which one connection works."""
    pool = lab.call(answer, lab.server.host, lab.server.port)
    if not isinstance(pool, redis.ConnectionPool):
        raise Wrong(f"got {pool!r}")
    redis.Redis(connection_pool=pool).ping()
    return f"opened {lab.server.opened()}"


def starter(host: str, port: int) -> Any:
    return ...


def solution(host: str, port: int) -> redis.ConnectionPool:
    return redis.ConnectionPool(host=host, port=port)


TASK = Task(
    id="one-ping",
    lesson="00",
    title="One ping",
    name="make_pool",
    prompt="",
    starter=starter,
    solution=solution,
    check=one_ping,
    hints=(),
    seconds=20,
)
IMPATIENT = replace(TASK, seconds=0.3)  # for answers that would never end
PASSED = Verdict("passed", "opened 1", "one-ping")


def assert_next_check_passes() -> None:
    assert judge(TASK, solution) == PASSED
