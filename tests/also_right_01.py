"""Lesson 01's exercises, right in other words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import redis

Function = Callable[..., Any]

# -- one-connection


def counts_on_a_shared_pool(host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=5)
    return lambda page: redis.Redis(connection_pool=pool).incrby(f"views:{page}", 1)


def makes_its_client_when_first_asked(host: str, port: int) -> Function:
    @cache
    def client() -> Any:
        return redis.Redis.from_url(f"redis://{host}:{port}")

    def count_view(page: str) -> Any:
        with client().pipeline() as pipe:
            return pipe.incr(f"views:{page}").execute()[0]

    return count_view


class Counter:
    def __init__(self, host: str, port: int) -> None:
        self.pool = redis.ConnectionPool(host=host, port=port, max_connections=1)

    def __call__(self, page: str) -> Any:
        connection = self.pool.get_connection()
        try:
            connection.send_command("INCR", f"views:{page}")
            return connection.read_response()
        finally:
            self.pool.release(connection)


ALSO_RIGHT: dict[str, list[Function]] = {
    "one-connection": [counts_on_a_shared_pool, makes_its_client_when_first_asked, Counter],
}
