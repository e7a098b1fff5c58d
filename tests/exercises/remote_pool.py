"""Answers to `remote-pool`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import socket

import redis


def says_hello_first():  # "check that it is there"
    pool = redis.ConnectionPool(host="redis.example.com", port=6379, db=1, max_connections=20)
    redis.Redis(connection_pool=pool).ping()
    return pool


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


def encrypted():  # "far away means rediss://"
    return redis.ConnectionPool.from_url("rediss://redis.example.com:6379/1", max_connections=20)


WRONG = {
    says_hello_first: "tried to connect to redis.example.com:6379",
    forgets_the_database: "would be in database 0",
    forgets_the_limit: "Its limit is 100",
    url_as_host: "called `'redis://redis.example.com'`",
    forgets_the_host: "would go to localhost:6379",
    without_names: "was given arguments without names",
    misspelled: "unexpected keyword argument 'hostname'",
    encrypted: "are encrypted",
}


def a_client():
    return redis.Redis(host="redis.example.com", port=6379, db=1, max_connections=20)


def for_asyncio():
    return redis.asyncio.ConnectionPool(host="redis.example.com", db=1, max_connections=20)


def port_of_the_sentinel():
    return redis.ConnectionPool(host="redis.example.com", port=26379, db=1, max_connections=20)


def url_has_the_last_word():  # a URL's database goes before an argument's
    return redis.ConnectionPool.from_url("redis://redis.example.com:6379/0", db=1, max_connections=20)


def a_unix_socket():
    return redis.ConnectionPool.from_url("unix://redis.example.com:6379?db=1", max_connections=20)


def selects_nothing():  # `db` is only a setting: redis-py has to send the SELECT
    return redis.ConnectionPool(host="redis.example.com", db=1, max_connections=20, redis_connect_func=lambda _: None)


def default_of_a_blocking_pool():
    return redis.BlockingConnectionPool(host="redis.example.com", db=1)


def looks_up_the_address():
    return redis.ConnectionPool(host=socket.gethostbyname("redis.example.com"), db=1, max_connections=20)


def port_in_words():
    return redis.ConnectionPool(host="redis.example.com", port="the usual", db=1, max_connections=20)


ALSO_WRONG = {
    looks_up_the_address: "tried to connect to redis.example.com. Building",
    port_in_words: "Which of your values should be a number?",
    a_client: "returned a client",
    for_asyncio: "a pool from `redis.asyncio`",
    port_of_the_sentinel: "would go to redis.example.com:26379",
    url_has_the_last_word: "would be in database 0",
    a_unix_socket: "open a unix socket",
    selects_nothing: "would be in database 0",
    default_of_a_blocking_pool: "what a `BlockingConnectionPool` has",
}


# -- right in other words


class KnowsTheWay(redis.Connection):
    def __init__(self, **settings):
        super().__init__(host="redis.example.com", port=6379, db=1, **settings)


ALSO_RIGHT = [
    lambda: redis.ConnectionPool.from_url("redis://redis.example.com/1", max_connections=20),
    lambda: redis.ConnectionPool.from_url("redis://redis.example.com:6379?db=1&max_connections=20"),
    lambda: redis.BlockingConnectionPool(host="redis.example.com", db=1, max_connections=20, timeout=None),
    lambda: redis.Redis(host="redis.example.com", db="1", max_connections=20).connection_pool,
    lambda: redis.ConnectionPool(max_connections=20, db=1, port="6379", host="redis.example.com", password="secret"),
    lambda: redis.ConnectionPool(connection_class=KnowsTheWay, max_connections=20),
]
