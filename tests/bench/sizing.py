"""The sizing model: how fast a pool is simulated, beside simpy, and how near the simulation comes to the formulas."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import Any

import simpy

from tests.bench.row import PEAK, Row, at_least, at_most, interleaved
from tutorial_lib.sizing.formulas import mean_wait, wait_percentile
from tutorial_lib.sizing.simulation import simulate

RATE, HOLD, LIMIT = 1000, 0.01, 12

# The waits of neighbours are alike, the more so in big pools and near saturation: there even ten million borrows
# leave an error of some percent to chance. That the simulation itself is exact is shown in its tests, with simpy.
POOLS = [(7, 0.1, 1), (20, 0.1, 3), (100, 0.04, 6)]

AN_HOUR = f"""
import time
from tutorial_lib.sizing.simulation import simulate
start = time.perf_counter()
run = simulate(10_000, 0.005, 60, borrows=36_000_000)
seconds = time.perf_counter() - start
{PEAK}
print(run.borrows, seconds, peak)
"""


def ours(borrows: int = 500_000) -> float:
    """Return borrows per second."""
    start = time.perf_counter()
    simulate(RATE, HOLD, LIMIT, borrows=borrows * 10 // 11)  # A tenth more are played to warm up.
    return borrows / (time.perf_counter() - start)


def in_simpy(borrows: int = 10_000) -> float:
    """Return borrows per second in simpy, for the same pool."""
    chance = random.Random(0)
    world = simpy.Environment()
    pool = simpy.Resource(world, LIMIT)

    def caller() -> Any:
        with pool.request() as request:
            yield request
            yield world.timeout(chance.expovariate(1 / HOLD))

    def everybody() -> Any:
        for _ in range(borrows):
            yield world.timeout(chance.expovariate(RATE))
            world.process(caller())

    world.process(everybody())
    start = time.perf_counter()
    world.run()
    return borrows / (time.perf_counter() - start)


def an_hour() -> list[Row]:
    """An hour at 10,000 per second, in a process of its own so that the memory is its own too."""
    done = subprocess.run([sys.executable, "-c", AN_HOUR], capture_output=True, text=True, check=True)
    borrows, seconds, peak = done.stdout.split()
    name = f"simulate {int(borrows):,} borrows"
    return [at_most(name, float(seconds), 60, "s"), at_most(f"{name}, memory", int(peak) / 1e6, 200, "MB")]


def accuracy() -> list[Row]:
    """The worst difference from the formulas over pools of several sizes."""
    worst_mean = worst_tail = 0.0
    for rate, hold, limit in POOLS:
        run = simulate(rate, hold, limit, borrows=15_000_000)
        worst_mean = max(worst_mean, abs(run.mean_wait / mean_wait(rate, hold, limit) - 1))
        worst_tail = max(worst_tail, abs(run.wait_percentile(99) / wait_percentile(rate, hold, limit, 99) - 1))
    return [
        at_most("simulated mean wait / Erlang C, worst of 3 pools", 100 * worst_mean, 1, "% off"),
        at_most("simulated p99 wait / Erlang C, worst of 3 pools", 100 * worst_tail, 1, "% off"),
    ]


def rows() -> list[Row]:
    speed, _, ratio = interleaved(ours, in_simpy)
    return [
        at_least("simulated borrows per second", speed, 1e6, ""),
        at_least("simulated borrows / simpy's", ratio, 10),
        *an_hour(),
        *accuracy(),
    ]
