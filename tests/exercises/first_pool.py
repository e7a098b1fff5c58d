"""Answers to `first-pool`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any

import redis


def no_limit(host, port):  # "a pool keeps itself small"
    return redis.ConnectionPool(host=host, port=port, db=0)


def too_big(host, port):
    return redis.ConnectionPool(host=host, port=port, db=0, max_connections=50)


def a_client(host, port):
    return redis.Redis(host=host, port=port, db=0, max_connections=5)


def forgets_return(host, port):
    redis.ConnectionPool(host=host, port=port, db=0, max_connections=5)


def misspelled(host, port):
    return redis.ConnectionPool(host=host, port=port, db=0, max_conections=5)


def without_names(host, port):
    return redis.ConnectionPool(host, port)


def all_without_names(host, port):
    return redis.ConnectionPool(host, port, 0, 5)


def quoted_names(host, port):
    return redis.ConnectionPool(host="host", port="port", db=0, max_connections=5)


def always_localhost(host, port):
    return redis.ConnectionPool(host="localhost", port=6379, db=0, max_connections=5)


def opens_one(host, port):  # "a pool opens its connections when it is made, so I do that"
    pool = redis.ConnectionPool(host=host, port=port, db=0, max_connections=5)
    pool.get_connection()
    return pool


def other_database(host, port):
    return redis.ConnectionPool(host=host, port=port, db=1, max_connections=5)


def too_small(host, port):
    return redis.ConnectionPool(host=host, port=port, db=0, max_connections=4)


WRONG = {
    no_limit: "the limit of a pool which is told none",
    too_big: "it may hold 50",
    a_client: "A client *uses* a pool",
    forgets_return: "returned `None`",
    misspelled: "unexpected keyword argument 'max_conections'",
    without_names: "Give each argument its name",
    all_without_names: "Arguments without names",
    quoted_names: "A name between quotes",
    always_localhost: "tried to connect to localhost:6379",
    opens_one: "in_use is already 1",
    other_database: "in database 1",
    too_small: "gave out 4 of 5",
}


# -- right in other words


class PoolWithACount(redis.ConnectionPool):
    """Somebody's own pool."""

    borrowed = 0

    def get_connection(self, *args: Any, **options: Any) -> redis.Connection:
        self.borrowed += 1
        return super().get_connection(*args, **options)


def blocking_pool(host: str, port: int) -> Any:
    return redis.BlockingConnectionPool(host=host, port=port, max_connections=5)


def pool_of_a_client(host: str, port: int) -> Any:
    r = redis.Redis(host=host, port=port, max_connections=5)
    r.ping()
    return r.connection_pool


ALSO_RIGHT = [
    blocking_pool,
    pool_of_a_client,
    lambda host, port: redis.ConnectionPool.from_url(f"redis://{host}:{port}/0", max_connections=5),
    lambda host, port: redis.ConnectionPool(max_connections=5, port=port, host="localhost"),
    lambda host, port: PoolWithACount(host=host, port=port, db=0, max_connections=5, decode_responses=True),
    lambda *where: redis.ConnectionPool(**dict(zip(("host", "port"), where, strict=True)), max_connections=5),
]
