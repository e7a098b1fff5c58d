"""Answers to `fail-fast`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
import threading
import time
from queue import Empty, Queue

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def shop_on(pool, errors=redis.RedisError):
    """Return the pool, and a `greet` that has another text for these errors."""
    r = redis.Redis(connection_pool=pool)

    def greet():
        try:
            return r.get("greeting").decode()
        except errors:
            return "Welcome!"

    return pool, greet


def blocking(host, port, timeout=0.15, socket_timeout=0.1, **settings):
    """Return a pool of 2 that waits for a connection and for a reply as long as it is told."""
    return redis.BlockingConnectionPool(
        host=host, port=port, max_connections=2, timeout=timeout, socket_timeout=socket_timeout, **settings
    )


def default_timeout(host, port):  # 20 s
    return shop_on(redis.BlockingConnectionPool(host=host, port=port, max_connections=2, socket_timeout=0.1))


def no_wait(host, port):
    return shop_on(redis.ConnectionPool(host=host, port=port, max_connections=2, socket_timeout=0.1))


def timeout_for_all(host, port):  # "timeout= limits the command"
    return shop_on(blocking(host, port, socket_timeout=None))


def adds_up(host, port):  # "each of the two waits may take 0.2 s"
    return shop_on(blocking(host, port, timeout=0.2, socket_timeout=0.2))


def tries_again(host, port):  # "0.1 s is 0.1 s", and each of three retries takes as long again
    return shop_on(blocking(host, port, timeout=0.1, socket_timeout=0.1, retry=Retry(NoBackoff(), 3)))


def only_connection_error(host, port):  # "a TimeoutError is a ConnectionError"
    return shop_on(blocking(host, port), redis.ConnectionError)


def another_pool(host, port):  # "then the others are not in my way"
    return blocking(host, port), shop_on(blocking(host, port))[1]


def goes_on_in_a_thread(host, port):  # in time, while its connection stays borrowed
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2)

    def greet():
        answers = Queue()
        r = redis.Redis(connection_pool=pool)
        threading.Thread(target=lambda: answers.put(r.get("greeting").decode()), daemon=True).start()
        try:
            return answers.get(timeout=0.25)
        except Empty:
            return "Welcome!"

    return pool, greet


WRONG = {
    default_timeout: "`timeout` is 20 s",
    no_wait: "did not wait for it",
    timeout_for_all: "What limits the wait for a reply",
    adds_up: "The wait for a connection and the wait for a reply add up",
    tries_again: "is it tried again",
    only_connection_error: "raised `TimeoutError: Timeout reading from socket`",
    another_pool: "has 0 idle connections",
    goes_on_in_a_thread: "what it had begun went on without it",
}


def too_short_timeout(host, port):  # 0.1 s is asked for
    return shop_on(blocking(host, port, timeout=0.02))


def waits_for_ever(host, port):
    return shop_on(blocking(host, port, timeout=None))


def only_max_connections(host, port):  # "one except clause fits both pools"
    return shop_on(blocking(host, port), redis.MaxConnectionsError)


def in_bytes(host, port):
    pool = blocking(host, port)
    return pool, lambda: redis.Redis(connection_pool=pool).get("greeting")


def remembers(host, port):  # an old text is not what was asked for
    pool, greet = shop_on(blocking(host, port))
    return pool, functools.cache(greet)


def closes_for_everybody(host, port):  # "something is stuck, so begin anew"
    pool, greet = shop_on(blocking(host, port))

    def greet_or_close():
        text = greet()
        if text == "Welcome!":
            pool.disconnect()
        return text

    return pool, greet_or_close


def makes_room(host, port):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=2, socket_timeout=0.1)

    def greet():
        try:
            return redis.Redis(connection_pool=pool).get("greeting").decode()
        except redis.MaxConnectionsError:
            pool.max_connections += 1
            return greet()

    return pool, greet


def leaves_the_reply(host, port):  # the next caller gets it
    pool = blocking(host, port)

    def greet():
        try:
            connection = pool.get_connection()
        except redis.RedisError:
            return "Welcome!"
        try:
            connection.send_command("GET", "greeting")
            return connection.read_response(disconnect_on_error=False).decode()
        except redis.RedisError:
            return "Welcome!"
        finally:
            pool.release(connection)

    return pool, greet


def loses_its_connection(host, port):
    pool = blocking(host, port)

    def greet():
        try:
            connection = pool.get_connection()
            connection.send_command("GET", "greeting")
            text = connection.read_response().decode()
        except redis.RedisError:
            return "Welcome!"
        pool.release(connection)
        return text

    return pool, greet


def other_way_round(host, port):
    return shop_on(blocking(host, port))[::-1]


def the_pool_alone(host, port):
    return blocking(host, port)


ALSO_WRONG = {
    too_short_timeout: "did not wait for it",
    waits_for_ever: "`None`, so it waits for ever",
    only_max_connections: "raised `ConnectionError: No connection available.`",
    in_bytes: "returned `b'Good evening'`",
    remembers: "may be an old text",
    closes_for_everybody: "`greet` closed them",
    makes_room: "raised the limit of the pool: it was 2 and is now 3",
    leaves_the_reply: "before Redis had replied",
    loses_its_connection: "not every connection has come back",
    other_way_round: "the other way round",
    the_pool_alone: "two things, `pool` and `greet`",
}


# -- right in other words


def greets_by_hand(host, port):
    pool = blocking(host, port, timeout=0.12, socket_timeout=0.12)

    def greet():
        connection = None
        try:
            connection = pool.get_connection()
            connection.send_command("GET", "greeting")
            return str(connection.read_response(), "utf-8")
        except redis.RedisError:
            return "Welcome!"
        finally:
            if connection:
                pool.release(connection)

    return pool, greet


def tries_twice_in_time(host, port):
    return shop_on(blocking(host, port, timeout=0.12, socket_timeout=0.05, retry=Retry(NoBackoff(), 1)))


def decorated(host, port):
    def or_welcome(function):
        @functools.wraps(function)
        def inner():
            try:
                return function()
            except (redis.ConnectionError, redis.TimeoutError):
                return "Welcome!"

        return inner

    url = f"redis://{host}:{port}?max_connections=2&timeout=0.13&socket_timeout=0.12"
    pool = redis.BlockingConnectionPool.from_url(url, decode_responses=True)

    @or_welcome
    def greet():
        return redis.Redis(connection_pool=pool).get("greeting")

    return pool, greet


def asks_a_plain_pool_again(host, port):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=2, socket_timeout=0.1, decode_responses=True)

    def greet():
        end = time.monotonic() + 0.15
        while time.monotonic() < end:
            try:
                return redis.Redis(connection_pool=pool).get("greeting")
            except redis.MaxConnectionsError:
                time.sleep(0.005)
            except (redis.ConnectionError, redis.TimeoutError):
                break
        return "Welcome!"

    return pool, greet


def answers_in_a_thread(host, port):  # which is over as soon as `greet` is
    pool, greet = shop_on(blocking(host, port, timeout=0.12, socket_timeout=0.12))

    def greet_in_a_thread():
        answers = Queue()
        threading.Thread(target=lambda: answers.put(greet()), daemon=True).start()
        return answers.get(timeout=1)

    return pool, greet_in_a_thread


ALSO_RIGHT = [greets_by_hand, tries_twice_in_time, decorated, asks_a_plain_pool_again, answers_in_a_thread]
