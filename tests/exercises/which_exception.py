"""Answers to `which-exception`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import builtins
import threading
from queue import Empty

import redis

from tutorial_lib import snapshot


def get(pool):
    """Return the text, or raise what redis-py raises."""
    return redis.Redis(connection_pool=pool).get("greeting").decode()


def right(pool):
    """Return what is asked for. Some answers below do this, and harm besides."""
    try:
        return get(pool)
    except redis.MaxConnectionsError:
        return "busy"
    except (redis.ConnectionError, redis.TimeoutError) as error:
        return "busy" if str(error) == "No connection available." else "down"


def clauses_in_the_wrong_order(pool):  # "Python takes the clause that fits best"
    try:
        return get(pool)
    except (redis.ConnectionError, redis.TimeoutError):
        return "down"
    except redis.MaxConnectionsError:
        return "busy"


def always_busy(pool):
    try:
        return get(pool)
    except (redis.ConnectionError, redis.TimeoutError):
        return "busy"


def one_class_for_exhausted(pool):  # "one except clause fits both pools"
    try:
        return get(pool)
    except redis.MaxConnectionsError:
        return "busy"
    except (redis.ConnectionError, redis.TimeoutError):
        return "down"


def timeout_is_busy(pool):  # "the pool's timeout ends in a TimeoutError"
    try:
        return get(pool)
    except (redis.MaxConnectionsError, redis.TimeoutError):
        return "busy"
    except redis.ConnectionError as error:
        return "busy" if "available" in str(error) else "down"


def forgets_silence(pool):  # "a TimeoutError is a ConnectionError"
    try:
        return get(pool)
    except redis.MaxConnectionsError:
        return "busy"
    except redis.ConnectionError as error:
        return "busy" if str(error) == "No connection available." else "down"


def counts_first(pool):
    if snapshot(pool).in_use >= pool.max_connections:
        return "busy"
    try:
        return get(pool)
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


def makes_room(pool):  # "nobody needs those any more"
    said = right(pool)
    if said == "busy":
        pool.disconnect()
    return said


WRONG = {
    clauses_in_the_wrong_order: "Python takes the first `except` that fits",
    always_busy: "No server listened at the address of the `ConnectionPool`. `ask` returned `'busy'`",
    one_class_for_exhausted: "The `BlockingConnectionPool` was exhausted, and stayed so for its `timeout` of 0.1 s",
    timeout_is_busy: "within the `socket_timeout` of 0.2 s. `ask` returned `'busy'`",
    forgets_silence: "`ask` raised `TimeoutError: Timeout reading from socket`",
    counts_first: "out of date as soon as it is read",
    borrows_and_keeps: "in_use was 0 before it and is 1 now",
    makes_room: "another caller lost the connection that it had borrowed",
}


def in_bytes(pool):
    return redis.Redis(connection_pool=pool, decode_responses=True).get("greeting")


def errors_of_python(pool):  # "ConnectionError is ConnectionError"
    try:
        return get(pool)
    except redis.MaxConnectionsError:
        return "busy"
    except (builtins.ConnectionError, builtins.TimeoutError):
        return "down"


def asks_elsewhere_first(pool):  # and another pool knows nothing about this one
    where = {name: pool.connection_kwargs[name] for name in ("host", "port")}
    try:
        redis.Redis(**where).ping()
    except redis.RedisError:
        return "down"
    return right(pool)


def returns_the_error(pool):
    try:
        return get(pool)
    except redis.RedisError as error:
        return error


def prints_it(pool):
    print(right(pool))


def with_a_capital(pool):
    said = right(pool)
    return said.title() if said in ("busy", "down") else said


class OnceDownAlwaysDown:
    """Remembers what it has said of other pools."""

    seen = False

    def __call__(self, pool):
        said = "down" if self.seen else right(pool)
        self.seen = said == "down"
        return said


def forgets_the_others(pool):  # `reset` begins anew, and what others borrowed is lost
    said = right(pool)
    if said == "busy":
        pool.reset()
    return said


def in_a_hurry(pool):  # for everybody
    pool.connection_kwargs["socket_timeout"] = 0.05
    return right(pool)


ALSO_WRONG = {
    in_bytes: "These are bytes",
    errors_of_python: "Of which classes is that error a kind",
    asks_elsewhere_first: "opened 4 connections, and 2 were enough",
    returns_the_error: "That is the exception itself",
    prints_it: "It printed the word",
    with_a_capital: "Capital letters count",
    OnceDownAlwaysDown(): "Redis was fine at that moment",
    forgets_the_others: "another caller lost the connection",
    in_a_hurry: "`socket_timeout` was not set and is now `0.05`",
}


# -- right in other words


def by_what_it_was_raised_from(pool):
    try:
        return get(pool)
    except redis.ConnectionError as error:
        return "busy" if isinstance(error.__context__, (IndexError, Empty)) else "down"
    except redis.TimeoutError:
        return "down"


def by_the_text_alone(pool):
    try:
        return get(pool)
    except redis.RedisError as error:
        return "busy" if str(error) in ("Too many connections", "No connection available.") else "down"


def by_the_count_afterwards(pool):
    try:
        return get(pool)
    except (redis.ConnectionError, redis.TimeoutError):
        _, (in_use, _) = pool.get_connection_count()
        return "busy" if in_use >= pool.max_connections else "down"


def borrows_first(pool):
    try:
        connection = pool.get_connection()
    except redis.RedisError as error:
        exhausted = isinstance(error, redis.MaxConnectionsError) or "available" in str(error)
        return "busy" if exhausted else "down"
    try:
        connection.send_command("GET", "greeting")
        return connection.read_response().decode()
    except redis.RedisError:
        return "down"
    finally:
        pool.release(connection)


class Ask:
    def __call__(self, pool):
        try:
            return get(pool)
        except redis.RedisError as error:
            return self.why(*error.args)

    def why(self, text, *more):
        return {"Too many connections": "busy", "No connection available.": "busy"}.get(text, "down")


def in_a_thread(pool):
    found = []
    thread = threading.Thread(target=lambda: found.append(right(pool)))
    thread.start()
    thread.join()
    return found[0]


ALSO_RIGHT = [
    by_what_it_was_raised_from,
    by_the_text_alone,
    by_the_count_afterwards,
    borrows_first,
    Ask(),
    in_a_thread,
]
