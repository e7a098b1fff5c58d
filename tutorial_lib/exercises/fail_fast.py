"""A page in time: a short wait for a connection, a short wait for the reply, and another text to show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, became, best_of, borrowed_from, call_within, one_returned_after
from tutorial_lib.exercises._parts import require_callable, require_several
from tutorial_lib.exercises._pools import left_in_use, require_limit, require_pool
from tutorial_lib.exercises._words import named
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "fail-fast"
LESSON = "03"
TITLE = "A greeting in time"
NAME = "open_shop"

LIMIT = 2
STORED = "Good evening"
OTHERWISE = "Welcome!"
IN_TIME = 0.3
# A call that is a little late may be a busy machine's fault, so it is timed again.
TRIES = 3
GRACE = 0.02
A_LITTLE = 0.15
SILENCE = 0.7
LONGEST = 0.55  # shorter than the silence: a call that waits for its end is still waiting then
WORTH_WAITING = 0.1

PROMPT = """
**Given** a Redis that is sometimes busy and sometimes silent. The key `greeting` holds a text.

**Write** `open_shop(host, port)`. It returns two things: a pool of at most **2** connections, and a function `greet()`
that uses this pool. Other parts of the shop borrow from the pool as well.

**It passes when**
- `greet()` returns the text that `greeting` holds now;
- it returns `"Welcome!"` if it cannot get that text, **within 0.3 s, whatever happens**: no connection is idle, or
  Redis is silent, or both, one after the other;
- it waits for a connection that is returned within **0.1 s**;
- it is finished when it returns: it holds no connection any more, it has left no reply unread in one, and the
  connections that others have borrowed still work.
"""


def starter(host, port):
    pool = ...  # your code here

    def greet():
        r = redis.Redis(connection_pool=pool)
        return r.get("greeting").decode()

    return pool, greet


def solution(host, port):
    pool = redis.BlockingConnectionPool(
        host=host, port=port, max_connections=2, timeout=0.15, socket_timeout=0.1, socket_connect_timeout=0.1
    )

    def greet():
        r = redis.Redis(connection_pool=pool)
        try:
            return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return pool, greet


WHY = """
The two waits come one after the other: `timeout` limits the wait for a connection and `socket_timeout` the wait for a
reply, so their sum has to stay below 0.3 s. Every retry adds another `socket_timeout`, and a pool without a `retry`
makes none. A plain pool that is asked again until 0.1 s have passed works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as others:
        others.set("greeting", STORED)
        pool, greet = _require_shop(lab.call(answer, lab.server.host, lab.server.port), lab)
        _require_greeting(pool, greet)
        require_limit(pool, LIMIT)
        _require_wait(best_of(TRIES, lambda: _one_comes_back(pool, greet), _is_stored))
        busy = best_of(TRIES, lambda: _all_in_use(pool, greet, lab), _is_clear)
        _require_in_time(busy, "Both connections were in use", _about_timeout(pool), pool)
        shop = _SilentShop(pool, greet, lab, others)
        late = best_of(TRIES, lambda: shop.one_comes_back_late(busy.seconds), _is_clear)
        silent = shop.one_is_idle(already_silent=_is_in_time(late))
        _require_in_time(silent, f"Redis was silent for {SILENCE} s while a connection was idle", _REPLY, pool)
        _require_in_time(late, "A connection was returned just in time, and then Redis was silent", _SUM, pool)
        shop.require_nothing_left()
    return (
        f"A connection was idle: `{STORED}`. One was returned after nearly {WORTH_WAITING} s: `{STORED}`. None was "
        f"returned: `{OTHERWISE}`. Redis was silent: `{OTHERWISE}`. All of it within {IN_TIME} s."
    )


_REPLY = "A pool's `timeout` limits the wait for a connection. What limits the wait for a reply, and is it tried again?"
_SUM = "The wait for a connection and the wait for a reply add up. How long may each of them be?"


def _is_stored(call: Call) -> bool:
    return bool(call.result == STORED)


def _is_in_time(call: Call) -> bool:
    return call.returned and call.seconds <= IN_TIME + GRACE


def _is_clear(call: Call) -> bool:
    return _is_in_time(call) or not call.returned or call.seconds > IN_TIME + A_LITTLE


def _one_comes_back(pool: redis.ConnectionPool, greet: Callable[[], Any]) -> Call:
    with borrowed_from(pool, LIMIT) as borrowed, one_returned_after(0.9 * WORTH_WAITING, pool, borrowed):
        return call_within(LONGEST, greet)


def _all_in_use(pool: redis.ConnectionPool, greet: Callable[[], Any], lab: Lab) -> Call:
    """Call while others have borrowed all connections, and look afterwards whether these still work."""
    with borrowed_from(pool, LIMIT) as borrowed:
        opened = lab.server.opened()
        call = call_within(LONGEST, greet)
        for connection in borrowed:
            with suppress(redis.TimeoutError):  # a busy machine, and a pool that gives up soon
                connection.send_command("PING")
                connection.read_response()
        if lab.server.opened() > opened:
            raise Wrong(
                f"Others had borrowed both connections, and `greet` closed them: {lab.server.opened() - opened} had to "
                "be opened again. Which line closes more than it has borrowed?"
            )
    return call


class _SilentShop:
    """Calls of ``greet`` while Redis is silent, and what is left of them in the pool."""

    def __init__(self, pool: redis.ConnectionPool, greet: Callable[[], Any], lab: Lab, others: redis.Redis) -> None:
        self._pool = pool
        self._greet = greet
        self._lab = lab
        self._others = others

    def one_comes_back_late(self, gives_up_after: float) -> Call:
        """Call while all connections are in use; one is returned shortly before the caller would give up."""
        self._others.ping()  # Redis answers: an earlier silence is over
        with borrowed_from(self._pool, LIMIT) as borrowed:
            self._lab.server.pause(SILENCE)
            with one_returned_after(0.85 * gives_up_after, self._pool, borrowed):
                return call_within(LONGEST, self._greet)

    def one_is_idle(self, already_silent: bool) -> Call:
        """Call while a connection is idle."""
        if not already_silent:
            self._others.ping()
            self._lab.server.pause(SILENCE)
        return call_within(LONGEST, self._greet)

    def require_nothing_left(self) -> None:
        """Raise Wrong if a connection is still in use, or holds a reply that is not for the next caller."""
        during = left_in_use(self._pool, within=0.1)
        if not during and call_within(SILENCE, partial(_next_reply, self._pool)).result == STORED:
            raise Wrong(
                "`greet` returned its connection before Redis had replied. The next caller sent ECHO `next` on it and "
                f"got {shown(STORED)}: the reply to the GET of `greet`. What has to happen to a connection whose reply "
                "is late?"
            )
        if not during:
            return
        self._others.ping()
        if left_in_use(self._pool, within=0.3):
            raise Wrong(
                "Every answer was in time, and afterwards not every connection has come back. Which line returns the "
                "connection that `greet` has borrowed, if Redis does not reply?"
            )
        raise Wrong(
            "`greet` returned in time while Redis was silent, and kept a connection in use: what it had begun went on "
            "without it, and the other parts of the shop had to do with fewer connections. What was still waiting?"
        )


def _next_reply(pool: redis.ConnectionPool) -> Any:
    """Borrow while Redis is silent, ask something else, and return the reply as text."""
    connection = pool.get_connection()
    try:
        connection.send_command("ECHO", "next")
        reply = connection.read_response(timeout=SILENCE, disconnect_on_error=True)
        return reply.decode() if isinstance(reply, bytes) else reply
    finally:
        connection.disconnect()
        pool.release(connection)


def _require_shop(shop: Any, lab: Lab) -> tuple[redis.ConnectionPool, Callable[[], Any]]:
    pool, greet = require_several(shop, ("pool", "greet"), "two things", lab)
    if isinstance(greet, redis.ConnectionPool):
        raise Wrong("`open_shop` returned `greet` first and the pool second. It has to be the other way round.")
    return require_pool(pool, lab), require_callable(greet, "greet")


def _require_greeting(pool: redis.ConnectionPool, greet: Callable[[], Any]) -> None:
    call = best_of(TRIES, lambda: call_within(LONGEST, greet), _is_stored)
    if call.error or call.result != STORED:
        raise Wrong(
            f'With both connections idle, `greet` {became(call)}. In Redis the greeting is the text `"{STORED}"`.'
        )
    if snapshot(pool).idle != 1:
        raise Wrong(
            f"`greet` got the greeting, but the pool that you returned now has {snapshot(pool).idle} idle connections "
            "where one was expected. Which pool does `greet` borrow from, and does it return what it borrows?"
        )


def _require_wait(soon: Call) -> None:
    if _is_stored(soon):
        return
    raise Wrong(
        f"Both connections were in use, and one was returned after {0.9 * WORTH_WAITING:g} s. `greet` {became(soon)} "
        "and did not wait for it. Which kind of pool waits, and what says how long?"
    )


def _require_in_time(call: Call, trouble: str, idea: str, pool: redis.ConnectionPool) -> None:
    if not call.returned:
        raise Wrong(f"{trouble}, and after {LONGEST} s `greet` was still waiting. {idea}")
    if call.error:
        raise Wrong(
            f"{trouble}, and `greet` raised {named(call.error)}. A customer expects `{OTHERWISE}`. "
            "Which clause catches this error?"
        )
    if call.result != OTHERWISE and pool.max_connections > LIMIT:
        raise Wrong(
            f"{trouble}, and `greet` raised the limit of the pool: it was {LIMIT} and is now {pool.max_connections}. "
            "The others have to keep to the limit too. What should `greet` return instead?"
        )
    if not _is_in_time(call):
        raise Wrong(f"{trouble}, and `greet` took {call.seconds:.1f} s; {IN_TIME} s are allowed. {idea}")
    if call.result != OTHERWISE:
        raise Wrong(
            f"{trouble}, and `greet` returned {shown(call.result)} where `{OTHERWISE!r}` was expected. Redis was not "
            "asked just now, so this may be an old text. Where does it come from?"
        )


def _about_timeout(pool: redis.ConnectionPool) -> str:
    if not isinstance(pool, redis.BlockingConnectionPool):
        return "This pool has no `timeout`. What in your code waits, and for how long?"
    timeout = pool.timeout
    return f"The pool's `timeout` is {'`None`, so it waits for ever' if timeout is None else f'{timeout:g} s'}."


HINTS = (
    "Two different things can take too long. The lesson has a table with an argument for each.",
    "A plain pool does not wait at all, and a blocking one waits for 20 s unless you say otherwise. The wait for a "
    "connection and the wait for a reply can follow each other: how do you divide 0.3 s between them?",
    "An exhausted blocking pool raises `redis.ConnectionError`, and a silent Redis `redis.TimeoutError`. Neither is a "
    "kind of the other; `except` takes both in parentheses, with a comma.",
    "A `BlockingConnectionPool` of 2 with 0.15 s for `timeout` and 0.1 s for `socket_timeout` is in time. `greet` "
    "tries the `get`, and returns the other text when either error comes.",
)
