"""A pool from a URL, as a setting would give it, with a limit and text instead of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._pools import database_of, require_places, require_pool
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "pool-from-url"
LESSON = "02"
TITLE = "A pool from a URL"
NAME = "pool_from_url"

PROMPT = """
Where Redis runs is a setting, and settings come as a URL such as `redis://127.0.0.1:6379/1`: host, port, database.

Write `pool_from_url(url)`. It returns a pool for the server and the database that the URL names. The pool may hold
at most **4** connections, and what a client reads through it is text (`"hello"`), not bytes (`b"hello"`).
"""


def starter(url):
    pool = ...  # your code here
    return pool


def solution(url):
    pool = redis.ConnectionPool.from_url(url, max_connections=4, decode_responses=True)
    return pool


def check(answer: Callable[..., Any], lab: Lab) -> str:
    address = f"redis://{lab.server.host}:{lab.server.port}"
    for database in (1, 2):  # two, so that the number cannot be written into the function
        pool = require_pool(lab.call(answer, f"{address}/{database}"), lab)
        seen = database_of(pool, lab)
        if seen != database:
            raise Wrong(
                f"For a URL that ends in /{database} the server sees your connection in database {seen}. "
                "Who reads that part of the URL?"
            )
        _require_text(pool)
        require_places(pool, 4)
    return "Two URLs, two databases: each pool went where its URL says, held 4 connections, and gave back text."


def _require_text(pool: redis.ConnectionPool) -> None:
    r = redis.Redis(connection_pool=pool)
    r.set("word", "hello")
    word = r.get("word")
    if word != "hello":
        raise Wrong(
            f'A client on your pool set `word` to `"hello"` and read back {shown(word)}. Whether replies are decoded '
            "is decided by the pool, since it makes the connections."
        )


HINTS = (
    "Taking a URL apart by hand is not needed. Which method of the pool's class takes one?",
    "`redis.ConnectionPool.from_url(url)` reads host, port and database. What is still missing?",
    "Behind the URL, `from_url` takes the same named arguments as the pool: the limit, and `decode_responses`.",
)
