"""Answers to `safe-default`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import time
from typing import Any

import redis
from redis.backoff import ConstantBackoff, EqualJitterBackoff, ExponentialBackoff, NoBackoff
from redis.retry import Retry


def five_at_home(host, port):  # what lesson 02 began with
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


def default_patience(host, port):
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
    five_at_home: "Who is told to try again",
    hardly_waits: "How long does this pool wait for it? Its `timeout` is 0.01 s",
    no_pauses: "How long is it from the first try to the last",
    never_waits: "Which kind of pool waits for it",
    default_patience: "Its `timeout` is 20 s",
    default_silence: "each try may be silent for 5 s",
    too_stubborn: "It tries 11 times, and each try may be silent for 0.1 s",
    default_limit: "it should hold 4 at most",
    plain_timeout: "unexpected keyword argument 'timeout'",
    of_a_client: "returned a client",
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


ALSO_RIGHT = [pool_with_jitter, pool_by_url, plain_pool_that_asks_again]
