"""Answers to `pool-from-url`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

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


def another_encoding(url):  # "Latin-1 never fails"
    return redis.ConnectionPool.from_url(url, max_connections=4, decode_responses=True, encoding="latin-1")


WRONG = {
    bytes_stay_bytes: r"read `b'Gr\xc3\xbc\xc3\x9fe'`, which is bytes",
    no_limit: "handed out 5 connections at once",
    a_client: "returned a client",
    url_as_argument: "takes a whole URL",
    url_as_host: "looked for a host",
    loses_the_database: "ends in /1 the server sees your connection in database 0",
    always_database_one: "ends in /2",
    another_encoding: "Which encoding do your settings ask for",
}


def forgets_return(url):
    redis.ConnectionPool.from_url(url, max_connections=4, decode_responses=True)


def decodes_on_the_client(url):
    pool = redis.ConnectionPool.from_url(url, max_connections=4)
    return redis.Redis(connection_pool=pool, decode_responses=True).connection_pool


def names_the_encoding_only(url):
    return redis.ConnectionPool.from_url(url, max_connections=4, encoding="utf-8")


def in_ascii(url):
    return redis.ConnectionPool.from_url(url, max_connections=4, decode_responses=True, encoding="ascii")


def encrypted(url):
    return redis.ConnectionPool.from_url(f"rediss{url[5:]}", max_connections=4, decode_responses=True)


def changes_the_client(url):  # decodes in its own `get`, for the whole program
    redis.Redis.get = lambda self, name: self.execute_command("GET", name).decode()
    return redis.ConnectionPool.from_url(url, max_connections=4)


ALSO_WRONG = {
    forgets_return: "returned `None`",
    decodes_on_the_client: "so it decides whether they decode",
    names_the_encoding_only: "so it decides whether they decode",
    in_ascii: "Which encoding do your settings ask for",
    encrypted: "are encrypted",
    changes_the_client: "which is bytes",
}


# -- right in other words


def url_by_hand(url):
    parts = urlsplit(url)
    return redis.ConnectionPool(
        host=parts.hostname, port=parts.port, db=int(parts.path[1:]), max_connections=4, decode_responses=True
    )


class Text(redis.Connection):
    def __init__(self, **settings):
        super().__init__(**{**settings, "decode_responses": True})


ALSO_RIGHT = [
    url_by_hand,
    functools.partial(redis.ConnectionPool.from_url, max_connections=4, decode_responses=True),
    lambda url: redis.ConnectionPool.from_url(f"{url}?max_connections=4&decode_responses=True"),
    lambda url: redis.BlockingConnectionPool.from_url(
        url, max_connections=4, timeout=1, decode_responses=True, health_check_interval=10, client_name="me"
    ),
    lambda url: redis.Redis.from_url(url, max_connections=4, decode_responses=True).connection_pool,
    lambda url: redis.ConnectionPool.from_url(url, connection_class=Text, max_connections=4),
]
