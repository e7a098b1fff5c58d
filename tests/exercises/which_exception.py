"""Answers to `which-exception`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from queue import Empty
from typing import Any

import redis

from tutorial_lib.pools.snapshot import snapshot


def one_clause(pool):  # "except ConnectionError means Redis is down"
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except (redis.ConnectionError, redis.TimeoutError):
        return "down"


def always_busy(pool):
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except (redis.ConnectionError, redis.TimeoutError):
        return "busy"


def one_class_for_full(pool):  # "one except clause fits both pools"
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except redis.MaxConnectionsError:
        return "busy"
    except (redis.ConnectionError, redis.TimeoutError):
        return "down"


def timeout_is_busy(pool):  # "the pool's timeout ends in a TimeoutError"
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except (redis.MaxConnectionsError, redis.TimeoutError):
        return "busy"
    except redis.ConnectionError as error:
        return "busy" if "available" in str(error) else "down"


def forgets_silence(pool):  # "a TimeoutError is a ConnectionError"
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except redis.MaxConnectionsError:
        return "busy"
    except redis.ConnectionError as error:
        return "busy" if str(error) == "No connection available." else "down"


def counts_first(pool):
    if snapshot(pool).in_use >= pool.max_connections:
        return "busy"
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except (redis.ConnectionError, redis.TimeoutError):
        return "down"


def borrows_and_keeps(pool):
    try:
        connection = pool.get_connection()
        connection.send_command("GET", "greeting")
        return connection.read_response().decode()
    except redis.MaxConnectionsError:
        return "busy"
    except (redis.ConnectionError, redis.TimeoutError) as error:
        return "busy" if str(error) == "No connection available." else "down"


def in_bytes(pool):
    return redis.Redis(connection_pool=pool, decode_responses=True).get("greeting")


WRONG = {
    one_clause: "The `ConnectionPool` had lent all it may. `ask` said `'down'`",
    always_busy: "Nobody listened where the `ConnectionPool` leads. `ask` said `'busy'`",
    one_class_for_full: "The `BlockingConnectionPool` had lent all it may, and 0.1 s passed. `ask` said `'down'`",
    timeout_is_busy: "the reply was not there after `socket_timeout`, 0.2 s. `ask` said `'busy'`",
    forgets_silence: "`ask` raised `TimeoutError: Timeout reading from socket`",
    counts_first: "old as soon as it is read",
    borrows_and_keeps: "in_use was 0 before it and is 1 now",
    in_bytes: "These are bytes",
}


# -- right in other words


def by_what_it_was_raised_from(pool: Any) -> Any:
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except redis.ConnectionError as error:
        return "busy" if isinstance(error.__context__, (IndexError, Empty)) else "down"
    except redis.TimeoutError:
        return "down"


def by_the_text_alone(pool: Any) -> Any:
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except redis.RedisError as error:
        return "busy" if str(error) in ("Too many connections", "No connection available.") else "down"


def by_the_count_afterwards(pool: Any) -> Any:
    try:
        return redis.Redis(connection_pool=pool).get("greeting").decode()
    except (redis.ConnectionError, redis.TimeoutError):
        _, (in_use, _) = pool.get_connection_count()
        return "busy" if in_use >= pool.max_connections else "down"


def borrows_first(pool: Any) -> Any:
    try:
        connection = pool.get_connection()
    except redis.RedisError as error:
        full = isinstance(error, redis.MaxConnectionsError) or "available" in str(error)
        return "busy" if full else "down"
    try:
        connection.send_command("GET", "greeting")
        return connection.read_response().decode()
    except redis.RedisError:
        return "down"
    finally:
        pool.release(connection)


ALSO_RIGHT = [by_what_it_was_raised_from, by_the_text_alone, by_the_count_afterwards, borrows_first]
