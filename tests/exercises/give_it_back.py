"""Answers to `give-it-back`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis

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


def closes_the_pool(pool, words, meanwhile):  # "pool.close() fixes leaks"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    finally:
        pool.close()


def releases_at_the_end(pool, words, meanwhile):  # "nothing goes wrong between borrowing and releasing"
    connection = pool.get_connection()
    connection.send_command(*words)
    meanwhile()
    reply = connection.read_response()
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


def disconnects_the_pool(pool, words, meanwhile):  # "pool.disconnect() is for my connection"
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


def swallows(pool, words, meanwhile):  # "an error that I have dealt with is over"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    except BaseException:
        connection.disconnect()
    finally:
        pool.release(connection)


def always_disconnects(pool, words, meanwhile):  # "a fresh connection is safest"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    finally:
        connection.disconnect()
        pool.release(connection)


def releases_before_it_reads(pool, words, meanwhile):  # "what is left to do is only reading"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
    except BaseException:
        connection.disconnect()
        pool.release(connection)
        raise
    pool.release(connection)
    return connection.read_response()


WRONG = {
    closes_the_pool: "It is disconnected, but that changes nothing",
    releases_at_the_end: "Redis answered with an error, `WRONGTYPE`, and afterwards 1 of your connections is in use",
    returns_it_as_it_is: "got `b'SECRET'` and `b'hello'`",
    only_exceptions: "a `KeyboardInterrupt` is no `Exception`",
    disconnects_the_pool: "a connection that another caller had borrowed was closed",
    swallows: "the caller got `None` instead of the error",
    always_disconnects: "opened 2 connections",
    releases_before_it_reads: "released its connection first",
}


# -- the same mistakes in other shapes


def drops_it(pool, words, meanwhile):  # "when nothing refers to it any more, it is returned"
    connection = pool.get_connection()
    connection.send_command(*words)
    meanwhile()
    reply = connection.read_response()
    del connection
    return reply


def only_redis_errors(pool, words, meanwhile):  # "meanwhile() does not fail"
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


def resets_the_pool_and_releases(pool, words, meanwhile):  # "reset() resets my connection"
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


def leaves_it_to_the_client(pool, words, meanwhile):  # "the order does not matter"
    reply = redis.Redis(connection_pool=pool).execute_command(*words)
    meanwhile()
    return reply


def releases_with_the_reply_unread(pool, words, meanwhile):  # "a context manager that releases is enough"
    @contextlib.contextmanager
    def borrowed():
        connection = pool.get_connection()
        try:
            yield connection
        finally:
            pool.release(connection)

    with borrowed() as connection:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()


def asks_only_afterwards(pool, words, meanwhile):  # "the order does not matter"
    meanwhile()
    return redis.Redis(connection_pool=pool).execute_command(*words)


def disconnects_without_release(pool, words, meanwhile):  # "a closed connection is returned"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except BaseException:
        connection.disconnect()
        raise
    pool.release(connection)
    return reply


def returns_the_error(pool, words, meanwhile):  # "the reply is an error, so it is returned"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except redis.ResponseError as error:
        pool.release(connection)
        return error
    except BaseException:
        connection.disconnect()
        pool.release(connection)
        raise
    pool.release(connection)
    return reply


def forgets_server_errors(pool, words, meanwhile):
    # releases in an else branch: an error reply leaks
    connection = pool.get_connection()
    connection.send_command(*words)
    try:
        meanwhile()
    except BaseException:
        connection.disconnect()
        pool.release(connection)
        raise
    reply = connection.read_response()
    pool.release(connection)
    return reply


def own_pool(pool, words, meanwhile):  # never touches the pool that it was given
    how = pool.connection_kwargs
    with redis.Redis(host=how["host"], port=how["port"]) as r:
        connection = r.connection_pool.get_connection()
        try:
            connection.send_command(*words)
            meanwhile()
            return connection.read_response()
        finally:
            connection.disconnect()
            r.connection_pool.release(connection)


def resets_the_pool(pool, words, meanwhile):  # "reset() returns everything"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        reply = connection.read_response()
    except BaseException:
        pool.reset()
        raise
    pool.release(connection)
    return reply


def raises_another_error(pool, words, meanwhile):  # "one kind of error is easier for the caller"
    connection = pool.get_connection()
    try:
        connection.send_command(*words)
        meanwhile()
        return connection.read_response()
    except BaseException as error:
        connection.disconnect()
        raise RuntimeError("the question failed") from error
    finally:
        pool.release(connection)


def tries_twice(pool, words, meanwhile):  # "twice is safer"
    for _attempt in range(2):
        connection = pool.get_connection()
        try:
            connection.send_command(*words)
            meanwhile()
            reply = connection.read_response()
        except BaseException:
            connection.disconnect()
            raise
        finally:
            pool.release(connection)
    return reply


ALSO_WRONG = {
    raises_another_error: "the caller got `RuntimeError('the question failed')` instead of the error",
    tries_twice: "called `meanwhile()` 2 times",
    drops_it: "The reply came, and afterwards 1 of your connections is in use",
    only_redis_errors: "`meanwhile()` raised a `RuntimeError`, and afterwards 1 of your connections is in use",
    resets_the_pool_and_releases: "it has forgotten all of them",
    leaves_it_to_the_client: "you had no connection in use, and the server had already",
    releases_with_the_reply_unread: "got `b'SECRET'` and `b'hello'`",
    asks_only_afterwards: "had not received the command",
    disconnects_without_release: "It is disconnected, but that changes nothing",
    returns_the_error: "instead of the error",
    forgets_server_errors: "Redis answered with an error, `WRONGTYPE`, and afterwards 1",
    own_pool: "you had no connection in use",
    resets_the_pool: "it has forgotten all of them",
}


# -- right in other words


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


def two_exit_stacks(pool, words, meanwhile):
    with contextlib.ExitStack() as stack:
        connection = pool.get_connection()
        stack.callback(pool.release, connection)
        unread = stack.enter_context(contextlib.ExitStack())
        unread.callback(connection.disconnect)
        connection.send_command(*words)
        meanwhile()
        try:
            reply = connection.read_response()
        except redis.ResponseError:
            unread.pop_all()
            raise
        unread.pop_all()
        return reply


ALSO_RIGHT = [
    with_a_context_manager,
    reads_what_is_left,
    disconnects_unless_done,
    with_an_exit_stack,
    two_exit_stacks,
]
