"""Answers to `fleet-limits`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

import redis


def waiting(host, port, limit):
    return redis.Redis(
        connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=limit, timeout=20)
    )


def forgets_the_restart(host, port, maxclients, workers, others):  # "there are three workers"
    return waiting(host, port, (maxclients - others) // workers)


def forgets_the_others(host, port, maxclients, workers, others):  # "the server is ours"
    return waiting(host, port, maxclients // (workers + 1))


def divides_it_all(host, port, maxclients, workers, others):  # "maxclients / workers"
    return waiting(host, port, maxclients // workers)


def as_many_as_come(host, port, maxclients, workers, others):  # "the default will do"
    return redis.Redis(host=host, port=port)


def counts_everybody_twice(host, port, maxclients, workers, others):  # "each has an old and a new one"
    return waiting(host, port, (maxclients - others) // (2 * workers))


def never_waits(host, port, maxclients, workers, others):  # "a limit is a limit"
    limit = (maxclients - others) // (workers + 1)
    return redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=limit))


def waits_too_short(host, port, maxclients, workers, others):
    limit = (maxclients - others) // (workers + 1)
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=limit, timeout=0.02)
    return redis.Redis(connection_pool=pool)


def for_this_shop(host, port, maxclients, workers, others):  # "three is right"
    return waiting(host, port, 3)


WRONG = {
    forgets_the_restart: "But while one worker restarts it is 4 * 4 + 8 = 24",
    forgets_the_others: "Which of the server's connections can't the workers have",
    divides_it_all: "Who else is connected",
    as_many_as_come: "What is the limit of each worker's pool",
    counts_everybody_twice: "What do you keep free",
    never_waits: "The pool itself refused",
    waits_too_short: "How long does your pool wait",
    for_this_shop: "5 processes with 3 each and 4 others need 19",
}


# -- the same mistakes in other shapes


def rounds_up(host, port, maxclients, workers, others):
    return waiting(host, port, math.ceil((maxclients - others) / (workers + 1)))


def one_for_all_threads(host, port, maxclients, workers, others):
    return waiting(host, port, 1)


def returns_the_pool(host, port, maxclients, workers, others):
    return waiting(host, port, (maxclients - others) // (workers + 1)).connection_pool


def returns_the_limit(host, port, maxclients, workers, others):
    return (maxclients - others) // (workers + 1)


ALSO_WRONG = {
    rounds_up: "do you round up or down",
    one_for_all_threads: "each worker opened 1 for its 8 threads",
    returns_the_pool: "returned a pool",
    returns_the_limit: "It has to be a client",
}


# -- right in another way


def from_a_url(host, port, maxclients, workers, others):
    limit = (maxclients - others) // (workers + 1)
    pool = redis.BlockingConnectionPool.from_url(f"redis://{host}:{port}?max_connections={limit}&timeout=30")
    return redis.Redis.from_pool(pool)


def behind_a_semaphore(host, port, maxclients, workers, others):
    limit = (maxclients - others) // (workers + 1)
    turns = BoundedSemaphore(limit)

    class Patient(redis.Redis):
        def execute_command(self, *args, **options):
            with turns:
                return super().execute_command(*args, **options)

    return Patient(host=host, port=port, max_connections=limit)


def in_few_threads(host, port, maxclients, workers, others):
    limit = max(1, (maxclients - others) // (workers + 1))
    threads = ThreadPoolExecutor(limit)

    class Sent(redis.Redis):
        def execute_command(self, *args, **options):
            return threads.submit(redis.Redis.execute_command, self, *args, **options).result()

    return Sent(host=host, port=port)


def opens_them_first(host, port, maxclients, workers, others):
    r = waiting(host, port, (maxclients - others) // (workers + 1))
    pool = r.connection_pool
    for connection in [pool.get_connection() for _ in range(pool.max_connections)]:
        pool.release(connection)
    return r


ALSO_RIGHT = [from_a_url, behind_a_semaphore, in_few_threads, opens_them_first]
