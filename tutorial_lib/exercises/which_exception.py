"""Busy or down? The same class of exception may mean either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import best_of, borrowed_from, call_within, one_returned_after
from tutorial_lib.exercises._pools import Untouched
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
**Given** a `pool`, which other parts of the program use too. It is a `ConnectionPool` or a `BlockingConnectionPool`.

**Write** `ask(pool)`. It returns the text that the key `greeting` holds. If it cannot get that text it returns why, so
that the right person is woken up:

- `"busy"` if the pool had no connection for it, after waiting as long as this pool waits;
- `"down"` if Redis cannot be reached, or does not reply.

**It passes when**
- it returns the right text in **eight** cases: pools of both kinds that have an idle connection, are exhausted, are
  exhausted for a moment, lead to an address without a server, or meet a silent Redis;
- it raises no error of redis-py;
- it uses only this pool, returns what it borrows, and leaves the pool's settings and the connections of others alone.
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


WHY = """
An exhausted plain pool raises `MaxConnectionsError`, which is a kind of `ConnectionError`, so its clause has to come
first. A blocking pool raises a plain `ConnectionError` for both causes, and only the text tells them apart. Looking at
what the error was raised from works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.set("greeting", STORED)
    cases = _Cases(answer, lab)
    plain, blocking = cases.pool(redis.ConnectionPool), cases.pool(redis.BlockingConnectionPool, timeout=0.1)
    for pool in (plain, blocking):
        cases.expect(STORED, f"A `{type(pool).__name__}` had an idle connection", pool)
    cases.require_only_its_pool(2)
    cases.expect_busy("The `ConnectionPool` was exhausted", plain)
    cases.expect_busy("The `BlockingConnectionPool` was exhausted, and stayed so for its `timeout` of 0.1 s", blocking)
    for kind in (redis.ConnectionPool, redis.BlockingConnectionPool):
        nowhere = cases.pool(kind, host=NOBODY)
        cases.expect("down", f"No server listened at the address of the `{kind.__name__}`", nowhere)
    waiting = cases.pool(redis.BlockingConnectionPool, timeout=2)
    with borrowed_from(waiting, 1) as borrowed, one_returned_after(0.1, waiting, borrowed):
        cases.expect(
            STORED, "A `BlockingConnectionPool` waits for up to 2 s, and a connection was returned after 0.1 s", waiting
        )
    hasty = cases.pool(redis.ConnectionPool, socket_timeout=0.2)
    best_of(5, lambda: call_within(1.0, redis.Redis(connection_pool=hasty).ping), lambda call: call.error is None)
    # Its connection is open now, so that Redis falls silent in mid-conversation.
    lab.server.pause(0.5)
    cases.expect("down", "Redis was silent, and had not replied within the `socket_timeout` of 0.2 s", hasty)
    return (
        f"{cases.asked} cases, two kinds of pool: idle, exhausted, exhausted for a moment, no server, a silent Redis. "
        "Each got its name, and the pools are as they were. Now the right person is woken up."
    )


class _Cases:
    """Puts one question to the answer after another, and counts them."""

    def __init__(self, answer: Callable[..., Any], lab: Lab) -> None:
        self._answer = answer
        self._lab = lab
        self._opened_before = lab.server.opened()
        self.asked = 0

    def pool(self, kind: type[redis.ConnectionPool], **settings: Any) -> redis.ConnectionPool:
        """Make a pool of one connection, for the practice server unless ``settings`` say otherwise."""
        return kind(**{"host": self._lab.server.host, "port": self._lab.server.port, "max_connections": 1, **settings})

    def require_only_its_pool(self, wanted: int) -> None:
        """Raise Wrong if more connections were opened so far than the pools needed."""
        if (opened := self._lab.server.opened() - self._opened_before) > wanted:
            raise Wrong(
                f"The first {self.asked} cases opened {opened} connections, and {wanted} were enough. A connection "
                "beside the pool says nothing about this pool, and an idle one is enough. Which line opens it?"
            )

    def expect_busy(self, situation: str, pool: redis.ConnectionPool) -> None:
        """Raise Wrong unless the answer says that the pool is busy, and another caller keeps what it has borrowed."""
        with borrowed_from(pool, 1) as borrowed:
            opened = self._lab.server.opened()
            self.expect("busy", situation, pool)
            lost = not snapshot(pool).in_use
            if not lost:
                borrowed[0].send_command("PING")
                borrowed[0].read_response()
            if lost or self._lab.server.opened() > opened:
                raise Wrong(
                    f"{situation}. `ask` gave the right answer, and another caller lost the connection that it had "
                    "borrowed: it was closed, or the pool does not count it any more. Which line does that?"
                )

    def expect(self, wanted: str, situation: str, pool: redis.ConnectionPool) -> None:
        """Raise Wrong unless the answer says what is wanted, and leaves the pool as it was."""
        before, untouched = snapshot(pool).in_use, Untouched(pool)
        call = call_within(4.0, lambda: self._lab.call(self._answer, pool))
        self.asked += 1
        if not call.returned:
            raise Wrong(f"{situation}. After {call.seconds:.0f} s `ask` had not returned. What does it wait for?")
        if call.error:
            raise Wrong(
                f"{situation}. `ask` raised `{type(call.error).__name__}: {call.error}` and should return "
                f"`{wanted!r}`. Of which classes is that error a kind, and of which is it not?"
            )
        if call.result != wanted:
            raise Wrong(
                f"{situation}. `ask` returned {shown(call.result)} and should return `{wanted!r}`. "
                f"{_idea(call.result, wanted, self._lab)}"
            )
        untouched.require(self._lab.name)
        after = snapshot(pool).in_use
        if after > before:  # fewer may be in use: the check itself has returned one
            raise Wrong(
                f"{situation}. `ask` gave the right answer; in_use was {before} before it and is {after} now. "
                "What you borrow yourself you have to release yourself, whatever happens in between."
            )


def _idea(said: Any, wanted: str, lab: Lab) -> str:
    if said is None:
        return "It printed the word; does it `return` it?" if wanted in lab.printed() else "Which way has no `return`?"
    if isinstance(said, BaseException):
        return "That is the exception itself. Which of the two words does it stand for?"
    if isinstance(said, bytes):
        return "These are bytes, as Redis sends them. Which method makes text of them?"
    if isinstance(said, str) and said.lower() == wanted.lower():
        return "Capital letters count."
    if (said, wanted) == ("down", "busy"):
        return (
            "Redis was fine, so the wrong person was woken up. Python takes the first `except` that fits, and a "
            "`ConnectionError` can have either cause. What tells the causes apart?"
        )
    if (said, wanted) == ("busy", "down"):
        return "More connections would not have helped. Which other cause ends in the same clause?"
    if (said, wanted) == ("busy", STORED):
        return "A count of connections is out of date as soon as it is read. What happens if you let the pool decide?"
    if (said, wanted) == ("down", STORED):
        return "Redis was fine at that moment. Does every call ask it anew, or does one remember an earlier call?"
    return "Which of the three does this case ask for: the text, `busy` or `down`?"


HINTS = (
    "Make the three errors of the lesson happen in a cell of your own, and print class and text of each.",
    "Python takes the first `except` that fits, and `MaxConnectionsError` is a kind of `ConnectionError`. Which has to "
    "come first?",
    "A blocking pool raises the same class for exhausted as for down. With `as error` a clause can look at the text, "
    "`str(error)`.",
    "A silent Redis raises `redis.TimeoutError`, which needs a clause of its own.",
    "Three clauses: `MaxConnectionsError` is busy; `ConnectionError` is busy if its text is `No connection available.` "
    "and down otherwise; `TimeoutError` is down.",
)
