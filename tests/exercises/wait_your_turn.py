"""Answers to `wait-your-turn`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry


def counter_on(pool):
    """Return the function that the starter has, on this pool."""
    r = redis.Redis(connection_pool=pool)

    def count_view():
        return r.incr("views:home")

    return count_view


def plain_pool(host, port):  # "an exhausted pool waits"
    return counter_on(redis.ConnectionPool(host=host, port=port, max_connections=4))


def with_retry(host, port):  # "Retry waits for a connection"
    retry = Retry(ConstantBackoff(0.1), 20)
    return counter_on(redis.ConnectionPool(host=host, port=port, max_connections=4, retry=retry))


def more_connections(host, port):  # "all have to be served at once"
    return counter_on(redis.BlockingConnectionPool(host=host, port=port))


def short_timeout(host, port):
    return counter_on(redis.BlockingConnectionPool(host=host, port=port, max_connections=4, timeout=0.1))


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
    lock = threading.Lock()

    def count_view():
        with lock:
            return r.incr("views:home")

    return count_view


def pool_for_each_call(host, port):
    def count_view():
        with redis.BlockingConnectionPool(host=host, port=port, max_connections=4) as pool:
            return redis.Redis(connection_pool=pool).incr("views:home")

    return count_view


def reads_then_writes(host, port):  # "two commands are one step"
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=4))

    def count_view():
        views = int(r.get("views:home") or 0) + 1
        r.set("views:home", views)
        return views

    return count_view


WRONG = {
    plain_pool: "this kind of pool never waits",
    with_retry: "repeats a command 20 times",
    more_connections: "4 are allowed",
    short_timeout: "They waited for 0.1 s",
    drops_the_error: "drops the view",
    one_by_one: "through 1 of 4 connections",
    pool_for_each_call: "What is created inside `count_view`?",
    reads_then_writes: "some of them got the same number",
}


def hasty_socket(host, port):  # mistakes the limit of a reply for that of the wait
    return counter_on(redis.BlockingConnectionPool(host=host, port=port, max_connections=4, socket_timeout=0.2))


def returns_the_number(host, port):
    return redis.Redis(host=host, port=port).incr("views:home")


def counts_in_python(host, port):
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=4))
    numbers = itertools.count(1)

    def count_view():
        r.ping()
        return next(numbers)

    return count_view


def counts_in_python_and_tells_redis(host, port):
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=4))
    numbers = itertools.count(1)

    def count_view():
        views = next(numbers)
        r.set("views:home", views)
        return views

    return count_view


def other_key(host, port):
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=4))
    return lambda: r.incr("view:home")


def closes_each_time(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=4)

    def count_view():
        try:
            return redis.Redis(connection_pool=pool).incr("views:home")
        finally:
            pool.disconnect()

    return count_view


def returns_nothing_to_the_pool(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=4)

    def count_view():
        connection = pool.get_connection()
        connection.send_command("INCR", "views:home")
        return connection.read_response()

    return count_view


def one_connection_for_the_client(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=4)
    r = redis.Redis(connection_pool=pool, single_connection_client=True)
    return lambda: r.incr("views:home")


ALSO_WRONG = {
    hasty_socket: "TimeoutError",
    returns_the_number: "Was it called already?",
    counts_in_python: "Nothing at all was counted there",
    counts_in_python_and_tells_redis: "another program counted as well",
    other_key: "It has `view:home` instead",
    closes_each_time: "its connection was closed each time",
    returns_nothing_to_the_pool: "in_use is 2 although no call is under way",
    one_connection_for_the_client: "A client with `single_connection_client=True`",
}


# -- right in other words


def first_come_first_served(host, port):  # two calls, one after the other, open two connections
    return counter_on(
        redis.BlockingConnectionPool(host=host, port=port, max_connections=4, timeout=None, queue_class=queue.Queue)
    )


def clients_in_a_queue(host, port):
    clients = queue.Queue()
    for _ in range(4):
        clients.put(redis.Redis(host=host, port=port, max_connections=1))

    def count_view():
        r = clients.get()
        try:
            return r.incr("views:home")
        finally:
            clients.put(r)

    return count_view


def clients_in_turn(host, port):
    clients = [(redis.Redis(host=host, port=port), threading.Lock()) for _ in range(4)]
    turns = itertools.cycle(clients)

    def count_view():
        r, lock = next(turns)
        with lock:
            return r.incr("views:home")

    return count_view


def semaphore_before_a_plain_pool(host, port):
    r, places = redis.Redis(host=host, port=port, max_connections=4), threading.Semaphore(4)

    def count_view():
        with places:
            return r.incr("views:home")

    return count_view


def asks_again_and_again(host, port):
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=4))

    def count_view():
        while True:
            try:
                return r.incr("views:home")
            except redis.MaxConnectionsError:
                time.sleep(0.01)

    return count_view


def four_workers(host, port):
    r, workers = redis.Redis(host=host, port=port), ThreadPoolExecutor(4)
    return lambda: workers.submit(r.incr, "views:home").result()


class Counter:
    def __init__(self, host, port):
        self.pool = redis.BlockingConnectionPool.from_url(f"redis://{host}:{port}?max_connections=4&timeout=10")

    def __call__(self):
        with redis.Redis(connection_pool=self.pool) as r:
            return r.incrby("views:home", 1)


ALSO_RIGHT = [
    first_come_first_served,
    clients_in_a_queue,
    clients_in_turn,
    semaphore_before_a_plain_pool,
    asks_again_and_again,
    four_workers,
    Counter,
]
