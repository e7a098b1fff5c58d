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
    by_url: "every pool made by `from_url`",
    retry_on_the_client: "A client that is given a pool ignores",
    without_a_pause: "It made 6 attempts, and all of them were over",
    checks_its_health: "A health check sends a PING before the command",
    for_ever: "means for ever",
    ten_by_default: "It makes 11 attempts",
    too_patient: "It makes 6 attempts, with pauses",
    gives_the_pool: "returned a pool",
}


# -- other shapes


def _patient(**settings):
    return {"retry": Retry(ConstantBackoff(0.05), 8), **settings}


def on_these_errors(host, port):  # "that makes it try again": once, and without a pause
    pool = redis.ConnectionPool(host=host, port=port, retry_on_error=[redis.ConnectionError])
    return redis.Redis(connection_pool=pool)


def after_timeouts_only(host, port):
    retry = Retry(ConstantBackoff(0.05), 10, supported_errors=(redis.TimeoutError,))
    return redis.Redis(host=host, port=port, retry=retry)


def three_short_pauses(host, port):
    return redis.Redis(host=host, port=port, retry=Retry(ConstantBackoff(0.05), 3))


def other_database(host, port):
    return redis.Redis(host=host, port=port, db=3, **_patient())


def none_for_an_error(host, port):
    class Quiet(redis.Redis):
        def execute_command(self, *words, **options):
            try:
                return super().execute_command(*words, **options)
            except redis.ConnectionError:
                return None

    return Quiet(host=host, port=port, **_patient())


def an_error_of_its_own(host, port):
    class Own(redis.Redis):
        def execute_command(self, *words, **options):
            try:
                return super().execute_command(*words, **options)
            except redis.ConnectionError as error:
                raise RuntimeError("Redis is gone") from error

    return Own(host=host, port=port, **_patient())


def remembers(host, port):  # "the last answer is better than none"
    class Remembering(redis.Redis):
        def get(self, name):
            try:
                self.last = super().get(name)
            except redis.ConnectionError:
                if not hasattr(self, "last"):
                    raise
            return self.last

    return Remembering(host=host, port=port, retry=Retry(NoBackoff(), 0))


def sleeps_first(host, port):  # "if it is slow it is safe"
    class Slow(redis.Redis):
        def execute_command(self, *words, **options):
            time.sleep(0.3)
            return super().execute_command(*words, **options)

    return Slow(host=host, port=port, retry=Retry(NoBackoff(), 1))


def a_loop_around_the_retries(host, port):  # both, and so their product
    class Loop(redis.Redis):
        def execute_command(self, *words, **options):
            for _ in range(4):
                try:
                    return super().execute_command(*words, **options)
                except redis.ConnectionError as error:
                    last = error
            raise last

    return Loop(host=host, port=port, **_patient())


def retries_for_one_outage(host, port):
    left = [12]

    class Once(redis.Redis):
        def execute_command(self, *words, **options):
            while True:
                try:
                    return super().execute_command(*words, **options)
                except redis.ConnectionError:
                    left[0] -= 1
                    if left[0] < 0:
                        raise
                    time.sleep(0.04)

    return Once(host=host, port=port, retry=Retry(NoBackoff(), 0))


def asks_for_ever(host, port):
    class Patient(redis.Redis):
        def execute_command(self, *words, **options):
            while True:
                try:
                    return super().execute_command(*words, **options)
                except redis.ConnectionError:
                    time.sleep(0.05)

    return Patient(host=host, port=port, retry=Retry(NoBackoff(), 0))


def a_thousand_times(host, port):  # "enough retries outlast everything"
    return redis.Redis(host=host, port=port, retry=Retry(NoBackoff(), 1000))


ALSO_WRONG = {
    a_thousand_times: "may make 1,001 attempts, and 50 are allowed",
    asks_for_ever: "makes 1 attempt, and your class may call again",
    a_little_too_patient: "its error after more than 0.8 s",
    on_these_errors: "It made 2 attempts",
    after_timeouts_only: "`supported_errors`",
    three_short_pauses: "It made 4 attempts",
    other_database: "Does your client connect to that database?",
    none_for_an_error: "The caller has to know that Redis can't be reached",
    an_error_of_its_own: "`RuntimeError: Redis is gone`",
    remembers: "Your client remembered that value",
    sleeps_first: "Only an outage should cost time",
    a_loop_around_the_retries: "your class may call again",
    retries_for_one_outage: "Redis was back soon afterwards",
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


def replaces_get(host: str, port: int) -> Any:
    r = redis.Redis(host=host, port=port, retry=Retry(NoBackoff(), 0))
    get = r.get

    def patient_get(name: str) -> Any:
        for pause in (0.1, 0.1, 0.1, 0.1):
            try:
                return get(name)
            except redis.ConnectionError:
                time.sleep(pause)
        return get(name)

    r.get = patient_get  # type: ignore[method-assign]
    return r


ALSO_RIGHT = [
    replaces_get,
    retry_of_the_client_itself,
    by_url_with_a_retry,
    blocking_and_exponential,
    loops_by_hand,
]
