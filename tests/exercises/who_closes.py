"""Answers to `who-closes`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import redis

Function = Callable[..., Any]


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


def client_for_each(host, port):  # "what each part opens, the shop can close in the end"
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


def limit_of_one(host, port):  # "10 parts open 1 connection, so the limit is 1"
    pool = redis.ConnectionPool(host=host, port=port, max_connections=1)
    return lambda: redis.Redis(connection_pool=pool), pool.close


def blocking_pool_of_one(host, port):  # "a pool that waits can be as small as you like"
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=1)
    return lambda: redis.Redis(connection_pool=pool), pool.close


def closed_too_early(host, port):  # "`with` closes it when all are done"
    with redis.ConnectionPool(host=host, port=port) as pool:
        return lambda: redis.Redis(connection_pool=pool), lambda: None


def kills_everybody(host, port):
    # "At the end nobody is left, so end all connections on the server."
    pool = redis.ConnectionPool(host=host, port=port)

    def close_shop():
        with redis.Redis(host=host, port=port) as r:
            r.client_kill_filter(_type="normal", skipme=True)

    return functools.partial(redis.Redis, connection_pool=pool), close_shop


WRONG = {
    owner_each: "as if it were the owner",
    one_client_for_all: "Both parts had the same client",
    client_for_each: "opened 10 connections",
    closes_a_client: "has 2 of the shop's connections",
    limit_of_one: "the other got `MaxConnectionsError",
    blocking_pool_of_one: "could not even send a PING",
    closed_too_early: "`with` closed the pool",
    kills_everybody: "disconnected it too",
}


# -- the same mistakes in other shapes


def hands_out_the_pool(host, port):  # "each part can take from the pool itself"
    pool = redis.ConnectionPool(host=host, port=port)
    return lambda: pool, pool.close


def a_client_and_a_pool(host, port):  # "two objects are as good as two functions"
    pool = redis.ConnectionPool(host=host, port=port)
    return redis.Redis(connection_pool=pool), pool


def closes_clients_not_the_pool(host, port):  # "closing all clients closes everything"
    pool = redis.ConnectionPool(host=host, port=port)
    parts = []

    def new_part():
        parts.append(redis.Redis(connection_pool=pool))
        return parts[-1]

    def close_shop():
        for part in parts:
            part.close()

    return new_part, close_shop


def closing_part_disconnects_idle(host, port):  # "who leaves should tidy up"
    pool = redis.ConnectionPool(host=host, port=port)

    class Part(redis.Redis):
        def close(self):
            self.connection_pool.disconnect(inuse_connections=False)

    return functools.partial(Part, connection_pool=pool), pool.disconnect


def two_in_turn(host, port):
    # "2 parts at a time, so two clients in turn."
    clients = [redis.Redis(host=host, port=port) for _ in range(2)]
    turn = iter(clients * 1000)

    def close_shop():
        for client in clients:
            client.close()

    return lambda: next(turn), close_shop


def only_forgets_the_pool(host, port):
    # "close_shop only has to forget the pool." Something else still holds it.
    pool = redis.ConnectionPool(host=host, port=port)

    def close_shop():
        nonlocal pool
        kept.append(pool)
        pool = None

    kept = []
    return lambda: redis.Redis(connection_pool=pool), close_shop


def keeps_its_connection(host, port):  # one for each part, and the pool never gets it back
    pool = redis.ConnectionPool(host=host, port=port, max_connections=6)

    class Part(redis.Redis):
        def close(self):
            """Keeps what it has borrowed."""

        __del__ = close

    return lambda: Part(connection_pool=pool, single_connection_client=True), pool.disconnect


def hasty_parts(host, port):  # "a short timeout never hurts"
    pool = redis.ConnectionPool(host=host, port=port, socket_timeout=0.5)
    return lambda: redis.Redis(connection_pool=pool), pool.close


ALSO_WRONG = {
    hasty_parts: "`socket_timeout` is 0.5 s",
    keeps_its_connection: "Which parts still had a connection",
    hands_out_the_pool: "returned a pool",
    a_client_and_a_pool: "without parentheses",
    closes_clients_not_the_pool: "has 2 of the shop's connections",
    closing_part_disconnects_idle: "opened 10 connections",
    two_in_turn: "opened 8 connections",
    only_forgets_the_pool: "has 2 of the shop's connections",
}


# -- right in other words


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


def partials_on_one_pool(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=5)
    return functools.partial(redis.Redis, connection_pool=pool), pool.disconnect


def parts_that_do_not_close(host, port):
    class Part(redis.Redis):
        def close(self):
            """A part only leaves; the shop closes."""

    shop = Part(host=host, port=port)
    return lambda: shop, lambda: redis.Redis.close(shop)


ALSO_RIGHT = [
    with_a_stack,
    one_client_that_owns_nothing,
    one_owner,
    a_connection_each,
    partials_on_one_pool,
    parts_that_do_not_close,
]
