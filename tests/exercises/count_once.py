"""Answers to `count-once`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry


def just_incr(host, port):  # "a retry repairs a cut"
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        return int(r.incr("views:home"))

    return count_view


def no_retry(host, port):  # "then I turn the retries off"
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit):
        return r.incr("views:home")

    return count_view


def reads_the_count(host, port):  # "an error means that it was not done"
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit):
        try:
            return r.incr("views:home")
        except redis.ConnectionError:
            return None

    return count_view


def name_then_count(host, port):  # the right idea, in two steps
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        if r.set(f"seen:{visit}", 1, nx=True):
            return r.incr("views:home")
        return int(r.get("views:home"))

    return count_view


def in_a_transaction(host, port):  # "MULTI makes it safe"
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        if not r.sismember("visits:home", visit):
            with r.pipeline() as pipe:
                return pipe.sadd("visits:home", visit).incr("views:home").execute()[1]
        return int(r.get("views:home"))

    return count_view


def looks_before_it_counts(host, port):  # right for one caller
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit):
        while True:
            try:
                if not r.sismember("visits:home", visit):
                    with r.pipeline() as pipe:
                        pipe.sadd("visits:home", visit).incr("views:home").execute()
                return int(r.get("views:home"))
            except redis.ConnectionError:
                pass

    return count_view


def locked(host, port):  # "a lock keeps the others out": those of the same program
    r = redis.Redis(host=host, port=port)
    lock = Lock()

    def count_view(visit):
        with lock:
            visits = set((r.get("visits") or b"").decode().split()) | {visit}
            r.set("visits", " ".join(visits))
            return len(visits)

    return count_view


def pool_of_three(host, port):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=3, retry=Retry(NoBackoff(), 3))
    r = redis.Redis(connection_pool=pool)

    def count_view(visit):
        r.sadd("visits:home", visit)
        return r.scard("visits:home")

    return count_view


def estimates(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.pfadd("visits:home", visit)
        return r.pfcount("visits:home")

    return count_view


def returns_a_text(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.sadd("visits:home", visit)
        return str(r.scard("visits:home"))

    return count_view


def in_python(host, port):
    visits = set()

    def count_view(visit):
        visits.add(visit)
        return len(visits)

    return count_view


def loses_the_number(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.sadd("visits:home", visit)

    return count_view


def sadd_alone(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        return r.sadd("visits:home", visit)

    return count_view


WRONG = {
    just_incr: "for 2 visits",
    no_retry: "raised `ConnectionError: Error while reading",
    reads_the_count: "`count_view` returned `None`; 2 visits had come",
    name_then_count: "the visit is lost",
    in_a_transaction: "for 4 visits",
    looks_before_it_counts: "calls for one and the same visit came at once",
    locked: "8 different visits came at once, from two programs",
    pool_of_three: "the counter's pool has too few places",
    estimates: "PFCOUNT is an estimate",
    returns_a_text: "returned `'1'`, a text",
    in_python: "Is the count kept in Redis",
    loses_the_number: "The number has to be handed to the caller",
    sadd_alone: "how many names were new",
}


# -- right in other words


Function = Callable[..., Any]


def by_hash(host: str, port: int) -> Function:
    r = redis.Redis.from_url(f"redis://{host}:{port}", retry=Retry(NoBackoff(), 3))

    def count_view(visit: str) -> Any:
        with r.pipeline() as pipe:
            return pipe.hset("visits", visit, "seen").hlen("visits").execute()[1]

    return count_view


def by_sorted_set(host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, retry=Retry(ConstantBackoff(0.01), 2))

    def count_view(visit: str) -> Any:
        r = redis.Redis(connection_pool=pool)
        r.zadd("visits", {visit: time.time()}, nx=True)
        return r.zcard("visits")

    return count_view


def watches_the_name(host: str, port: int) -> Function:
    """Counts with INCR, in one transaction with the visit's name, and looks again after any trouble."""
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view(visit: str) -> Any:
        while True:
            try:
                with r.pipeline() as pipe:
                    pipe.watch(f"seen:{visit}")
                    if not pipe.exists(f"seen:{visit}"):
                        pipe.multi()
                        pipe.set(f"seen:{visit}", 1).incr("views").execute()
                return int(r.get("views"))
            except (redis.WatchError, redis.ConnectionError):
                pass

    return count_view


ALSO_RIGHT = [by_hash, by_sorted_set, watches_the_name]
