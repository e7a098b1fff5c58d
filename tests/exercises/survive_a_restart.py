"""Answers to `survive-a-restart`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import time
from typing import Any

import redis
from redis.backoff import ConstantBackoff, ExponentialBackoff, NoBackoff
from redis.retry import Retry


def by_url(host, port):  # "from_url is the same as Redis(host=...)"
    return redis.Redis.from_url(f"redis://{host}:{port}/0")


def retry_on_the_client(host, port):  # "the client's arguments count"
    pool = redis.ConnectionPool(host=host, port=port)
    return redis.Redis(connection_pool=pool, retry=Retry(ConstantBackoff(0.1), 5))


def without_a_pause(host, port):
    pool = redis.ConnectionPool(host=host, port=port, retry=Retry(NoBackoff(), 5))
    return redis.Redis(connection_pool=pool)


def checks_its_health(host, port):  # "health_check_interval keeps the connection alive"
    pool = redis.ConnectionPool(host=host, port=port, health_check_interval=1)
    return redis.Redis(connection_pool=pool)


def for_ever(host, port):
    pool = redis.ConnectionPool(host=host, port=port, retry=Retry(ConstantBackoff(0.1), -1))
    return redis.Redis(connection_pool=pool)


def ten_by_default(host, port):  # "Redis() does it by itself"
    return redis.Redis(host=host, port=port)


def too_patient(host, port):
    pool = redis.ConnectionPool(host=host, port=port, retry=Retry(ConstantBackoff(0.5), 5))
    return redis.Redis(connection_pool=pool)


def a_little_too_patient(host, port):
    pool = redis.ConnectionPool(host=host, port=port, retry=Retry(ConstantBackoff(0.083), 10))
    return redis.Redis(connection_pool=pool)


def gives_the_pool(host, port):
    return redis.ConnectionPool(host=host, port=port, retry=Retry(ConstantBackoff(0.1), 5))


WRONG = {
    by_url: "every pool that `from_url` makes",
    retry_on_the_client: "the client that is given a pool, or the pool",
    without_a_pause: "It had 6 tries, and they were over",
    checks_its_health: "A health check is a PING before the command",
    for_ever: "means: without end",
    ten_by_default: "It has 11 tries",
    too_patient: "It has 6 tries, and pauses",
    a_little_too_patient: "Asked for is 0.8 s at most",
    gives_the_pool: "returned a pool",
}


# -- right in other words


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


ALSO_RIGHT = [
    retry_of_the_client_itself,
    by_url_with_a_retry,
    blocking_and_exponential,
    loops_by_hand,
]
