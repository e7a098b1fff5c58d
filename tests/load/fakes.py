"""A clock that a test turns, and a pool that needs no server: a load with times that are known exactly."""

from __future__ import annotations

import threading
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.fake_connections import FakeConnection
from tutorial_lib.load.pace import Clock


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


def plain_pool(limit: int = 4) -> redis.ConnectionPool:
    return redis.ConnectionPool(connection_class=AnsweringConnection, max_connections=limit)


def blocking_pool(limit: int = 4, timeout: float = 5) -> redis.BlockingConnectionPool:
    return redis.BlockingConnectionPool(connection_class=AnsweringConnection, max_connections=limit, timeout=timeout)
