"""A pool of five on the server that the learner is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._pools import database_of, made_pool, require_places
from tutorial_lib.observe import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "first-pool"
LESSON = "02"
TITLE = "A pool of five"
NAME = "make_pool"

PROMPT = """
Write `make_pool(host, port)`. It returns a connection pool for the Redis server at `host` and `port`,
database 0, that may hold at most **5** connections.
"""


def starter(host, port):
    pool = ...  # your code here
    return pool


def solution(host, port):
    pool = redis.ConnectionPool(host=host, port=port, db=0, max_connections=5)
    return pool


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = made_pool(answer, lab, lab.server.host, lab.server.port)
    kept = snapshot(pool).in_use
    if kept:
        raise Wrong(
            f"Nobody has used the pool yet, and in_use is already {kept}: `{lab.name}` borrowed from it and kept "
            "that. A pool needs no first connection to be made for it."
        )
    database = database_of(pool, lab)
    if database != 0:
        raise Wrong(f"The server sees your connection in database {database}. Asked for is database 0.")
    require_places(pool, 5)
    return (
        f"Your pool gave out 5 connections, and the server saw {lab.server.opened()}. "
        "It refused the sixth, and all five are back in the pool."
    )


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

HINTS = (
    "The lesson's first section builds a pool. What does it call, and what does it hand over?",
    "Four things are asked of the pool, and each has an argument: where (two of them), which database, how many.",
    "The limit is the argument `max_connections`. `host` and `port` come in under the names that they leave with.",
    "Call `redis.ConnectionPool` with `host`, `port`, `db` and `max_connections`, each by its name.",
)
