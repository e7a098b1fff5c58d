"""The load generator against a loop written by hand, and against a server that stops answering for a moment."""

from __future__ import annotations

import shutil
import statistics
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import redis

from tests.bench.row import Row, at_least, at_most
from tutorial_lib.load import run_load
from tutorial_lib.servers.base import Server
from tutorial_lib.servers.redis_process import RedisProcess
from tutorial_lib.workload import Workload

USERS = 8
CALLS = 1000
ROUNDS = 41


class Figures(NamedTuple):
    """Calls per second, and the seconds that half, and 95 in 100, of the calls stayed under."""

    throughput: float
    p50: float
    p95: float


def by_hand(pool: redis.ConnectionPool) -> Figures:
    """The loop that anybody would write: each thread times its own calls."""
    client = redis.Redis(connection_pool=pool)
    times: list[tuple[float, float]] = []
    all_there = threading.Barrier(USERS)

    def user() -> None:
        all_there.wait()
        for _ in range(CALLS // USERS):
            begun = time.perf_counter()
            client.execute_command("GET", "greeting")  # type: ignore[no-untyped-call]
            times.append((begun, time.perf_counter()))

    threads = [threading.Thread(target=user) for _ in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun, ended = np.array(times).T
    return Figures(CALLS / (ended.max() - begun.min()), *np.percentile(ended - begun, (50, 95)))


def by_the_lab(pool: redis.ConnectionPool) -> Figures:
    report = run_load(pool, Workload("GET greeting", users=USERS, count=CALLS))
    return Figures(report.throughput, report.latency.p50, report.latency.p95)


def ratios(server: Server) -> list[Figures]:
    """Run both in turns and return what the lab had, divided by what the hand-written loop had, pair by pair."""
    pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections=USERS)
    by_hand(pool), by_the_lab(pool)
    pairs = []
    for turn in range(ROUNDS):
        # The second finds the machine as the first has left it, so they change places.
        if turn % 2:
            hand, lab = by_hand(pool), by_the_lab(pool)
        else:
            lab, hand = by_the_lab(pool), by_hand(pool)
        pairs.append(Figures(*np.divide(lab, hand)))
    pool.disconnect()
    return pairs


def with_a_pause(server: Server) -> list[Row]:
    """Calls due 200 times a second for 2 s, and a server that answers nobody for 0.2 s in the middle."""
    pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections=2)
    load = Workload("GET greeting", rate=200, arrivals="constant", duration=2, warm_up=20)
    pause = threading.Timer(1.0, server.pause, (0.2,))
    pause.start()
    report = run_load(pool, load)
    pause.join()
    pool.disconnect()
    # 40 of 400 calls were due in the pause, two were sent in it: 1 call in 100 is among the former alone.
    return [
        at_least("paused 0.2 s, 200 calls a second: latency p99", report.latency.p99, 0.15, "s"),
        at_most("paused 0.2 s, 200 calls a second: service time p99", report.service.p99, 0.02, "s"),
    ]


def rows() -> list[Row]:
    if not shutil.which("redis-server"):
        return []
    with RedisProcess() as server:
        pairs = ratios(server)
        table = [
            at_least("closed loop / loop by hand: throughput", middle(pairs, lambda pair: pair.throughput), 0.95),
            apart("closed loop and loop by hand: median latency apart", middle(pairs, lambda pair: pair.p50)),
            apart("closed loop and loop by hand: 95th percentile apart", middle(pairs, lambda pair: pair.p95)),
        ]
        return table + with_a_pause(server)


def middle(pairs: list[Figures], figure: Callable[[Figures], float]) -> float:
    return statistics.median(figure(pair) for pair in pairs)


def apart(name: str, ratio: float) -> Row:
    return at_most(name, abs(ratio - 1) * 100, 5, "%")
