"""Lesson 04's exercises, right in other words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import redis

Function = Callable[..., Any]

# -- shared-client


def behind_a_lock(host: str, port: int) -> Function:
    lock = threading.Lock()
    made: list[Any] = []

    def get_client() -> Any:
        with lock:
            if not made:
                made.append(redis.Redis(host=host, port=port, decode_responses=True))
        return made[0]

    return get_client


def a_client_each_on_one_pool(host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=3)
    return lambda: redis.Redis(connection_pool=pool)


def whoever_is_first_wins(host: str, port: int) -> Function:
    made: dict[str, Any] = {}

    def get_client() -> Any:
        return made.setdefault("client", redis.Redis(host=host, port=port))

    return get_client


def client_from_a_url(host: str, port: int) -> Function:
    class Shop:
        r = redis.Redis.from_url(f"redis://{host}:{port}/0")

        def __call__(self) -> Any:
            return self.r

    return Shop()


# -- decode-on-the-pool


def four_and_six(host: str, port: int) -> Any:
    text = redis.Redis(host=host, port=port, max_connections=4, decode_responses=True)
    return [text, redis.Redis(host=host, port=port, max_connections=6)]


def from_urls(host: str, port: int) -> Any:
    url = f"redis://{host}:{port}/0?max_connections=5"
    return redis.Redis.from_url(f"{url}&decode_responses=True"), redis.Redis.from_url(url)


def owned_and_waiting(host: str, port: int) -> Any:
    at = {"host": host, "port": port, "max_connections": 5}
    text = redis.BlockingConnectionPool(**at, decode_responses=True, timeout=1)
    return redis.Redis.from_pool(text), redis.Redis(connection_pool=redis.BlockingConnectionPool(**at))


# -- two-databases


def select_behind_a_lock(host: str, port: int) -> tuple[Function, Function]:
    r = redis.Redis(host=host, port=port)
    lock = threading.Lock()

    def count_view() -> Any:
        with lock:
            r.select(0)
            return r.incr("views:home")

    def take_order(order: str) -> Any:
        with lock:
            r.select(1)
            return r.rpush("orders", order)

    return count_view, take_order


def pools_by_number(host: str, port: int) -> Any:
    pools = [redis.BlockingConnectionPool(host=host, port=port, db=db, max_connections=2) for db in (0, 1)]

    def in_drawer(db: int) -> Any:
        return redis.Redis(connection_pool=pools[db])

    return [lambda: in_drawer(0).incrby("views:home", 1), lambda order: in_drawer(1).rpush("orders", order)]


def select_on_one_connection(host: str, port: int) -> tuple[Function, Function]:
    pool = redis.ConnectionPool(host=host, port=port)
    r = redis.Redis(connection_pool=pool)

    def take_order(order: str) -> Any:
        connection = pool.get_connection()
        try:
            connection.send_command("SELECT", 1)
            connection.read_response()
            connection.send_command("RPUSH", "orders", order)
            return connection.read_response()
        finally:
            connection.send_command("SELECT", 0)
            connection.read_response()
            pool.release(connection)

    return lambda: r.incr("views:home"), take_order


# -- who-closes


def with_a_stack(host: str, port: int) -> tuple[Function, Function]:
    stack = ExitStack()
    pool = stack.enter_context(redis.BlockingConnectionPool(host=host, port=port, max_connections=5))
    return lambda: redis.Redis(connection_pool=pool, decode_responses=True), stack.close


def one_client_that_owns_nothing(host: str, port: int) -> tuple[Function, Function]:
    pool = redis.ConnectionPool(host=host, port=port)
    client = redis.Redis(connection_pool=pool)
    return lambda: client, lambda: pool.disconnect(inuse_connections=False)


def one_owner(host: str, port: int) -> tuple[Function, Function]:
    owner = redis.Redis(host=host, port=port)
    return lambda: redis.Redis(connection_pool=owner.connection_pool), owner.close


def a_connection_each(host: str, port: int) -> tuple[Function, Function]:
    pool = redis.ConnectionPool(host=host, port=port, decode_responses=True)
    return lambda: redis.Redis(connection_pool=pool, single_connection_client=True), pool.close


ALSO_RIGHT: dict[str, list[Callable[..., Any]]] = {
    "shared-client": [behind_a_lock, a_client_each_on_one_pool, whoever_is_first_wins, client_from_a_url],
    "decode-on-the-pool": [four_and_six, from_urls, owned_and_waiting],
    "two-databases": [select_behind_a_lock, pools_by_number, select_on_one_connection],
    "who-closes": [with_a_stack, one_client_that_owns_nothing, one_owner, a_connection_each],
}
