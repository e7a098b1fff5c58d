"""The load generator against a loop written by hand, and against a server that stops answering for a moment."""

from __future__ import annotations

import shutil
import threading
import time
from typing import NamedTuple

import numpy as np
import redis

from tests.bench.row import Row, at_least, at_most
from tutorial_lib.load.run import run_load
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.base import Server
from tutorial_lib.servers.redis_process import RedisProcess

QUICK = "GET greeting"
SLOW = "BITCOUNT large"
"""Half a millisecond or so of Redis's time. Its users wait for Redis; eight users of GET wait for Python's one lock, in
an order so irregular that the percentiles of the very same loop lie 20 % apart from one round to the next."""
LARGE = 2_000_000


class Loop(NamedTuple):
    """What both loops do."""

    command: str
    users: int
    calls: int
    rounds: int


class Figures(NamedTuple):
    """Calls per second, and the seconds that half, 95 and 99 in 100 of the calls stayed under."""

    throughput: float
    p50: float
    p95: float
    p99: float


def by_hand(pool: redis.ConnectionPool, loop: Loop) -> Figures:
    """The loop that anybody would write: each thread times its own calls."""
    client = redis.Redis(connection_pool=pool)
    command = loop.command.split()
    times: list[tuple[float, float]] = []
    all_there = threading.Barrier(loop.users)

    def user() -> None:
        all_there.wait()
        for _ in range(loop.calls // loop.users):
            begun = time.perf_counter()
            client.execute_command(*command)
            times.append((begun, time.perf_counter()))

    threads = [threading.Thread(target=user) for _ in range(loop.users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun, ended = np.array(times).T
    return Figures(loop.calls / (ended.max() - begun.min()), *np.percentile(ended - begun, (50, 95, 99)))


def by_the_lab(pool: redis.ConnectionPool, loop: Loop) -> Figures:
    report = run_load(pool, Workload(loop.command, users=loop.users, count=loop.calls))
    return Figures(report.throughput, report.latency.p50, report.latency.p95, report.latency.p99)


def lab_over_hand(pool: redis.ConnectionPool, loop: Loop) -> Figures:
    """Run both in turns and return what the lab had, divided by what the hand-written loop had: median of the pairs."""
    pairs = []
    for turn in range(loop.rounds + 2):
        # The second finds the machine as the first has left it, so they change places.
        if turn % 2:
            hand, lab = by_hand(pool, loop), by_the_lab(pool, loop)
        else:
            lab, hand = by_the_lab(pool, loop), by_hand(pool, loop)
        pairs.append(np.divide(lab, hand))
    return Figures(*np.median(pairs[2:], axis=0))  # The first two warm up.


def against_a_loop_by_hand(server: Server) -> list[Row]:
    pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections=8)
    redis.Redis(connection_pool=pool).setbit("large", LARGE * 8 - 1, 1)
    alone = lab_over_hand(pool, Loop(QUICK, users=1, calls=1000, rounds=200))
    crowd = lab_over_hand(pool, Loop(QUICK, users=8, calls=400, rounds=300))
    queue = lab_over_hand(pool, Loop(SLOW, users=8, calls=400, rounds=50))
    redis.Redis(connection_pool=pool).delete("large")
    pool.disconnect()
    return [
        at_least("load lab / loop by hand: calls per second, 1 user", alone.throughput, 0.95),
        at_least("load lab / loop by hand: calls per second, 8 users", crowd.throughput, 0.95),
        apart("load lab and loop by hand: median latency, 1 user", alone.p50),
        apart("load lab and loop by hand: median latency, 8 users queue", queue.p50),
        apart("load lab and loop by hand: 95th percentile, 8 users queue", queue.p95),
        apart("load lab and loop by hand: 99th percentile, 8 users queue", queue.p99),
    ]


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
        return against_a_loop_by_hand(server) + with_a_pause(server)


def apart(name: str, ratio: float) -> Row:
    return at_most(name, abs(ratio - 1) * 100, 5, "% apart")
