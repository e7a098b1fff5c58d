"""Answers to `shared-client`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
import itertools
import threading
import weakref
from collections.abc import Callable
from typing import Any

import redis
import redis.asyncio


def client_for_each_call(host, port):  # "a client is cheap, and each part wants its own"
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


def pings_first(host, port):  # "it must be connected before it is handed out"
    client = redis.Redis(host=host, port=port)
    client.ping()

    def get_client():
        return client

    return get_client


def pings_when_asked(host, port):  # "each part should get a client that has been tried out"
    client = redis.Redis(host=host, port=port)

    def get_client():
        client.ping()
        return client

    return get_client


def hands_out_the_pool(host, port):  # "a pool and a client are the same thing"
    pool = redis.ConnectionPool(host=host, port=port)

    def get_client():
        return pool

    return get_client


def the_client_itself(host, port):  # "what is asked for in the end is a client"
    return redis.Redis(host=host, port=port)


WRONG = {
    client_for_each_call: "20 callers got clients of 20 pools",
    client_for_each_thread: "one for each thread",
    remembered: "until two threads are first",
    owns_the_pool: "Does your client own",
    pings_first: "Which command is sent so early",
    pings_when_asked: "none has sent a command",
    hands_out_the_pool: "a pool. It has to be a client",
    the_client_itself: "without parentheses",
}


# -- the same mistakes in other shapes


def lock_only_around_the_assignment(host, port):
    # "I have a lock, so it is safe."
    lock = threading.Lock()
    clients = []

    def get_client():
        if not clients:
            with lock:
                clients.append(redis.Redis(host=host, port=port))
        return clients[-1]

    return get_client


def cached_by_thread_name(host, port):
    # a cache with the wrong key
    clients = {}
    lock = threading.Lock()

    def get_client():
        with lock:
            key = threading.current_thread().name
            if key not in clients:
                clients[key] = redis.Redis(host=host, port=port)
            return clients[key]

    return get_client


def single_connection(host, port):
    # "single_connection_client means one connection for all."
    client = redis.Redis(host=host, port=port, single_connection_client=True)
    return lambda: client


def too_small_a_pool(host, port):
    # "A small pool is enough if all share it."
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3)
    return functools.partial(redis.Redis, connection_pool=pool)


def closes_when_dropped(host, port):
    # "Every part should clean up behind itself."
    pool = redis.ConnectionPool(host=host, port=port)

    class Part(redis.Redis):
        def __del__(self):
            self.connection_pool.disconnect()

    return lambda: Part(connection_pool=pool)


def from_asyncio(host, port):  # "there is one redis.Redis"
    client = redis.asyncio.Redis(host=host, port=port)
    return lambda: client


def kept_by_its_users_only(host, port):  # "as long as someone uses it, it lives"
    lock = threading.Lock()
    client = None

    def get_client():
        nonlocal client
        with lock:
            found = client and client()
            if found is None:
                found = redis.Redis(host=host, port=port)
                client = weakref.ref(found)
            return found

    return get_client


def three_in_turn(host, port):  # "three clients share the load"
    clients = itertools.cycle([redis.Redis(host=host, port=port) for _ in range(3)])
    return lambda: next(clients)


ALSO_WRONG = {
    kept_by_its_users_only: "were closed when the client went away",
    three_in_turn: "20 callers got clients of 3 pools",
    from_asyncio: "a client from `redis.asyncio`",
    lock_only_around_the_assignment: "the second finds nothing stored",
    cached_by_thread_name: "one for each thread",
    single_connection: "borrows a connection when it is created",
    too_small_a_pool: "The limit of the pool is 3",
    closes_when_dropped: "were closed when the client went away",
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


def double_checked_lock(host, port):
    lock = threading.Lock()
    client = None

    def get_client():
        nonlocal client
        if client is None:
            with lock:
                if client is None:
                    client = redis.Redis(host=host, port=port)
        return client

    return get_client


def method_of_an_object(host, port):
    class Shop:
        @functools.cached_property
        def pool(self):
            return redis.ConnectionPool.from_url(f"redis://{host}:{port}/0")

        def get_client(self):
            return redis.Redis(connection_pool=self.pool)

    shop = Shop()
    shop.pool  # noqa: B018 - creates it before the threads come
    return shop.get_client


ALSO_RIGHT = [
    behind_a_lock,
    a_client_each_on_one_pool,
    whoever_is_first_wins,
    client_from_a_url,
    double_checked_lock,
    method_of_an_object,
]
