"""Lesson 08's exercises, right in other words."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, Queue
from threading import Thread
from typing import Any

import redis
from redis.backoff import ConstantBackoff, EqualJitterBackoff, ExponentialBackoff, NoBackoff
from redis.retry import Retry

Function = Callable[..., Any]

# -- survive-a-restart


def retry_of_the_client_itself(host: str, port: int) -> Any:
    return redis.Redis(host=host, port=port, decode_responses=True, retry=Retry(ConstantBackoff(0.15), 4))


def by_url_with_a_retry(host: str, port: int) -> Any:
    return redis.Redis.from_url(f"redis://{host}:{port}", retry=Retry(ConstantBackoff(0.06), 10))


def blocking_and_exponential(host: str, port: int) -> Any:
    retry = Retry(ExponentialBackoff(base=0.05, cap=0.2), 3)
    return redis.Redis(connection_pool=redis.BlockingConnectionPool(host=host, port=port, retry=retry))


def loops_by_hand(host: str, port: int) -> Any:
    class Patient(redis.Redis):
        def execute_command(self, *words: Any, **options: Any) -> Any:
            for _ in range(10):
                try:
                    return super().execute_command(*words, **options)
                except redis.ConnectionError:
                    time.sleep(0.06)
            return super().execute_command(*words, **options)

    return Patient(connection_pool=redis.ConnectionPool(host=host, port=port))


# -- bounded-wait


def limits_of_the_client_itself(host: str, port: int) -> Function:
    r = redis.Redis(
        host=host, port=port, decode_responses=True, socket_timeout=0.17, retry=Retry(ConstantBackoff(0.01), 2)
    )

    def greet() -> Any:
        try:
            return r.get("greeting")
        except redis.RedisError:
            return "Welcome!"

    return greet


def asks_in_a_thread(host: str, port: int) -> Function:
    r = redis.Redis(host=host, port=port, socket_timeout=1)

    def greet() -> Any:
        answers: Queue[str] = Queue()

        def ask() -> None:
            try:
                answers.put(r.get("greeting").decode())
            except redis.RedisError:
                answers.put("Welcome!")

        Thread(target=ask, daemon=True).start()
        try:
            return answers.get(timeout=0.5)
        except Empty:
            return "Welcome!"

    return greet


def asks_twice_by_hand(host: str, port: int) -> Function:
    pool = redis.BlockingConnectionPool(host=host, port=port, timeout=0.1, socket_timeout=0.25)

    def greet() -> Any:
        for _ in range(2):
            try:
                return redis.Redis(connection_pool=pool).get("greeting").decode()
            except (redis.ConnectionError, redis.TimeoutError):
                pass
        return "Welcome!"

    return greet


# -- health-check


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


# -- count-once


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


# -- safe-default


def pool_with_jitter(host: str, port: int) -> Any:
    return redis.BlockingConnectionPool(
        host=host,
        port=port,
        max_connections=4,
        timeout=0.5,
        socket_timeout=0.06,
        retry=Retry(EqualJitterBackoff(base=0.3, cap=0.52), 1),
    )


def pool_by_url(host: str, port: int) -> Any:
    return redis.BlockingConnectionPool.from_url(
        f"redis://{host}:{port}/0?max_connections=4&timeout=0.3&socket_timeout=0.08",
        retry=Retry(ConstantBackoff(0.15), 2),
        decode_responses=True,
        protocol=2,
    )


def plain_pool_that_asks_again(host: str, port: int) -> Any:
    class Patient(redis.ConnectionPool):
        def get_connection(self, *words: Any, **options: Any) -> Any:
            for _ in range(10):
                try:
                    return super().get_connection()
                except redis.MaxConnectionsError:
                    time.sleep(0.02)
            return super().get_connection()

    return Patient(
        host=host, port=port, max_connections=4, socket_timeout=0.1, retry=Retry(ExponentialBackoff(0.3, 0.15), 1)
    )


ALSO_RIGHT: dict[str, list[Callable[..., Any]]] = {
    "survive-a-restart": [
        retry_of_the_client_itself,
        by_url_with_a_retry,
        blocking_and_exponential,
        loops_by_hand,
    ],
    "bounded-wait": [limits_of_the_client_itself, asks_in_a_thread, asks_twice_by_hand],
    "health-check": [
        pool_that_is_told_both,
        looks_at_the_clock,
        hangs_up_after_a_quiet_time,
        hangs_up_itself,
        pings_in_the_background,
    ],
    "count-once": [by_hash, by_sorted_set, watches_the_name],
    "safe-default": [pool_with_jitter, pool_by_url, plain_pool_that_asks_again],
}
