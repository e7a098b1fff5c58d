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


def rows() -> list[Row]:
    kinds = ["fake", *(["redis"] if shutil.which("redis-server") or shutil.which("valkey-server") else [])]
    return [_slowest(kind) for kind in kinds]


def _slowest(kind: str) -> Row:
    os.environ["TUTORIAL_SERVER"] = kind
    judge(load_task("first-pool"), load_task("first-pool").solution)  # the first one imports the fallback
    taken = {name: statistics.median(_seconds(name) for _ in range(ROUNDS)) for name in all_exercises()}
    name = max(taken, key=taken.__getitem__)
    return at_most(f"slowest verdict on {kind}, {name} (s)", taken[name], 1.0, unit="s")


def _seconds(name: str) -> float:
    task = load_task(name)
    begun = time.perf_counter()
    verdict = judge(task, task.solution)
    assert verdict.status == "passed", verdict.message
    return time.perf_counter() - begun
