"""Answers to `who-closes`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import redis


def owner_each(host, port):  # "from_pool is the proper way, and closing it is safe"
    pool = redis.ConnectionPool(host=host, port=port)

    def new_part():
        return redis.Redis.from_pool(pool)

    def close_shop():
        pool.close()

    return new_part, close_shop


def one_client_for_all(host, port):  # "a shared client may be closed by whoever is done"
    client = redis.Redis(host=host, port=port)

    def new_part():
        return client

    def close_shop():
        client.close()

    return new_part, close_shop


def client_for_each(host, port):
    parts = []

    def new_part():
        parts.append(redis.Redis(host=host, port=port))
        return parts[-1]

    def close_shop():
        for part in parts:
            part.close()

    return new_part, close_shop


def closes_a_client(host, port):  # "closing a client closes its pool"
    pool = redis.ConnectionPool(host=host, port=port)

    def new_part():
        return redis.Redis(connection_pool=pool)

    def close_shop():
        new_part().close()

    return new_part, close_shop


def one_place(host, port):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=1)
    return lambda: redis.Redis(connection_pool=pool), pool.close


def one_place_and_patience(host, port):  # "a pool that waits can be as small as you like"
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=1)
    return lambda: redis.Redis(connection_pool=pool), pool.close


def closed_too_early(host, port):  # "`with` closes it when all are done"
    with redis.ConnectionPool(host=host, port=port) as pool:
        return lambda: redis.Redis(connection_pool=pool), lambda: None


def hands_out_the_pool(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    return lambda: pool, pool.close


def a_client_and_a_pool(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    return redis.Redis(connection_pool=pool), pool


WRONG = {
    owner_each: "each client behaves as its owner",
    one_client_for_all: "Both had the same client",
    client_for_each: "opened 10 connections",
    closes_a_client: "has 2 connections",
    one_place: "the other got `MaxConnectionsError",
    one_place_and_patience: "could not even send a PING",
    closed_too_early: "`with` has closed the pool",
    hands_out_the_pool: "returned a pool",
    a_client_and_a_pool: "without parentheses",
}


# -- right in other words


Function = Callable[..., Any]


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


ALSO_RIGHT = [with_a_stack, one_client_that_owns_nothing, one_owner, a_connection_each]
