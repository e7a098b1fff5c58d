"""Answers to `health-check`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry


def tries_again(host, port):  # "Redis() survives a cut by itself"
    r = redis.Redis(host=host, port=port, socket_keepalive=True)

    def count_view():
        return r.incr("views:home")

    return count_view


def check_without_retry(host, port):  # "the health check mends the connection"
    pool = redis.ConnectionPool(host=host, port=port, health_check_interval=0.1)
    r = redis.Redis(connection_pool=pool)

    def count_view():
        return r.incr("views:home")

    return count_view


def too_rarely(host, port):  # "any interval keeps it alive, in the background"
    r = redis.Redis(host=host, port=port, health_check_interval=30)

    def count_view():
        return r.incr("views:home")

    return count_view


def counts_by_itself(host, port):
    views = 0

    def count_view():
        nonlocal views
        views += 1
        return views

    return count_view


def sets_its_own_count(host, port):  # "SET may be done twice, so SET"
    r = redis.Redis(host=host, port=port)
    views = 0

    def count_view():
        nonlocal views
        views += 1
        r.set("views:home", views)
        return views

    return count_view


def line_for_each(host, port):
    def count_view():
        with redis.Redis(host=host, port=port) as r:
            return r.incr("views:home")

    return count_view


def pings_each_time(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view():
        r.ping()
        return r.incr("views:home")

    return count_view


def without_retries(host, port):
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view():
        return r.incr("views:home")

    return count_view


def swallows_the_error(host, port):
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view():
        try:
            return r.incr("views:home")
        except redis.ConnectionError:
            return None

    return count_view


def counts_at_once(host, port):
    pool = redis.ConnectionPool(host=host, port=port, health_check_interval=0.1, retry=Retry(ConstantBackoff(0.01), 1))
    return redis.Redis(connection_pool=pool).incr("views:home")


def reads_it_back(host, port):  # "then I ask how many there are": others counted meanwhile
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view():
        try:
            return r.incr("views:home")
        except redis.ConnectionError:
            return int(r.get("views:home"))

    return count_view


WRONG = {
    tries_again: "What could you send first that does no harm",
    check_without_retry: "What sends the PING a second time?",
    too_rarely: "yours is checked after 30 s",
    sets_its_own_count: "What does the adding, Redis or your program?",
    line_for_each: "20 views in a row opened 20 connections",
    pings_each_time: "came with 20 PINGs",
    without_retries: "a caller that retries counts it twice",
    reads_it_back: "the number of a view that another program had counted",
}


# -- other shapes


def reads_then_writes(host, port):
    r = redis.Redis(host=host, port=port, health_check_interval=0.1)

    def count_view():
        number = int(r.get("views:home") or 0) + 1
        r.set("views:home", number)
        return number

    return count_view


def adds_to_what_it_knows(host, port):
    r = redis.Redis(host=host, port=port, health_check_interval=0.1)
    number = 0

    def count_view():
        nonlocal number
        r.incr("views:home")
        number += 1
        return number

    return count_view


def takes_it_back(host, port):  # DECR for the one that may have been too many
    r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))

    def count_view():
        try:
            return r.incr("views:home")
        except redis.ConnectionError:
            r.decr("views:home")
            return r.incr("views:home")

    return count_view


def pings_before_the_first_two(host, port):  # once is not always
    r = redis.Redis(host=host, port=port)
    calls = 0

    def count_view():
        nonlocal calls
        calls += 1
        if calls in (1, 22):
            r.ping()
        return r.incr("views:home")

    return count_view


def other_database(host, port):
    r = redis.Redis(host=host, port=port, db=2, health_check_interval=0.1)
    return lambda: r.incr("views:home")


def tcp_keepalive(host, port):  # "keepalive keeps it alive"
    pool = redis.ConnectionPool(host=host, port=port, socket_keepalive=True)
    r = redis.Redis(connection_pool=pool)
    return lambda: r.incr("views:home")


ALSO_WRONG = {
    counts_by_itself: "in Redis `views:home` is 0",
    swallows_the_error: "`count_view` returned `None`",
    counts_at_once: "Was it called already?",
    reads_then_writes: "What does the adding, Redis or your program?",
    adds_to_what_it_knows: "What does the adding, Redis or your program?",
    takes_it_back: "the number of a view that another program had counted",
    pings_before_the_first_two: "What could you send first that does no harm",
    other_database: "in Redis `views:home` is 0",
    tcp_keepalive: "a caller that retries counts it twice",
}


# -- right in other words


Function = Callable[..., Any]


def pool_that_is_told_both(host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, health_check_interval=0.15, retry=Retry(NoBackoff(), 1))
    return lambda: redis.Redis(connection_pool=pool).incr("views:home")


def looks_at_the_clock(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port)
    last = time.monotonic()

    def count_view() -> Any:
        nonlocal last
        if time.monotonic() - last > 0.15:
            r.ping()
        last = time.monotonic()
        return r.incrby("views:home", 1)

    return count_view


def hangs_up_after_a_quiet_time(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port)
    last = time.monotonic()

    def count_view() -> Any:
        nonlocal last
        if time.monotonic() - last > 0.15:
            r.echo("still there?")
        last = time.monotonic()
        return r.incr("views:home")

    return count_view


def hangs_up_itself(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port)
    last = time.monotonic()

    def count_view() -> Any:
        nonlocal last
        if time.monotonic() - last > 0.15:
            r.connection_pool.disconnect()
            r.ping()
        last = time.monotonic()
        return r.incr("views:home")

    return count_view


def pings_in_the_background(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port)

    def ping() -> None:
        while True:
            time.sleep(0.05)
            try:
                r.ping()
            except redis.RedisError:
                return

    Thread(target=ping, daemon=True).start()
    return lambda: r.incr("views:home")


class ClosesWhatWasQuiet:
    """Opens another connection after a quiet time, so that nothing is sent on a dead one."""

    def __init__(self, host: str, port: int) -> None:
        self.r = redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port))
        self.last = time.monotonic()

    def __call__(self) -> Any:
        if time.monotonic() - self.last > 0.1:
            self.r.connection_pool.disconnect(inuse_connections=False)
        try:
            return self.r.incr("views:home")
        finally:
            self.last = time.monotonic()


def watches_the_counter(host: str, port: int) -> Function:
    """Reads and writes, and begins again when another program was faster."""
    r = redis.Redis(host=host, port=port, health_check_interval=0.1)

    def count_view() -> Any:
        while True:
            with r.pipeline() as pipe:
                try:
                    pipe.watch("views:home")
                    number = int(pipe.get("views:home") or 0) + 1
                    pipe.multi()
                    pipe.set("views:home", number)
                    pipe.execute()
                    return number
                except redis.WatchError:
                    continue

    return count_view


ALSO_RIGHT = [
    watches_the_counter,
    ClosesWhatWasQuiet,
    pool_that_is_told_both,
    looks_at_the_clock,
    hangs_up_after_a_quiet_time,
    hangs_up_itself,
    pings_in_the_background,
]
