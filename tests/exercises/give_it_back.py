"""Answers to `give-it-back`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis


def releases_at_the_end(pool, words, meanwhile):
    connection = pool.get_connection()
    connection.send_command(*words)
    meanwhile()
    reply = connection.read_response()
    pool.release(connection)
    return reply


def drops_it(pool, words, meanwhile):  # "when nobody refers to it any more, it goes back"
    connection = pool.get_connection()
    connection.send_command(*words)
    meanwhile()
    reply = connection.read_response()
    del connection
    return reply


def closes_the_pool(pool, words, meanwhile):  # "pool.close() cures leaks"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    finally:
        pool.close()


def only_redis_errors(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except redis.RedisError:
        connection.disconnect()
        pool.release(connection)
        raise
    pool.release(connection)
    return reply


def returns_it_as_it_is(pool, words, meanwhile):  # "finally and release, and all is well"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    finally:
        pool.release(connection)


def only_exceptions(pool, words, meanwhile):  # "except Exception catches everything"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    except Exception:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def cuts_everybody_off(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    except BaseException:
        pool.disconnect()
        raise
    finally:
        pool.release(connection)


def forgets_everybody(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    except BaseException:
        pool.reset()
        raise
    finally:
        pool.release(connection)


def swallows(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    except BaseException:
        connection.disconnect()
    finally:
        pool.release(connection)


def always_hangs_up(pool, words, meanwhile):
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    finally:
        connection.disconnect()
        pool.release(connection)


def leaves_it_to_the_client(pool, words, meanwhile):
    reply = redis.Redis(connection_pool=pool).execute_command(*words)
    meanwhile()
    return reply


WRONG = {
    drops_it: "The reply came, and afterwards 1 of yours is in use. Nothing but `release` gives it back. Is there",
    closes_the_pool: "Its wire is cut, which changes nothing",
    releases_at_the_end: "Redis answered with an error, `WRONGTYPE`, and afterwards 1 of yours is in use",
    only_redis_errors: "`meanwhile()` raised a `RuntimeError`, and afterwards 1 of yours is in use",
    returns_it_as_it_is: "a `RuntimeError` came between. The connection came back, and the next two questions, for "
    "`greeting` and `views:home`, were answered `b'SECRET'` and `b'hello'`",
    only_exceptions: "But a `KeyboardInterrupt` is no `Exception`",
    cuts_everybody_off: "was cut off",
    forgets_everybody: "it has forgotten everybody",
    swallows: "ended in a `ResponseError`, and the caller got `None`",
    always_hangs_up: "opened 2 connections",
    leaves_it_to_the_client: "When `meanwhile()` was called, you had 0 connections in use",
}


# -- right in other words


Function = Callable[..., Any]


@contextmanager
def borrowed(pool: Any) -> Iterator[Any]:
    connection = pool.get_connection()
    try:
        yield connection
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def with_a_context_manager(pool: Any, words: Any, meanwhile: Function) -> Any:
    with borrowed(pool) as connection:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()


def reads_what_is_left(pool: Any, words: Any, meanwhile: Function) -> Any:
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        try:
            meanwhile()
        except BaseException:
            connection.read_response()
            raise
        return connection.read_response()
    finally:
        pool.release(connection)


def disconnects_unless_done(pool: Any, words: Any, meanwhile: Function) -> Any:
    connection = pool.get_connection()
    done = False
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
        done = True
        return reply
    finally:
        if not done:
            connection.disconnect()
        pool.release(connection)


def with_an_exit_stack(pool: Any, words: Any, meanwhile: Function) -> Any:
    with ExitStack() as stack:
        connection = pool.get_connection()
        stack.callback(pool.release, connection)
        try:
            connection.send_command(*words)
            meanwhile()
            return connection.read_response()
        except (Exception, KeyboardInterrupt):
            connection.disconnect()
            raise


ALSO_RIGHT = [with_a_context_manager, reads_what_is_left, disconnects_unless_done, with_an_exit_stack]
