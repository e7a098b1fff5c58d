"""A pool for a host that cannot be reached from here: building it must not try."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import Any

import redis

from tutorial_lib.exercises._pools import explained, made_pool, require_tcp, said_of_limit
from tutorial_lib.practice.elsewhere import WentElsewhere
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "remote-pool"
LESSON = "01"
TITLE = "Twenty connections to far away"
NAME = "remote_pool"
HOST = "redis.example.com"
PORT = 6379

PROMPT = """
**Given** a Redis at `redis.example.com`, port 6379, without encryption. It cannot be reached from here, and it
doesn't have to be: building a pool connects to nothing.

**Write** `remote_pool()`, which returns a pool for that Redis.

**It passes when**
- the pool's connections would go to `redis.example.com`, port **6379**, database **1**;
- the pool holds at most **20** connections;
- nothing tries to connect while the pool is being built.
"""


def starter():
    pool = ...  # your code here
    return pool


def solution():
    pool = redis.ConnectionPool(host="redis.example.com", port=6379, db=1, max_connections=20)
    return pool


WHY = """
A pool only stores where its connections will go. The first command opens one, so a program can build its pools before
Redis is reachable, and a wrong address shows up only then. `from_url("redis://redis.example.com:6379/1")` with the
limit works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = _built_quietly(answer, lab)
    require_tcp(pool)
    try:
        # Made, and not opened: it knows where it would go.
        connection: Any = pool.make_connection()
    except TypeError as error:
        raise explained(pool, error) from error
    except ValueError as error:
        raise Wrong(
            f"The pool was built without a complaint, but it cannot make a connection: `{error}`. "
            "Which of your values should be a number?"
        ) from error
    _require_address(connection)
    database = _database_there(connection, lab)
    if database != 1:
        raise Wrong(
            f"The pool's connections would be in database {database}, and they should be in database 1. A key that is "
            "set in one database does not exist in another. Which setting selects it?"
        )
    if pool.max_connections != 20:
        raise Wrong(f"The pool should hold 20 connections at most. {said_of_limit(pool.max_connections, 20)}")
    return (
        f"A pool for {HOST}, database 1, at most 20 connections, and 0 attempts to connect while it was built. "
        "It will connect when a caller borrows from it, and not before."
    )


def _built_quietly(answer: Callable[..., Any], lab: Lab) -> redis.ConnectionPool:
    try:
        pool = made_pool(answer, lab)
    except (WentElsewhere, Wrong):
        if not lab.attempts:  # what it tried is the better story
            raise
    if lab.attempts:
        raise Wrong(
            f"While the pool was being built, your code tried to connect to {lab.attempts[0]}. "
            "Building a pool opens no connection; the first command does. Which line sends one?"
        )
    return pool


def _require_address(connection: redis.Connection) -> None:
    host, port = connection.host, int(connection.port)
    if host == HOST and port == PORT:
        return
    if host != HOST and isinstance(host, str) and HOST in host:
        raise Wrong(
            f"The pool would look for a host called {shown(host)}. A host is only a name: "
            "the scheme, the port and the database have arguments of their own."
        )
    raise Wrong(f"The pool's connections would go to {host}:{port}, and they should go to {HOST}, port {PORT}.")


def _database_there(connection: redis.Connection, lab: Lab) -> int:
    """Open the connection to the practice server instead, and return the database that it selects there."""
    connection.host, connection.port = lab.server.host, lab.server.port
    connection.username = connection.password = connection.credential_provider = None
    connection.connect()
    try:
        # A connection that says nothing may be open before the server has noticed it.
        while not (clients := lab.server.clients()):
            sleep(0.001)
        return clients[-1].db
    finally:
        connection.disconnect()


HINTS = (
    "It is the pool of the first exercise with four other values. What does a pool do when it is built?",
    "Nothing else is needed: no client, no `ping`, no `with`.",
    "`host` is text, so it goes between quotes. `port`, `db` and `max_connections` are numbers.",
    "One call of `redis.ConnectionPool` with four arguments, each by its name, and `return`.",
)
