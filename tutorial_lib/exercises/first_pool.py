"""A pool of five on the server that the learner is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._in_use import require_none_in_use
from tutorial_lib.exercises._pools import database_of, made_pool, require_limit
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "first-pool"
LESSON = "01"
TITLE = "A pool of five"
NAME = "make_pool"

PROMPT = """
**Given** a Redis server at `host` and `port`.

**Write** `make_pool(host, port)`, which returns a connection pool for that server.

**It passes when**
- the pool's connections are in database **0**;
- the pool hands out **5** connections at the same time and refuses the next;
- none of them is in use when `make_pool` returns.
"""


def starter(host, port):
    pool = ...  # your code here
    return pool


def solution(host, port):
    pool = redis.ConnectionPool(host=host, port=port, db=0, max_connections=5)
    return pool


WHY = """
`max_connections` is the pool's limit. The pool only keeps these settings; it opens a connection when a caller borrows
one and none is idle. `ConnectionPool.from_url`, a `BlockingConnectionPool` with the same limit, or the
`connection_pool` of a client works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = made_pool(answer, lab, lab.server.host, lab.server.port)
    idea = "When does a pool open its connections by itself?"
    require_none_in_use(f"When `{lab.name}` has returned the pool", idea, pool)
    database = database_of(pool, lab)
    if database != 0:
        raise Wrong(
            f"The server sees your connection in database {database}, and it should be in database 0. A key that is "
            "set in one database does not exist in another. Which argument selects it?"
        )
    require_limit(pool, 5)
    return (
        f"Your pool handed out 5 connections, and the server saw {lab.server.opened()}. "
        "It refused the sixth, and all five are back in the pool."
    )


HINTS = (
    "The lesson's section *Creating a pool* makes one. Which class does it call, and with which arguments?",
    "The pool needs to know four things, and each has an argument: where the server is (two of them), which database, "
    "and how many connections.",
    "The limit is the argument `max_connections`. `host` and `port` are the names of your function's parameters, and "
    "also the names of the pool's arguments.",
    "Call `redis.ConnectionPool` with `host`, `port`, `db` and `max_connections`, each by its name.",
)
