"""Busy or down? The same class of exception may mean either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import best_of, call_within, lent_out, one_back_after
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "which-exception"
LESSON = "03"
TITLE = "Busy, or down?"
NAME = "ask"

STORED = "Good evening"
SECONDS = 10.0  # Windows takes two seconds to learn that nobody listens
# An address of this machine at which the practice server does not listen.
NOBODY = "::1"

PROMPT = """
Write `ask(pool)`. It returns the text that the key `greeting` holds. If it cannot have that, it returns why, so that
the right person is woken up:

- `"busy"` if the pool had no connection to lend, after it has waited as long as it does;
- `"down"` if Redis cannot be reached, or does not answer.

The pool is somebody else's and may be of either kind, `ConnectionPool` or `BlockingConnectionPool`. `ask` raises no
error of Redis, and keeps no connection.
"""


def starter(pool):
    r = ...  # a client that uses the pool
    return ...  # your code here


def solution(pool):
    r = redis.Redis(connection_pool=pool)
    try:
        return r.get("greeting").decode()
    except redis.MaxConnectionsError:
        return "busy"
    except redis.ConnectionError as error:
        return "busy" if str(error) == "No connection available." else "down"
    except redis.TimeoutError:
        return "down"


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.set("greeting", STORED)
    cases = _Cases(answer, lab)
    plain, blocking = cases.pool(redis.ConnectionPool), cases.pool(redis.BlockingConnectionPool, timeout=0.1)
    for pool in (plain, blocking):
        cases.expect(STORED, f"A `{type(pool).__name__}` had a connection free", pool)
    with lent_out(plain, 1):
        cases.expect("busy", "The `ConnectionPool` had lent all it may", plain)
    with lent_out(blocking, 1):
        cases.expect("busy", "The `BlockingConnectionPool` had lent all it may, and 0.1 s passed", blocking)
    for kind in (redis.ConnectionPool, redis.BlockingConnectionPool):
        nowhere = cases.pool(kind, host=NOBODY)
        cases.expect("down", f"Nobody listened where the `{kind.__name__}` leads", nowhere)
    waiting = cases.pool(redis.BlockingConnectionPool, timeout=2)
    with lent_out(waiting, 1) as borrowed, one_back_after(0.1, waiting, borrowed):
        cases.expect(STORED, "A `BlockingConnectionPool` may wait for 2 s, and got one back after 0.1 s", waiting)
    hasty = cases.pool(redis.ConnectionPool, socket_timeout=0.2)
    best_of(5, lambda: call_within(1.0, redis.Redis(connection_pool=hasty).ping), lambda call: call.error is None)
    # Its connection is open now, so that Redis falls silent in mid-conversation.
    lab.server.pause(0.5)
    cases.expect("down", "Redis was silent, and the reply was not there after `socket_timeout`, 0.2 s", hasty)
    return (
        f"{cases.asked} cases, two kinds of pool: free, full, full for a moment, nobody there, silent. Each got its "
        "name, and no connection was kept. Whoever is woken up now is woken for a reason."
    )


class _Cases:
    """Puts one question to the answer after another, and counts them."""

    def __init__(self, answer: Callable[..., Any], lab: Lab) -> None:
        self._answer = answer
        self._lab = lab
        self.asked = 0

    def pool(self, kind: type[redis.ConnectionPool], **settings: Any) -> redis.ConnectionPool:
        """Make a pool of one connection, for the practice server unless ``settings`` say otherwise."""
        return kind(**{"host": self._lab.server.host, "port": self._lab.server.port, "max_connections": 1, **settings})

    def expect(self, wanted: str, situation: str, pool: redis.ConnectionPool) -> None:
        """Raise Wrong unless the answer says what is wanted, and leaves the pool as it was."""
        before = snapshot(pool).in_use
        call = call_within(4.0, lambda: self._lab.call(self._answer, pool))
        self.asked += 1
        if not call.returned:
            raise Wrong(f"{situation}. After {call.seconds:.0f} s `ask` had said nothing. What does it wait for?")
        if call.error:
            raise Wrong(
                f"{situation}. `ask` raised `{type(call.error).__name__}: {call.error}` and should say `{wanted!r}`. "
                "Of which classes is that error a kind, and of which is it not?"
            )
        if call.result != wanted:
            raise Wrong(
                f"{situation}. `ask` said {shown(call.result)} and should say `{wanted!r}`. "
                f"{_idea(call.result, wanted)}"
            )
        after = snapshot(pool).in_use
        if after > before:  # fewer may be in use: the check itself has given one back
            raise Wrong(
                f"{situation}. `ask` gave the right answer; in_use was {before} before it and is {after} now. "
                "What is borrowed by hand has to be given back by hand, whatever happens in between."
            )


def _idea(said: Any, wanted: str) -> str:
    if isinstance(said, bytes):
        return "These are bytes, as they came over the wire."
    if (said, wanted) == ("down", "busy"):
        return "Redis was well, and somebody was woken up for nothing. What tells the two causes of one clause apart?"
    if (said, wanted) == ("busy", "down"):
        return "More connections would not have helped. Which other cause ends in the same clause?"
    if (said, wanted) == ("busy", STORED):
        return "A count of connections is old as soon as it is read. Who knows whether a caller will be served?"
    return "The lesson's table has a row for this."


HINTS = (
    "Make the three errors of the lesson happen in a cell of your own, and print class and text of each.",
    "Python takes the first `except` that fits, and `MaxConnectionsError` is a kind of `ConnectionError`. Which has to "
    "stand first?",
    "A blocking pool raises the same class for full as for down. With `as error` a clause can look at the text, "
    "`str(error)`.",
    "A silent Redis raises `redis.TimeoutError`, which needs a clause of its own.",
    "Three clauses: `MaxConnectionsError` is busy; `ConnectionError` is busy if its text is `No connection available.` "
    "and down otherwise; `TimeoutError` is down.",
)
