"""Answers to `async-retry`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff, EqualJitterBackoff, NoBackoff


def retry_of_redis(host, port):  # "there is one Retry"
    pool = redis.asyncio.ConnectionPool(host=host, port=port, retry=redis.retry.Retry(ConstantBackoff(0.1), 5))
    return redis.asyncio.Redis(connection_pool=pool)


def by_url(host, port):  # "from_url retries by itself"
    return redis.asyncio.from_url(f"redis://{host}:{port}/0")


def retry_on_the_client(host, port):  # "the client's arguments count"
    pool = redis.asyncio.ConnectionPool(host=host, port=port)
    return redis.asyncio.Redis(connection_pool=pool, retry=Retry(ConstantBackoff(0.1), 5))


def without_a_pause(host, port):
    return redis.asyncio.Redis(host=host, port=port, retry=Retry(NoBackoff(), 5))


def for_ever(host, port):
    return redis.asyncio.Redis(host=host, port=port, retry=Retry(ConstantBackoff(0.1), -1))


def ten_by_default(host, port):  # "Redis() does it by itself"
    return redis.asyncio.Redis(host=host, port=port)


class SleepingClient(redis.asyncio.Redis):
    async def execute_command(self, *args, **options):
        for _ in range(5):
            try:
                return await super().execute_command(*args, **options)
            except redis.ConnectionError:
                time.sleep(0.1)
        return await super().execute_command(*args, **options)


def sleeps(host, port):  # "a pause is time.sleep"
    return SleepingClient(host=host, port=port, retry=Retry(NoBackoff(), 0))


def without_asyncio(host, port):  # "then the client of redis, which has that Retry"
    return redis.Redis(host=host, port=port, retry=redis.retry.Retry(ConstantBackoff(0.1), 5))


WRONG = {
    retry_of_redis: "because its `retry` is one for `redis`",
    by_url: "because it has no `retry`",
    retry_on_the_client: "A client that is given a pool ignores",
    without_a_pause: "It made 6 attempts, and all of them were over",
    for_ever: "means for ever",
    ten_by_default: "It makes 11 attempts",
    sleeps: "no other task of the loop ran",
    without_asyncio: "whose commands wait without `await`",
}


# -- the same mistakes in other shapes


def not_for_this_error(host, port):
    retry = Retry(ConstantBackoff(0.1), 5, supported_errors=(redis.TimeoutError,))
    return redis.asyncio.Redis(host=host, port=port, retry=retry)


def sync_retry_set_later(host, port):
    r = redis.asyncio.Redis(host=host, port=port)
    r.set_retry(redis.retry.Retry(ConstantBackoff(0.1), 5))
    return r


def no_retries(host, port):
    return redis.asyncio.Redis(host=host, port=port, retry=Retry(ConstantBackoff(0.1), 0))


def a_number(host, port):  # "retry is how often"
    return redis.asyncio.Redis(host=host, port=port, retry=5)


def too_long(host, port):
    return redis.asyncio.Redis(host=host, port=port, retry=Retry(ConstantBackoff(0.5), 5))


def a_little_too_long(host, port):
    return redis.asyncio.Redis(host=host, port=port, retry=Retry(ConstantBackoff(0.085), 10))


class RememberingClient(redis.asyncio.Redis):
    remembered = None

    async def get(self, name):
        with contextlib.suppress(redis.ConnectionError):
            self.remembered = await super().get(name)
        return self.remembered


def remembers(host, port):
    return RememberingClient(host=host, port=port, retry=Retry(NoBackoff(), 0))


class SilentClient(redis.asyncio.Redis):
    async def get(self, name):
        try:
            return await super().get(name)
        except redis.ConnectionError:
            return None


def tells_no_one(host, port):
    return SilentClient(host=host, port=port, retry=Retry(ConstantBackoff(0.1), 5))


class TranslatingClient(redis.asyncio.Redis):
    async def get(self, name):
        try:
            return await super().get(name)
        except redis.ConnectionError as error:
            raise OSError("Redis is away") from error


def translates(host, port):
    return TranslatingClient(host=host, port=port, retry=Retry(ConstantBackoff(0.1), 5))


async def a_coroutine(host, port):
    return redis.asyncio.Redis(host=host, port=port, retry=Retry(ConstantBackoff(0.1), 5))


def gives_the_pool(host, port):
    return redis.asyncio.ConnectionPool(host=host, port=port, retry=Retry(ConstantBackoff(0.1), 5))


def another_database(host, port):
    return redis.asyncio.Redis(host=host, port=port, db=1, retry=Retry(ConstantBackoff(0.1), 5))


ALSO_WRONG = {
    not_for_this_error: "Which errors does `supported_errors` list?",
    sync_retry_set_later: "because its `retry` is one for `redis`",
    no_retries: "because it has no `retry`",
    a_number: "redis-py expects a `redis.asyncio.retry.Retry` object",
    too_long: "How long are the pauses",
    a_little_too_long: "It makes 11 attempts",
    remembers: "your client remembered an old value",
    tells_no_one: "The caller has to know",
    translates: "Which one did you replace?",
    a_coroutine: "`make_client` is an `async def`",
    gives_the_pool: "returned a pool",
    another_database: "Does your client connect to that database?",
}


# -- right in other words


def on_the_pool(host: str, port: int) -> Any:
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, retry=Retry(EqualJitterBackoff(0.12, 0.12), 5))
    return redis.asyncio.Redis.from_pool(pool)


def by_url_with_retry(host, port):
    return redis.asyncio.from_url(f"redis://{host}:{port}", retry=Retry(ConstantBackoff(0.05), 9))


class PatientClient(redis.asyncio.Redis):
    async def execute_command(self, *args, **options):
        for _ in range(4):
            try:
                return await super().execute_command(*args, **options)
            except redis.ConnectionError:
                await asyncio.sleep(0.1)
        return await super().execute_command(*args, **options)


def asks_again_itself(host, port):
    return PatientClient(host=host, port=port, retry=Retry(NoBackoff(), 0))


def set_later(host, port):
    r = redis.asyncio.Redis(host=host, port=port)
    r.set_retry(Retry(ConstantBackoff(0.1), 5))
    return r


ALSO_RIGHT = [on_the_pool, by_url_with_retry, asks_again_itself, set_later]
