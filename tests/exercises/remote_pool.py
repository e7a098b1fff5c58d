"""Answers to `remote-pool`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any

import redis


def says_hello_first():  # "check that it is there"
    pool = redis.ConnectionPool(host="redis.example.com", port=6379, db=1, max_connections=20)
    redis.Redis(connection_pool=pool).ping()
    return pool


def a_client():
    return redis.Redis(host="redis.example.com", port=6379, db=1, max_connections=20)


def forgets_the_database():
    return redis.ConnectionPool(host="redis.example.com", port=6379, max_connections=20)


def forgets_the_limit():
    return redis.ConnectionPool(host="redis.example.com", port=6379, db=1)


def url_as_host():
    return redis.ConnectionPool(host="redis://redis.example.com", db=1, max_connections=20)


def forgets_the_host():
    return redis.ConnectionPool(port=6379, db=1, max_connections=20)


def without_names():
    return redis.ConnectionPool("redis.example.com", 6379, 1, 20)


def misspelled():
    return redis.ConnectionPool(hostname="redis.example.com", port=6379, db=1, max_connections=20)


WRONG = {
    says_hello_first: "tried to connect to redis.example.com:6379",
    a_client: "returned a client",
    forgets_the_database: "would be in database 0",
    forgets_the_limit: "may hold 100",
    url_as_host: "called `'redis://redis.example.com'`",
    forgets_the_host: "would go to localhost:6379",
    without_names: "Arguments without names",
    misspelled: "unexpected keyword argument 'hostname'",
}


# -- right in other words


class PoolWithACount(redis.ConnectionPool):
    """Somebody's own pool."""

    borrowed = 0

    def get_connection(self, *args: Any, **options: Any) -> redis.Connection:
        self.borrowed += 1
        return super().get_connection(*args, **options)


ALSO_RIGHT = [
    lambda: redis.ConnectionPool.from_url("redis://redis.example.com/1", max_connections=20),
    lambda: redis.ConnectionPool.from_url("redis://redis.example.com:6379?db=1&max_connections=20"),
    lambda: redis.BlockingConnectionPool(host="redis.example.com", db=1, max_connections=20, timeout=None),
    lambda: redis.Redis(host="redis.example.com", db="1", max_connections=20).connection_pool,
    lambda: PoolWithACount(max_connections=20, db=1, port="6379", host="redis.example.com", password="secret"),
]
