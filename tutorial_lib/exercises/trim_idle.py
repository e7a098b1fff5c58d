"""Trimming a pool: its idle connections are closed, and those in use are left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import call_within
from tutorial_lib.exercises._pools import short_wait
from tutorial_lib.exercises._words import so_many
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "trim-idle"
LESSON = "07"
TITLE = "Close what is idle"
NAME = "trim"

LIMIT, IN_USE = 5, 2
OTHER_LIMIT, OTHER_IN_USE = 7, 3
GONE_WITHIN = 0.4
RETURNS_WITHIN = 1.0
ORDERS, OTHER_PROGRAM = "orders", "another-program"

PROMPT = """
**Given** a pool after a rush. It has 5 connections open: **2** are in use, each in the middle of a command, and **3**
are idle.

**Write** `trim(pool)`, which a timer will call at night.

**It passes when**
- the server no longer has the idle connections when `trim` returns;
- the commands on the connections in use still get their replies;
- the pool is as good as before: it keeps its limit, and 5 connections can be borrowed in the next rush;
- connections of other programs on this server stay open;
- it also works for a `BlockingConnectionPool`, and for a pool with other numbers.
"""


def starter(pool): ...  # your code here


def solution(pool):
    pool.disconnect(inuse_connections=False)


WHY = """
`disconnect(inuse_connections=False)` closes the sockets of the idle connections only. The connection objects stay in
the pool, which opens them again when they are borrowed.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    _trim_one(answer, redis.ConnectionPool, LIMIT, IN_USE, lab)
    _trim_one(answer, redis.BlockingConnectionPool, OTHER_LIMIT, OTHER_IN_USE, lab)
    idle, other_idle = LIMIT - IN_USE, OTHER_LIMIT - OTHER_IN_USE
    return (
        f"In both kinds of pool the idle connections are closed ({idle} and {other_idle}), the {IN_USE} and "
        f"{OTHER_IN_USE} commands under way got their replies, and the next rush could borrow {LIMIT} and "
        f"{OTHER_LIMIT}. The pools still call the closed connections idle; only the server can tell you that they "
        "are closed."
    )


def _trim_one(answer: Callable[..., Any], kind: type[redis.ConnectionPool], limit: int, busy: int, lab: Lab) -> None:
    where: dict[str, Any] = {"host": lab.server.host, "port": lab.server.port}
    before = f"A `{kind.__name__}` had {limit - busy} idle connections and {busy} in use."
    pool = kind(**where, max_connections=limit, client_name=kind.__name__, socket_timeout=2)
    in_use = [pool.get_connection() for _ in range(limit)]
    for connection in in_use[busy:]:
        pool.release(connection)
    del in_use[busy:]
    for connection in in_use:
        connection.send_command("BLPOP", ORDERS, 0)
    with _another_program(where) as other_stays:
        opened = lab.server.opened()
        _call(answer, pool, before, lab)
        left = _open_after_a_moment(kind.__name__, busy, lab)
        reopened = lab.server.opened() - opened
        _require_replies(before, in_use, where)
        if left > busy:
            raise Wrong(
                f"{before} After `trim` the server still has {left} of these {limit}; the {busy} in use should be "
                f"left. {_which_are_left(left, limit, reopened, pool)}"
            )
        if not other_stays():
            raise Wrong(
                f"{before} After `trim` they were as they should be, but a connection of another program on this "
                "server was closed too. A server knows connections; which object knows the connections of this pool?"
            )
    _require_known(before, limit, busy, pool)
    for connection in in_use:
        pool.release(connection)
    _require_as_good_as_before(before, limit, pool)


def _call(answer: Callable[..., Any], pool: redis.ConnectionPool, before: str, lab: Lab) -> None:
    with short_wait(pool):
        call = call_within(RETURNS_WITHIN, lambda: lab.call(answer, pool))
    if call.error:
        raise call.error
    if not call.returned:
        raise Wrong(
            f"{before} After {RETURNS_WITHIN:g} s `trim` had not returned. It must not wait for the connections in "
            "use: their commands may take all night. Can you close the idle ones without looking at the others?"
        )


@contextmanager
def _another_program(where: dict[str, Any]) -> Iterator[Callable[[], bool]]:
    """Connect like another program does. What is yielded tells whether that connection is still there."""
    with redis.Redis(**where, client_name=OTHER_PROGRAM) as r:
        number = r.client_id()

        def stays() -> bool:
            try:
                return bool(r.client_id() == number)
            except redis.RedisError:
                return False

        yield stays


def _open_after_a_moment(name: str, busy: int, lab: Lab) -> int:
    """Return how many of these connections the server has, when it has had time to see them close."""
    until = monotonic() + GONE_WITHIN
    for looks in count(1):
        left = sum(client.name == name for client in lab.server.clients())
        # A busy server may answer the first look before it has noticed what was closed.
        if left <= busy or (looks > 2 and monotonic() > until):
            break
        sleep(0.01)
    return left


def _which_are_left(left: int, limit: int, reopened: int, pool: redis.ConnectionPool) -> str:
    counts = snapshot(pool)
    forgotten = limit - counts.in_use - counts.idle
    if forgotten:
        return f"The pool has forgotten {forgotten} of them. Forgetting a connection does not close it."
    if pool.max_connections < limit:
        return f"A `max_connections` of {pool.max_connections} limits what the pool opens from now on. It closes none."
    if reopened and left == limit:
        return (
            f"The server also accepted {reopened} new ones meanwhile: what was closed was opened again. By which call?"
        )
    if reopened:
        return "A pool hands out the connection that was returned last. Which do you get if you borrow again and again?"
    if left == limit:
        return "A pool closes nothing by itself. Which of its methods closes connections?"
    if limit == OTHER_LIMIT:
        return (
            f"The first pool had {LIMIT - IN_USE} idle connections, this one has more. Where does your number come "
            "from?"
        )
    return "Do for each idle connection what you did for the first."


def _require_replies(before: str, in_use: list[redis.Connection], where: dict[str, Any]) -> None:
    with redis.Redis(**where) as r:  # Twice as many, because a server may hand some to a caller that has left.
        r.rpush(ORDERS, *["your order"] * 2 * len(in_use))
    arrived = 0
    for connection in in_use:
        try:
            arrived += bool(connection.read_response())
        except Exception:  # a connection without a socket fails in several ways
            continue
    if arrived < len(in_use):
        raise Wrong(
            f"{before} Each of these {len(in_use)} waited for a reply, and {arrived} of {len(in_use)} replies arrived: "
            "`trim` also closed the connections in use. Which argument spares them?"
        )


def _require_known(before: str, limit: int, busy: int, pool: redis.ConnectionPool) -> None:
    in_use = snapshot(pool).in_use
    if in_use > busy:
        raise Wrong(
            f"{before} The idle ones are closed, and the pool now says in_use={in_use}: "
            f"{so_many(in_use - busy, 'connection was', 'connections were')} borrowed to be closed and not returned, "
            "and the pool can never hand out what is not returned. What is missing after the closing?"
        )
    if in_use < busy:
        raise Wrong(
            f"{before} Now the pool says in_use={in_use}. It has forgotten connections that are still in use, and may "
            f"open {limit} more beside them. Which call made it forget?"
        )
    if pool.max_connections != limit:
        raise Wrong(
            f"{before} The idle ones are closed, but the pool's limit was {limit} and is {pool.max_connections} now, "
            "so a rush after a fork or a reset finds a smaller pool. Does the limit have to change at all?"
        )


def _require_as_good_as_before(before: str, limit: int, pool: redis.ConnectionPool) -> None:
    borrowed: list[redis.Connection] = []
    try:
        with short_wait(pool):
            while len(borrowed) <= limit:
                borrowed.append(pool.get_connection())
    except redis.ConnectionError:
        pass
    for connection in borrowed:
        pool.release(connection)
    if len(borrowed) != limit:
        raise Wrong(
            f"{before} In the next rush {so_many(len(borrowed), 'connection')} could be borrowed, and it should be "
            f"{limit}. A pool counts its connections, so one that is taken out of its lists is lost. Which method of "
            "the pool closes a connection and keeps it?"
        )


HINTS = (
    "The lesson trimmed a pool while one of its connections was in use. One argument made the difference.",
    "`close()` and `disconnect()` close all connections, in use or not. Which of the two can be told to spare those in "
    "use?",
    "The method is `disconnect`, and its argument is called `inuse_connections`. It is `True` if you leave it out.",
)
