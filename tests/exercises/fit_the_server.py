"""Answers to `fit-the-server`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import asyncio
import itertools
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import redis
import redis.asyncio


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


def short_timeout(host, port, server_limit, workers):
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
    server_limit_is_mine: "opened 6 connections. All 4 workers would open 24",
    rounds_up: "opened 3 connections. All 4 workers would open 12",
    plain_share: "it never waits",
    short_timeout: "How long does your pool wait?",
    one_by_one: "the 6 threads of each share 1",
    reads_then_writes: "reads and adds in one step?",
    two_for_everybody: "Where do your numbers come from?",
    one_pool_for_all_workers: "they use one pool",
}


# -- other shapes


def on_a_blocking_pool(host, port, limit, **settings):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=limit, **settings)
    r = redis.Redis(connection_pool=pool)

    def count_view():
        return r.incr("views:home")

    return count_view


def other_database(host, port, server_limit, workers):
    return on_a_blocking_pool(host, port, server_limit // workers, db=1)


def gives_up_and_repeats(host, port, server_limit, workers):  # "a timeout and a retry make it safe"
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 5)
    return on_a_blocking_pool(host, port, server_limit // workers, socket_timeout=0.12, retry=retry)


def pool_for_each_view(host, port, server_limit, workers):
    def count_view():
        return on_a_blocking_pool(host, port, server_limit // workers)()

    return count_view


def loop_for_each_view(host, port, server_limit, workers):
    def count_view():
        async def incr():
            async with redis.asyncio.Redis(host=host, port=port) as r:
                return await r.incr("views:home")

        return asyncio.run(incr())

    return count_view


def client_for_each_thread(host, port, server_limit, workers):  # "a client is not for several threads"
    local = threading.local()

    def count_view():
        if not hasattr(local, "r"):
            local.r = redis.Redis(host=host, port=port)
        return local.r.incr("views:home")

    return count_view


def swallows_the_refusal(host, port, server_limit, workers):
    r = redis.Redis(host=host, port=port, max_connections=server_limit // workers)
    seen = [0]

    def count_view():
        try:
            seen[0] = r.incr("views:home")
        except redis.ConnectionError:
            seen[0] += 1
        return seen[0]

    return count_view


def counts_in_python(host, port, server_limit, workers):
    seen = itertools.count(1)
    return lambda: next(seen)


ALSO_WRONG = {
    returns_the_number: "Was it called already?",
    other_database: "in Redis `views:home` is 0",
    counts_in_python: "in Redis `views:home` is 0",
    gives_up_and_repeats: "its `socket_timeout` is 0.12 s",
    pool_for_each_view: "4 calls, one after the other, opened 4 connections",
    loop_for_each_view: "4 calls, one after the other, opened 4 connections",
    client_for_each_thread: "What is one worker's share",
    swallows_the_refusal: "What happens to an error",
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


def first_in_first_out(host: str, port: int, server_limit: int, workers: int) -> Function:
    return on_a_blocking_pool(host, port, server_limit // workers, queue_class=queue.Queue, timeout=None)


def clients_in_turn(host: str, port: int, server_limit: int, workers: int) -> Function:
    clients: queue.Queue[redis.Redis] = queue.Queue()
    for _ in range(server_limit // workers):
        clients.put(redis.Redis(host=host, port=port, max_connections=1))

    def count_view() -> Any:
        r = clients.get()
        try:
            return r.incr("views:home")
        finally:
            clients.put(r)

    return count_view


def in_an_event_loop(host: str, port: int, server_limit: int, workers: int) -> Function:
    """One thread with an event loop and a pool of asyncio's, which all other threads ask."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def make() -> redis.asyncio.Redis:
        pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=server_limit // workers)
        return redis.asyncio.Redis(connection_pool=pool)

    r = asyncio.run_coroutine_threadsafe(make(), loop).result()

    async def incr() -> Any:
        return await r.incr("views:home")

    return lambda: asyncio.run_coroutine_threadsafe(incr(), loop).result()


ALSO_RIGHT = [
    in_an_event_loop,
    door_before_a_plain_pool,
    asks_again_and_again,
    as_many_hands_as_connections,
    first_in_first_out,
    clients_in_turn,
]
