"""A clock that a test turns, and a pool that needs no server: a load with times that are known exactly."""

from __future__ import annotations

import os
import threading
from typing import Any

import redis

from tutorial_lib.pace import Clock


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


class NoServer(redis.Connection):
    """A connection that is open as soon as it is made, and answers PING."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pid = os.getpid()

    def connect(self) -> None:
        pass

    def can_read(self, timeout: float = 0) -> bool:
        return False

    def send_command(self, *args: Any, **options: Any) -> None:
        pass

    def read_response(self, *args: Any, **options: Any) -> bytes:
        return b"PONG"


def plain_pool(limit: int = 4) -> redis.ConnectionPool:
    return redis.ConnectionPool(connection_class=NoServer, max_connections=limit)


def blocking_pool(limit: int = 4, timeout: float = 5) -> redis.BlockingConnectionPool:
    return redis.BlockingConnectionPool(connection_class=NoServer, max_connections=limit, timeout=timeout)
