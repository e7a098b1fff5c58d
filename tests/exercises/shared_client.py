"""Answers to `shared-client`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import redis


def client_for_each_call(host, port):
    def get_client():
        return redis.Redis(host=host, port=port)

    return get_client


def client_for_each_thread(host, port):  # "N threads need N connections"
    own = threading.local()

    def get_client():
        if not hasattr(own, "client"):
            own.client = redis.Redis(host=host, port=port)
        return own.client

    return get_client


def remembered(host, port):  # "a cache calls it once"
    @functools.cache
    def get_client():
        return redis.Redis(host=host, port=port)

    return get_client


def owns_the_pool(host, port):  # "closing or dropping a from_pool client is safe"
    pool = redis.ConnectionPool(host=host, port=port)

    def get_client():
        return redis.Redis.from_pool(pool)

    return get_client


def knocks_first(host, port):  # "it must be connected before it is handed out"
    client = redis.Redis(host=host, port=port)
    client.ping()

    def get_client():
        return client

    return get_client


def knocks_when_asked(host, port):
    client = redis.Redis(host=host, port=port)

    def get_client():
        client.ping()
        return client

    return get_client


def hands_out_the_pool(host, port):
    pool = redis.ConnectionPool(host=host, port=port)

    def get_client():
        return pool

    return get_client


def the_client_itself(host, port):
    return redis.Redis(host=host, port=port)


WRONG = {
    client_for_each_call: "the next call makes another one",
    client_for_each_thread: "one for each thread",
    remembered: "until two come first",
    owns_the_pool: "Whose is the pool?",
    knocks_first: "Nobody has asked",
    knocks_when_asked: "none has sent a command",
    hands_out_the_pool: "a pool. Asked for is a client",
    the_client_itself: "without parentheses",
}


# -- right in other words


Function = Callable[..., Any]


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


ALSO_RIGHT = [behind_a_lock, a_client_each_on_one_pool, whoever_is_first_wins, client_from_a_url]
