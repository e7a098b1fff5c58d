"""How long a learner waits for a verdict, on each kind of server: the slowest solution of the course, at its median."""

from __future__ import annotations

import os
import shutil
import statistics
import time

from tests.bench.row import Row, at_most
from tutorial_lib.exercises import all_exercises, load_task
from tutorial_lib.practice.referee import judge

ROUNDS = 5
ORDINARY = 1.0
LONG = {"safe-default": 2.0}
"""Its prompt asks for a pool in six weathers and a second outage, and the right one waits in five of these seven: 1.8 s
together."""


def rows() -> list[Row]:
    kinds = ["fake", *(["redis"] if shutil.which("redis-server") or shutil.which("valkey-server") else [])]
    return [row for kind in kinds for row in _verdicts(kind)]


def _verdicts(kind: str) -> list[Row]:
    os.environ["TUTORIAL_SERVER"] = kind
    judge(load_task("first-pool"), load_task("first-pool").solution)  # the first one imports the fallback
    names = [name for name in all_exercises() if kind == "redis" or not load_task(name).needs_redis_server]
    taken = {name: statistics.median(_seconds(name) for _ in range(ROUNDS)) for name in names}
    slowest = max(taken.keys() - LONG.keys(), key=taken.__getitem__)
    return [
        at_most(f"verdict on {kind}, {name}{of_which} (s)", taken[name], bar, unit="s")
        for name, bar, of_which in [
            (slowest, ORDINARY, ", the slowest ordinary one"),
            *((name, bar, "") for name, bar in LONG.items()),
        ]
    ]


def _seconds(name: str) -> float:
    task = load_task(name)
    begun = time.perf_counter()
    verdict = judge(task, task.solution)
    assert verdict.status == "passed", verdict.message
    return time.perf_counter() - begun
