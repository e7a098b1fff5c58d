"""A pool for a host that cannot be reached from here: building it must not try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._pools import DEFAULT_LIMIT, made_pool, refused_arguments
from tutorial_lib.practice.elsewhere import WentElsewhere
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "remote-pool"
LESSON = "02"
TITLE = "Twenty connections to far away"
NAME = "remote_pool"
HOST = "redis.example.com"

PROMPT = """
Write `remote_pool()`. It returns a pool for the Redis on `redis.example.com`, port 6379, database **1**, with at
most **20** connections.

That host cannot be reached from here, and it need not be: building a pool connects to nobody. Whoever tries
all the same is stopped at the door.
"""


def starter():
    pool = ...  # your code here
    return pool


def solution():
    pool = redis.ConnectionPool(host="redis.example.com", port=6379, db=1, max_connections=20)
    return pool


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = _built_quietly(answer, lab)
    try:
        # Made, and not opened: it knows where it would go.
        connection = pool.connection_class(**pool.connection_kwargs)
    except TypeError as error:
        raise refused_arguments(pool, error) from error
    _require_host(getattr(connection, "host", None), getattr(connection, "port", None))
    if int(connection.db) != 1:
        raise Wrong(
            f"The pool's connections would be in database {connection.db}. Asked for is database 1, and a key that is "
            "set in one database does not exist in another."
        )
    if pool.max_connections != 20:
        because = " That is what a pool gets that is told nothing." if pool.max_connections == DEFAULT_LIMIT else ""
        raise Wrong(f"The pool may hold {pool.max_connections} connections; asked for are 20.{because}")
    return (
        f"A pool for {HOST}, database 1, at most 20 connections, and 0 attempts to connect while it was built. "
        "It will connect when somebody borrows from it, and not before."
    )


def _built_quietly(answer: Callable[..., Any], lab: Lab) -> redis.ConnectionPool:
    try:
        pool = made_pool(answer, lab)
    except (WentElsewhere, Wrong):
        if not lab.attempts:  # what it tried is the better story
            raise
    if lab.attempts:
        tried = lab.attempts[0]
        raise Wrong(
            f"While the pool was being built, your code tried to connect to {tried.host}:{tried.port}. "
            "Making a pool opens nothing; the first command does. Which line wants an answer already?"
        )
    return pool


def _require_host(host: Any, port: Any) -> None:
    if host == HOST and int(port) == 6379:
        return
    if isinstance(host, str) and HOST in host:
        raise Wrong(
            f"The pool would look for a host that is called {shown(host)}. A host is a name alone: "
            "the scheme, the port and the database have arguments of their own."
        )
    raise Wrong(f"The pool's connections would go to {host}:{port}. Asked for is {HOST}, port 6379.")


HINTS = (
    "It is the pool of the first exercise with four other values. What does a pool do when it is made?",
    "Nothing else is needed: no client, no `ping`, no `with`.",
    "`host` is a text, so it stands between quotes. `port`, `db` and `max_connections` are numbers.",
    "One call of `redis.ConnectionPool` with four arguments, each by its name, and `return`.",
)
