"""Trimming a pool: what lies idle is closed, and whoever works is not disturbed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._pools import impatient
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "trim-idle"
LESSON = "06"
TITLE = "Night in the shop"
NAME = "trim"

LIMIT, LENT = 5, 2
OTHER_LIMIT, OTHER_LENT = 7, 3
GONE_WITHIN = 0.4

PROMPT = """
A rush is over. A pool has 5 connections open; **2** are lent, each in the middle of a command, and 3 lie idle. Write
`trim(pool)`, which a timer will call:

- the idle connections are closed: the server has them no longer;
- those that are lent are **not disturbed**: their borrowers still get their replies;
- the pool is as good as before, and can lend 5 at the next rush.

The pool may be of either kind, `ConnectionPool` or `BlockingConnectionPool`, and another pool has other numbers.
"""


def starter(pool): ...  # your code here


def solution(pool):
    pool.disconnect(inuse_connections=False)


def check(answer: Callable[..., Any], lab: Lab) -> str:
    _trim_one(answer, redis.ConnectionPool, LIMIT, LENT, lab)
    _trim_one(answer, redis.BlockingConnectionPool, OTHER_LIMIT, OTHER_LENT, lab)
    idle, other_idle = LIMIT - LENT, OTHER_LIMIT - OTHER_LENT
    return (
        f"Both kinds of pool: {idle} and {other_idle} idle connections closed, {LENT} and {OTHER_LENT} replies that "
        f"were on their way have arrived, and {LIMIT} and {OTHER_LIMIT} could be lent at the next rush. The pools "
        f"themselves still count {idle} and {other_idle} as idle; you know better."
    )


def _trim_one(
    answer: Callable[..., Any], kind: type[redis.ConnectionPool], limit: int, lent_now: int, lab: Lab
) -> None:
    of = f"A `{kind.__name__}` had {limit - lent_now} idle connections and {lent_now} lent"
    pool = kind(host=lab.server.host, port=lab.server.port, max_connections=limit, client_name=kind.__name__)
    borrowed = [pool.get_connection() for _ in range(limit)]
    lent, idle = borrowed[:lent_now], borrowed[lent_now:]
    for connection in idle:
        pool.release(connection)
    for connection in lent:
        connection.send_command("ECHO", "your order")
    with impatient(pool):
        lab.call(answer, pool)
    open_now = _open_after_a_moment(kind.__name__, lent_now, lab)
    counted = snapshot(pool).in_use
    _require_replies(of, lent, open_now)
    if open_now > lent_now:
        raise Wrong(
            f"{of}. After `trim` the server still has {open_now} of the {limit}; {lent_now} should be left. "
            f"{_which_are_left(open_now, limit, pool)}"
        )
    if counted > lent_now:
        raise Wrong(
            f"{of}. The server has {open_now} now, and the pool says in_use={counted}: {counted - lent_now} were "
            "borrowed, and nobody gave them back. The pool will never lend them again. What does it lack, after the "
            "closing?"
        )
    if counted < lent_now:
        raise Wrong(
            f"{of}. Afterwards the pool says in_use={counted}: it has forgotten whom it lent to, and may open {limit} "
            f"more beside those {lent_now}. Who gave back what others still use?"
        )
    for connection in lent:
        pool.release(connection)
    _require_as_good_as_before(of, limit, pool)


def _open_after_a_moment(name: str, lent_now: int, lab: Lab) -> int:
    """Return how many the server has, when the closing has had time to arrive."""
    until = monotonic() + GONE_WITHIN
    for looks in count(1):
        left = sum(client.name == name for client in lab.server.clients())
        # The first look may come before the goodbyes have been read, however long a busy server took for it.
        if left <= lent_now or (looks > 2 and monotonic() > until):
            break
        sleep(0.01)
    return left


def _which_are_left(open_now: int, limit: int, pool: redis.ConnectionPool) -> str:
    counts = snapshot(pool)
    forgotten = limit - counts.in_use - counts.idle
    if forgotten:
        return f"The pool knows nothing of {forgotten} of them any more. To forget a connection is not to close it."
    if pool.max_connections < limit:
        return f"A max_connections of {pool.max_connections} is for the next who asks. What is open stays open."
    if open_now == limit:
        return "A pool closes nothing by itself, and nothing asked it to. Which of its methods hangs up?"
    if limit == OTHER_LIMIT:
        return f"The first pool had {LIMIT - LENT} idle ones, this has more. Where does your number come from?"
    return "What was done for one has to be done for each that lies idle."


def _require_replies(of: str, lent: list[redis.Connection], open_now: int) -> None:
    replies = []
    for connection in lent:
        try:
            replies.append(connection.read_response())
        except Exception:  # a connection without a socket fails in several ways
            replies.append(None)
    arrived = replies.count(b"your order")
    if arrived < len(lent):
        raise Wrong(
            f"{of}, each with a command on its way. After `trim` {arrived} of {len(lent)} replies arrived, and the "
            f"server has {open_now} connections left: whoever worked was cut off in the middle. How does the pool know "
            "whom to spare?"
        )


def _require_as_good_as_before(of: str, limit: int, pool: redis.ConnectionPool) -> None:
    borrowed: list[redis.Connection] = []
    try:
        with impatient(pool):
            while len(borrowed) <= limit:
                borrowed.append(pool.get_connection())
    except redis.ConnectionError:
        pass
    for connection in borrowed:
        pool.release(connection)
    if len(borrowed) != limit:
        raise Wrong(
            f"{of}. They came back, the next rush began, and the pool lent {len(borrowed)} connections where it should "
            f"lend {limit}. It counts what it has, and was not told what became of them. Who may close a connection so "
            "that the pool knows?"
        )


HINTS = (
    "The lesson trimmed a pool while one of its connections was lent. One argument made the difference.",
    "`close()` and `disconnect()` hang up all connections, lent or not. Which of the two can be told to spare those in "
    "use?",
    "The method is `disconnect`, and its argument is called `inuse_connections`. It is `True` if you leave it out.",
)
