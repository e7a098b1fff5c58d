"""Answers to `wait-your-turn`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry


def plain_pool(host, port):  # "a full pool waits"
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=4))

    def count_view():
        return r.incr("views:home")

    return count_view


def with_retry(host, port):  # "Retry waits for a free connection"
    retry = Retry(ConstantBackoff(0.1), 20)
    pool = redis.ConnectionPool(host=host, port=port, max_connections=4, retry=retry)
    r = redis.Redis(connection_pool=pool)

    def count_view():
        return r.incr("views:home")

    return count_view


def more_connections(host, port):
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port))

    def count_view():
        return r.incr("views:home")

    return count_view


def little_patience(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=4, timeout=0.1)
    r = redis.Redis(connection_pool=pool)

    def count_view():
        return r.incr("views:home")

    return count_view


def drops_the_error(host, port):
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=4))

    def count_view():
        try:
            return r.incr("views:home")
        except redis.ConnectionError:
            return None

    return count_view


def one_by_one(host, port):  # "threads need a lock"
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=4))
    lock = Lock()

    def count_view():
        with lock:
            return r.incr("views:home")

    return count_view


def pool_for_each_call(host, port):
    def count_view():
        with redis.BlockingConnectionPool(host=host, port=port, max_connections=4) as pool:
            return redis.Redis(connection_pool=pool).incr("views:home")

    return count_view


def hasty_socket(host, port):  # mistakes the limit of a reply for that of the wait
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=4, socket_timeout=0.2)
    r = redis.Redis(connection_pool=pool)

    def count_view():
        return r.incr("views:home")

    return count_view


def returns_the_number(host, port):
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=4))
    return r.incr("views:home")


def reads_then_writes(host, port):
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=4))

    def count_view():
        views = int(r.get("views:home") or 0) + 1
        r.set("views:home", views)
        return views

    return count_view


WRONG = {
    plain_pool: "turns callers away. Which kind",
    with_retry: "has 20 tries, for commands",
    more_connections: "4 are allowed",
    little_patience: "They waited for 0.1 s",
    drops_the_error: "caught and dropped",
    reads_then_writes: "some got the same number",
    one_by_one: "through 1 of 4 connections",
    pool_for_each_call: "2 calls, one after the other",
    hasty_socket: "TimeoutError",
    returns_the_number: "Was it called",
}


# -- right in other words


Function = Callable[[], Any]


def door_before_a_plain_pool(host: str, port: int) -> Function:
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=4))
    door = threading.BoundedSemaphore(4)

    def count_view() -> Any:
        with door:
            return r.incr("views:home")

    return count_view


def waits_for_ever(host: str, port: int) -> Function:
    url = f"redis://{host}:{port}/0?max_connections=4"
    pool = redis.BlockingConnectionPool.from_url(url, timeout=None, decode_responses=True)
    return lambda: redis.Redis(connection_pool=pool).incrby("views:home", 1)


def asks_again_and_again(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port, max_connections=4)

    def count_view() -> Any:
        while True:
            try:
                return r.incr("views:home")
            except redis.MaxConnectionsError:
                time.sleep(0.01)

    return count_view


def four_workers(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port, max_connections=4)
    workers = ThreadPoolExecutor(4)
    return lambda: workers.submit(r.incr, "views:home").result()


ALSO_RIGHT = [door_before_a_plain_pool, waits_for_ever, asks_again_and_again, four_workers]
