"""Answers to `safe-default`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
import queue
import time
from typing import Any

import redis
from redis.backoff import ConstantBackoff, EqualJitterBackoff, ExponentialBackoff, NoBackoff
from redis.retry import Retry


def five_at_home(host, port):  # what lesson 01 began with
    return redis.ConnectionPool(host=host, port=port, max_connections=4)


def hardly_waits(host, port):
    retry = Retry(ConstantBackoff(0.13), 2)
    return redis.BlockingConnectionPool(
        host=host, port=port, max_connections=4, timeout=0.01, socket_timeout=0.1, retry=retry
    )


def no_pauses(host, port):
    return redis.BlockingConnectionPool(
        host=host, port=port, max_connections=4, timeout=0.2, socket_timeout=0.2, retry=Retry(NoBackoff(), 3)
    )


def never_waits(host, port):  # "retry waits for a free connection"
    retry = Retry(ConstantBackoff(0.13), 2)
    return redis.ConnectionPool(host=host, port=port, max_connections=4, socket_timeout=0.1, retry=retry)


def default_timeout(host, port):
    retry = Retry(ConstantBackoff(0.13), 2)
    return redis.BlockingConnectionPool(host=host, port=port, max_connections=4, socket_timeout=0.1, retry=retry)


def default_silence(host, port):  # "timeout= limits the command"
    retry = Retry(ConstantBackoff(0.13), 2)
    return redis.BlockingConnectionPool(host=host, port=port, max_connections=4, timeout=0.2, retry=retry)


def too_stubborn(host, port):  # "more tries are safer"
    retry = Retry(ConstantBackoff(0.1), 10)
    return redis.BlockingConnectionPool(
        host=host, port=port, max_connections=4, timeout=0.2, socket_timeout=0.1, retry=retry
    )


def default_limit(host, port):
    retry = Retry(ConstantBackoff(0.3), 1)
    return redis.BlockingConnectionPool(host=host, port=port, timeout=0.2, socket_timeout=0.1, retry=retry)


def plain_timeout(host, port):  # an argument of the other class
    retry = Retry(ConstantBackoff(0.3), 1)
    return redis.ConnectionPool(host=host, port=port, max_connections=4, timeout=0.2, socket_timeout=0.1, retry=retry)


def of_a_client(host, port):
    retry = Retry(ConstantBackoff(0.3), 1)
    return redis.Redis(host=host, port=port, max_connections=4, socket_timeout=0.1, retry=retry)


WRONG = {
    five_at_home: "What retries?",
    hardly_waits: "How long does this pool wait for a connection? Its `timeout` is 0.01 s",
    no_pauses: "It makes 4 attempts at most, and a refused connection fails at once",
    never_waits: "Which kind of pool waits",
    default_timeout: "Its `timeout` is 20 s",
    default_silence: "each attempt waits 5 s for a reply",
    too_stubborn: "It makes 11 attempts, each attempt waits 0.1 s for a reply",
    default_limit: "should hold 4 at most",
}


# -- other shapes


def _settings(**other):
    cuts_only = Retry(ConstantBackoff(0.05), 8, supported_errors=(redis.ConnectionError,))
    return {"max_connections": 4, "timeout": 0.3, "socket_timeout": 0.3, "retry": cuts_only, **other}


def no_limit_for_a_reply(host, port):
    return redis.BlockingConnectionPool(host=host, port=port, **_settings(socket_timeout=5))


def waits_a_second(host, port):
    return redis.BlockingConnectionPool(host=host, port=port, **_settings(timeout=1))


def twenty_at_once(host, port):
    retry = Retry(NoBackoff(), 20, supported_errors=(redis.ConnectionError,))
    return redis.BlockingConnectionPool(host=host, port=port, **_settings(retry=retry))


def checks_its_health(host, port):  # "a health check repairs it"
    return redis.BlockingConnectionPool(host=host, port=port, **_settings(retry=None, health_check_interval=0.1))


def only_one(host, port):
    return redis.BlockingConnectionPool(host=host, port=port, **_settings(max_connections=1))


def other_database(host, port):
    return redis.BlockingConnectionPool(host=host, port=port, db=5, **_settings())


def one_more_if_need_be(host, port):
    class Generous(redis.BlockingConnectionPool):
        def get_connection(self, *words, **options):
            try:
                return super().get_connection()
            except redis.ConnectionError:
                return self.make_connection()

    return Generous(host=host, port=port, **_settings())


def another_error(host, port):
    class Own(redis.BlockingConnectionPool):
        def get_connection(self, *words, **options):
            try:
                return super().get_connection()
            except redis.ConnectionError as error:
                if "No connection available" in str(error):
                    raise TimeoutError("the pool is exhausted") from error
                raise

    return Own(host=host, port=port, **_settings())


def keeps_what_was_cut(host, port):
    class Leaky(redis.BlockingConnectionPool):
        def release(self, connection):
            if connection._sock is not None:
                super().release(connection)

    return Leaky(host=host, port=port, **_settings())


def retries_for_one_outage(host, port):
    class Tired(ConstantBackoff):
        left = 9

        def compute(self, failures):
            Tired.left -= 1
            return 0.05 if Tired.left > 0 else 0

    retry = Retry(Tired(0.05), 8, supported_errors=(redis.ConnectionError,))
    return redis.BlockingConnectionPool(host=host, port=port, **_settings(retry=retry))


def just_as_long(host, port):  # comes back after 0.05 s, and is waited for as long
    return redis.BlockingConnectionPool(host=host, port=port, **_settings(timeout=0.05))


ALSO_WRONG = {
    just_as_long: "Its `timeout` is 0.05 s",
    plain_timeout: "unexpected keyword argument 'timeout'",
    of_a_client: "returned a client",
    no_limit_for_a_reply: "It waits 5 s for a reply",
    waits_a_second: "Its `timeout` is 1 s",
    twenty_at_once: "It makes 21 attempts at most",
    checks_its_health: "What retries?",
    only_one: "1 connections at once",
    other_database: "in database 0 holds a text",
    one_more_if_need_be: "something in the pool goes around that",
    another_error: "which isn't an error of redis-py",
    keeps_what_was_cut: "afterwards it has in_use=1",
    retries_for_one_outage: "down for 0.25 s again",
}


# -- right in other words


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


@functools.cache
def first_in_first_out(host: str, port: int) -> Any:
    return redis.BlockingConnectionPool(host=host, port=port, **_settings(queue_class=queue.Queue))


ALSO_RIGHT = [pool_with_jitter, pool_by_url, plain_pool_that_asks_again, first_in_first_out]
