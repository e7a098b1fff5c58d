"""Answers to `fit-the-server`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import redis


def server_limit_is_mine(host, port, server_limit, workers):  # "max_connections is per application"
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=server_limit))

    def count_view():
        return r.incr("views:home")

    return count_view


def rounds_up(host, port, server_limit, workers):
    share = math.ceil(server_limit / workers)
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=share))

    def count_view():
        return r.incr("views:home")

    return count_view


def plain_share(host, port, server_limit, workers):  # "a full pool waits"
    r = redis.Redis(host=host, port=port, max_connections=server_limit // workers)

    def count_view():
        return r.incr("views:home")

    return count_view


def little_patience(host, port, server_limit, workers):
    share = server_limit // workers
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=share, timeout=0.05)

    def count_view():
        return redis.Redis(connection_pool=pool).incr("views:home")

    return count_view


def one_by_one(host, port, server_limit, workers):  # "fewer is always safe"
    r = redis.Redis(host=host, port=port, max_connections=server_limit // workers)
    lock = Lock()

    def count_view():
        with lock:
            return r.incr("views:home")

    return count_view


def two_for_everybody(host, port, server_limit, workers):
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=2))

    def count_view():
        return r.incr("views:home")

    return count_view


def reads_then_writes(host, port, server_limit, workers):  # "GET and SET are as good as INCR"
    share = server_limit // workers
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=share))

    def count_view():
        number = int(r.get("views:home") or 0) + 1
        r.set("views:home", number)
        return number

    return count_view


_shared: dict[tuple[str, int], redis.ConnectionPool] = {}


def one_pool_for_all_workers(host, port, server_limit, workers):  # "one pool per application"
    share = server_limit // workers
    if (host, port) not in _shared:
        _shared[host, port] = redis.BlockingConnectionPool(host=host, port=port, max_connections=share)
    r = redis.Redis(connection_pool=_shared[host, port])

    def count_view():
        return r.incr("views:home")

    return count_view


def returns_the_number(host, port, server_limit, workers):
    return redis.Redis(host=host, port=port).incr("views:home")


WRONG = {
    server_limit_is_mine: "it opened 6 connections. All 4 would open 24",
    rounds_up: "it opened 3 connections. All 4 would open 12",
    plain_share: "the pool's own refusal",
    little_patience: "How long may one wait in your queue?",
    one_by_one: "go through 1",
    reads_then_writes: "Which command reads and adds in one?",
    two_for_everybody: "Where do your numbers come from?",
    one_pool_for_all_workers: "they met in one pool",
    returns_the_number: "Was it called",
}


# -- right in other words


Function = Callable[[], Any]


def door_before_a_plain_pool(host: str, port: int, server_limit: int, workers: int) -> Function:
    share = server_limit // workers
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=share))
    door = threading.BoundedSemaphore(share)

    def count_view() -> Any:
        with door:
            return r.incr("views:home")

    return count_view


def asks_again_and_again(host: str, port: int, server_limit: int, workers: int) -> Function:
    r = redis.Redis(host=host, port=port, max_connections=server_limit // workers)

    def count_view() -> Any:
        while True:
            try:
                return r.incr("views:home")
            except redis.MaxConnectionsError:
                time.sleep(0.01)

    return count_view


def as_many_hands_as_connections(host: str, port: int, server_limit: int, workers: int) -> Function:
    hands = ThreadPoolExecutor(server_limit // workers)
    r = redis.Redis(host=host, port=port, client_name="worker", decode_responses=True)
    return lambda: hands.submit(r.incr, "views:home").result()


ALSO_RIGHT = [door_before_a_plain_pool, asks_again_and_again, as_many_hands_as_connections]
