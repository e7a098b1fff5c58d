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


# -- break-even


def saves_the_opening(round_trip: float, opening: int, commands: int) -> Any:
    return [opening * round_trip, 1 + opening / commands]


def simulates_both(round_trip: float, opening: int, commands: int) -> Any:
    today = sum(round_trip for _ in range(opening + commands))
    then = sum(round_trip for _ in range(commands))
    return today - then, today / then


# -- lean-handshake


def says_its_name_with_hello(host: str, port: int) -> Any:
    def introduce(connection: Any) -> None:
        connection._parser.on_connect(connection)
        connection.send_command("HELLO", 2, "SETNAME", "shop")
        connection.read_response()
        connection.send_command("SELECT", 1)
        connection.read_response()

    return redis.BlockingConnectionPool(host=host, port=port, redis_connect_func=introduce, protocol=2)


def lean_from_a_url(host: str, port: int) -> Any:
    url = f"redis://{host}:{port}/1?client_name=shop&protocol=2"
    return redis.ConnectionPool.from_url(url, driver_info=None, max_connections=1)


def pool_of_a_lean_client(host: str, port: int) -> Any:
    r = redis.Redis(host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None)
    return r.connection_pool


ALSO_RIGHT: dict[str, list[Function]] = {
    "one-connection": [counts_on_a_shared_pool, makes_its_client_when_first_asked, Counter],
    "break-even": [saves_the_opening, simulates_both],
    "lean-handshake": [says_its_name_with_hello, lean_from_a_url, pool_of_a_lean_client],
}
