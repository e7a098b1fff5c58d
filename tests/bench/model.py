"""Model meets measurement: mean waits of a real pool, through a proxy to redis-server, beside the predicted ones."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator

import redis

from tests.bench.row import Row
from tutorial_lib.load.predicted import predicted_wait, predicted_waits
from tutorial_lib.load.run import run_load
from tutorial_lib.load.sweep import Sweep, sweep
from tutorial_lib.load.workload import Workload
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.servers.redis_process import RedisProcess

SWEEPS = [(0.05, 45, (3, 4, 5, 6)), (0.05, 90, (5, 6, 7, 8)), (0.02, 150, (4, 5, 6))]
"""Round trip, rate and limits: on average 2.3, 4.6 and 3.1 connections are busy."""
ROUNDS = 5
DURATION = 2.0

CLOSE = 0.15
"""How far a predicted wait may be off, as a share of itself …"""
CLOSE_SECONDS = 0.001
"""… or in seconds, whichever is more."""
FROM = 0.85
"""Utilisation from which on a wait is too sensitive to be compared: a hold 1 % longer makes a wait 10 % longer."""

KNEE_WAIT = 0.005
"""The knee is the smallest limit with which the mean wait is no longer than this."""


def rows() -> list[Row]:
    if not shutil.which("redis-server"):
        return []
    with RedisProcess() as server, FaultProxy(server) as proxy:

        def make_pool(limit: int) -> redis.ConnectionPool:
            return redis.BlockingConnectionPool(host=proxy.host, port=proxy.port, max_connections=limit)

        table = []
        for round_trip, rate, limits in SWEEPS:
            proxy.round_trip = round_trip
            hold = hold_alone(make_pool(1))
            load = Workload("GET greeting", rate=rate, duration=DURATION)
            measured = sweep(limits, load, make_pool, rounds=ROUNDS)
            table += [*waits(measured, hold), knee(measured, hold)]
        return table


def hold_alone(pool: redis.ConnectionPool) -> float:
    """How long one command keeps its connection where there is no other: all that the model is told."""
    report = run_load(pool, Workload("GET greeting", users=1, count=20, warm_up=2))
    pool.disconnect()
    return report.service.p50


def waits(measured: Sweep, hold: float) -> Iterator[Row]:
    """One row for each limit below the utilisation up to which the two are held to agree."""
    rate, model = measured.workload.rate or 0, predicted_waits(measured, hold)
    for row in measured:
        busy = rate * hold / row.limit
        if busy >= FROM:
            continue
        # Round by round, for each has its own arrivals.
        off = statistics.median(
            report.waiting.mean - predicted_wait(report, hold) for report in measured.reports[row.limit]
        )
        allowed = max(CLOSE * model[row.limit], CLOSE_SECONDS)
        yield Row(
            f"wait, {rate:g} a second of {hold * 1000:.1f} ms, limit {row.limit} ({busy:.0%} busy)",
            f"{row.waiting.middle * 1000:.2f} ms, predicted {model[row.limit] * 1000:.2f}",
            f"{allowed * 1000:.2f} ms apart",
            abs(off) <= allowed,
        )


def knee(measured: Sweep, hold: float) -> Row:
    """The smallest limit with short waits, as measured and as predicted."""
    expected = min(limit for limit, wait in predicted_waits(measured, hold).items() if wait <= KNEE_WAIT)
    found = measured.smallest_limit(KNEE_WAIT)
    return Row(
        f"knee, {measured.workload.rate:g} a second of {hold * 1000:.1f} ms: mean wait under "
        f"{KNEE_WAIT * 1000:g} ms from limit",
        f"{found}, predicted {expected}",
        "1 apart",
        found is not None and abs(found - expected) <= 1,
    )
