"""A pool of five on the server that the learner is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._pools import database_of, made_pool, require_places
from tutorial_lib.pools.snapshot import snapshot
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


HINTS = (
    "The lesson's first section builds a pool. What does it call, and what does it hand over?",
    "Four things are asked of the pool, and each has an argument: where (two of them), which database, how many.",
    "The limit is the argument `max_connections`. `host` and `port` come in under the names that they leave with.",
    "Call `redis.ConnectionPool` with `host`, `port`, `db` and `max_connections`, each by its name.",
)
