"""The first exercise on a pool: borrow and return by hand until the pool looks as it was asked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._pools import Untouched
from tutorial_lib.exercises._words import so_many
from tutorial_lib.pools.anatomy import connections_of
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "warm-up"
LESSON = "01"
TITLE = "Warm-up: one in use, two idle"
NAME = "arrange"
LIMIT = 5

PROMPT = """
**Given** a new `pool` with a limit of 5. It has opened no connection yet.

**Write** `arrange(pool)`. It borrows from the pool with `pool.get_connection()` and returns with
`pool.release(connection)`, until the pool looks as below. Programs seldom do this by hand; here it shows you when a
pool opens a connection.

**It passes when**, after `arrange`,
- **1** connection is in use and **2** are idle;
- the server has accepted **3** connections, and all of them are still open;
- the pool's settings are as they were.
"""


def starter(pool):
    first = pool.get_connection()
    ...  # your code here
    pool.release(first)


def solution(pool):
    first = pool.get_connection()
    second = pool.get_connection()
    third = pool.get_connection()
    pool.release(first)
    pool.release(second)


WHY = """
A pool opens a connection only when a caller asks for one and none is idle. So three connections have to be borrowed at
the same time, and two of them returned. Any two will do.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=LIMIT)
    untouched = Untouched(pool)
    try:
        _kept = lab.call(answer, pool)  # What it returns may hold a connection, such as a subscription.
    except redis.MaxConnectionsError as error:
        raise Wrong(
            f"Your code borrowed {LIMIT} connections and asked for another: `MaxConnectionsError: {error}`. The limit "
            f"is {LIMIT}. How many are borrowed at the same time if one ends up in use and two are idle?"
        ) from error
    untouched.require(lab.name)
    now, opened = snapshot(pool), lab.server.opened()
    there = connections_of(pool) or []
    still_open = sum(bool(connection.is_open) for connection in there)

    if not opened:
        raise Wrong("The server has accepted 0 connections, so nothing was borrowed. What does `get_connection()` do?")
    if still_open < len(there):
        raise Wrong(
            f"The server has accepted {so_many(opened, 'connection')}, and {still_open} of them are open now: your "
            "code closed the others. Which call closes a connection, and which returns it to the pool still open?"
        )
    if opened != len(there):
        raise Wrong(
            f"The server has accepted {so_many(opened, 'connection')}, and the pool that you were given has "
            f"{len(there)} of them. Which line opens the others?"
        )
    if (now.in_use, now.idle) != (1, 2):
        raise Wrong(f"The pool has {now.in_use} in use and {now.idle} idle. {_why(now.in_use, now.idle)}")
    return "1 connection is in use and 2 are idle. The server has accepted 3 connections, and all of them are open."


def _why(in_use: int, idle: int) -> str:
    """Say what led to a picture that is not the one that was asked for."""
    if in_use + idle == 3:
        return "All three are open. How many of them have to be returned?"
    if in_use + idle > 3:
        return (
            f"That makes {in_use + idle} connections, and 3 are asked for. How many callers can the pool serve at the "
            "same time with three?"
        )
    return (
        f"That's {so_many(in_use + idle, 'connection')} and not 3: the pool opens another only when none is idle. How "
        "many connections have you borrowed at the moment when you borrow the next one?"
    )


HINTS = (
    "The pool opens a connection only when a caller asks for one and none is idle. What if you return the first before "
    "you borrow the second?",
    "Three connections exist at the end. So at some moment, three have to be borrowed at once.",
    "Give each connection a name of its own when you borrow it. Then you can choose which of them to return.",
    "Borrow three times, with three names, and then call `pool.release(...)` for two of the names.",
)
