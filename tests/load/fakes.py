"""A clock that a test turns, and a pool that needs no server: a load with times that are known exactly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.fake_connections import FakeAsyncConnection, FakeConnection
from tutorial_lib.load.fleet_report import FleetReport, ProcessReport
from tutorial_lib.load.pace import Clock
from tutorial_lib.load.report import Calls, LoadReport, TimeSummary
from tutorial_lib.load.workload import Workload


class TurnedClock(Clock):
    """Time passes when somebody waits or says so, and at no other moment."""

    def __init__(self, oversleep: float = 0.0) -> None:
        self.time = 100.0
        self.oversleep = oversleep

    def now(self) -> float:  # type: ignore[override]
        return self.time

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self.time += seconds + self.oversleep

    def pass_by(self, seconds: float) -> None:
        self.time += seconds


class AnsweringConnection(FakeConnection):
    """Opens at once, and answers every command with PONG."""

    db = 0
    retry = Retry(NoBackoff(), 0)

    def send_command(self, *args: Any, **options: Any) -> None:
        pass

    def read_response(self, *args: Any, **options: Any) -> bytes:
        return b"PONG"


class AnsweringAsyncConnection(FakeAsyncConnection):
    """The same for the pools of redis.asyncio."""

    db = 0

    async def send_command(self, *args: Any, **options: Any) -> None:
        pass

    async def read_response(self, *args: Any, **options: Any) -> bytes:
        return b"PONG"


def plain_pool(limit: int = 4) -> redis.ConnectionPool:
    return redis.ConnectionPool(connection_class=AnsweringConnection, max_connections=limit)


def blocking_pool(limit: int = 4, timeout: float = 5) -> redis.BlockingConnectionPool:
    return redis.BlockingConnectionPool(connection_class=AnsweringConnection, max_connections=limit, timeout=timeout)


def borrower(clock: TurnedClock, *held: float) -> Callable[[redis.Redis], None]:
    """Work that holds a connection for each of these times in turn, the last one for ever after."""
    calls = count()

    def work(client: redis.Redis) -> None:
        connection = client.connection_pool.get_connection()
        clock.pass_by(held[min(next(calls), len(held) - 1)])
        client.connection_pool.release(connection)

    return work


def report_of(*latencies: float, **other: Any) -> LoadReport:
    """A report of calls that were due a second apart and got their connection at once."""
    due, took = np.arange(len(latencies), dtype=float), np.array(latencies, dtype=float)
    settings: dict[str, Any] = {
        **{"workload": Workload("PING", count=3), "limit": 4, "refused": 0, "failed": {}, "first_error": None},
        **{"peak_in_use": 1, "opened": None, "seconds": 2.0, "real": None, "interrupted": False, "gave_up": False},
        **{"not_begun": 0, "no_free_user": 0, "overslept": TimeSummary.of_arrays([[]])},
    }
    return LoadReport(calls=Calls.of_users([(due, due, due + took, took * 0, took)], 0.0), **{**settings, **other})


def fleet_of(
    *opened: int | None, limit: int = 4, failed: int = 0, lost: tuple[str, ...] = (), real: bool = True
) -> FleetReport:
    """A fleet whose processes opened so many connections, each doing three calls; the last one has the failures."""
    took = ProcessReport.of(report_of(0.1, 0.2, 0.3, limit=limit), "", "", "1 on a computer")
    processes = [
        replace(took, name=f"process {number}", client_name=f"fleet-{number}", opened=connections)
        for number, connections in enumerate(opened, start=1)
    ]
    if failed:
        processes[-1] = replace(processes[-1], failed={"ConnectionError": failed}, first_error="ConnectionError: full")
    known = [connections for connections in opened if connections is not None]
    return FleetReport(
        workload=Workload("PING", count=3),
        processes=tuple(processes),
        lost=lost,
        opened=sum(known) if known else None,
        peak=sum(known) if known else None,
        real=real,
        interrupted=False,
    )
