"""Answers to `one-connection`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import redis


def closes_properly(host, port):  # "always close what you open", after each command
    def count_view(page):
        with redis.Redis(host=host, port=port) as r:
            return r.incr(f"views:{page}")

    return count_view


def pool_for_each_call(host, port):  # "I use a pool, so connections are reused"
    def count_view(page):
        pool = redis.ConnectionPool(host=host, port=port, max_connections=1)
        r = redis.Redis(connection_pool=pool)
        return r.incr(f"views:{page}")

    return count_view


def hangs_up_each_time(host, port):  # "an idle connection costs something"
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        try:
            return r.incr(f"views:{page}")
        finally:
            r.close()

    return count_view


def client_for_each_page(host, port):
    clients = {}

    def count_view(page):
        if page not in clients:
            clients[page] = redis.Redis(host=host, port=port)
        return clients[page].incr(f"views:{page}")

    return count_view


def counts_in_python(host, port):
    seen = {}

    def count_view(page):
        seen[page] = seen.get(page, 0) + 1
        return seen[page]

    return count_view


def remembers_the_answer(host, port):  # "fewer commands, fewer connections"
    @lru_cache
    def count_view(page):
        return redis.Redis(host=host, port=port).incr(f"views:{page}")

    return count_view


def keeps_a_connection(host, port):  # "to have one connection, I take one"
    pool = redis.ConnectionPool(host=host, port=port)
    connection = pool.get_connection()

    def count_view(page):
        connection.send_command("INCR", f"views:{page}")
        return connection.read_response()

    return count_view


def gives_nothing_back(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        r.incr(f"views:{page}")

    return count_view


def makes_and_loses(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        return r.incr(f"views:{page}")


def calls_it_already(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        return r.incr(f"views:{page}")

    return count_view("home")


def one_counter_for_all(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        return r.incr("views:home")

    return count_view


WRONG = {
    closes_properly: "and closed each at once",
    pool_for_each_call: "a new one for each call",
    hangs_up_each_time: "all in one pool",
    client_for_each_page: "one for each of two pages",
    counts_in_python: "INCR was sent 0 times",
    remembers_the_answer: "returned `1` and `1`",
    keeps_a_connection: "in_use is 1",
    gives_nothing_back: "`count_view` returned `None`",
    makes_and_loses: "`make_counter` returned `None`",
    calls_it_already: "Was it called",
    one_counter_for_all: "the two counters are 100 and 0",
}


# -- right in other words


Function = Callable[..., Any]


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


ALSO_RIGHT = [counts_on_a_shared_pool, makes_its_client_when_first_asked, Counter]
