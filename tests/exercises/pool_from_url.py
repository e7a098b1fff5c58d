"""Answers to `pool-from-url`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any

import redis


def bytes_stay_bytes(url):
    return redis.ConnectionPool.from_url(url, max_connections=4)


def no_limit(url):
    return redis.ConnectionPool.from_url(url, decode_responses=True)


def a_client(url):
    return redis.Redis.from_url(url, max_connections=4, decode_responses=True)


def url_as_argument(url):
    return redis.ConnectionPool(url, max_connections=4, decode_responses=True)


def url_as_host(url):
    return redis.ConnectionPool(host=url, max_connections=4, decode_responses=True)


def loses_the_database(url):
    host, port = url.removeprefix("redis://").split("/")[0].split(":")
    return redis.ConnectionPool(host=host, port=port, max_connections=4, decode_responses=True)


def always_database_one(url):
    address, _ = url.rsplit("/", 1)
    return redis.ConnectionPool.from_url(f"{address}/1", max_connections=4, decode_responses=True)


def forgets_return(url):
    redis.ConnectionPool.from_url(url, max_connections=4, decode_responses=True)


WRONG = {
    bytes_stay_bytes: "read back `b'hello'`",
    no_limit: "gave out number 5 too",
    a_client: "returned a client",
    url_as_argument: "became the *class*",
    url_as_host: "looked for a host",
    loses_the_database: "ends in /1 the server sees your connection in database 0",
    always_database_one: "ends in /2",
    forgets_return: "returned `None`",
}


# -- right in other words


class PoolWithACount(redis.ConnectionPool):
    """Somebody's own pool."""

    borrowed = 0

    def get_connection(self, *args: Any, **options: Any) -> redis.Connection:
        self.borrowed += 1
        return super().get_connection(*args, **options)


def a_pool_with_everything(url: str) -> Any:
    return redis.BlockingConnectionPool.from_url(
        url, max_connections=4, timeout=1, decode_responses=True, health_check_interval=10, client_name="me"
    )


def settings_in_the_url(url: str) -> Any:
    return redis.ConnectionPool.from_url(f"{url}?max_connections=4&decode_responses=True")


def url_by_hand(url: str) -> Any:
    address, database = url.removeprefix("redis://").split("/")
    host, port = address.split(":")
    return PoolWithACount(host=host, port=int(port), db=int(database), max_connections=4, decode_responses=True)


ALSO_RIGHT = [
    a_pool_with_everything,
    settings_in_the_url,
    url_by_hand,
    lambda url: redis.Redis.from_url(url, max_connections=4, decode_responses=True).connection_pool,
    lambda url: PoolWithACount.from_url(url, db=0, decode_responses=True, max_connections=4),
]
