"""A page that is there in time: a short wait for a connection, a short wait for the reply, and other words at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, best_of, call_within, lent_out, one_back_after
from tutorial_lib.exercises._pools import left_in_use, require_places, require_pool
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import NotAttempted, Wrong, shown

ID = "fail-fast"
LESSON = "03"
TITLE = "A greeting in time"
NAME = "open_shop"

LIMIT = 2
STORED = "Good evening"
OTHERWISE = "Welcome!"
IN_TIME = 0.3
# What is asked for is 0.3 s. A machine that is busy with something else is not the answer's mistake.
GRACE = 0.15
LOOK_UNTIL = 0.8
BACK_AFTER = 0.05

PROMPT = """
Write `open_shop(host, port)`. It returns two things: a pool of at most **2** connections, and a function `greet()`
which uses that pool. Other parts of the shop borrow from the pool as well.

`greet()` returns the text that the key `greeting` holds. If it cannot have that in time it returns `"Welcome!"`,
**within 0.3 s, whatever is the matter**: all connections are lent, or Redis is silent. But a connection that comes
back within 0.1 s is worth waiting for.
"""


def starter(host, port):
    pool = ...  # your code here

    def greet():
        r = redis.Redis(connection_pool=pool)
        return r.get("greeting").decode()

    return pool, greet


def solution(host, port):
    pool = redis.BlockingConnectionPool(
        host=host, port=port, max_connections=2, timeout=0.15, socket_timeout=0.15, socket_connect_timeout=0.15
    )

    def greet():
        r = redis.Redis(connection_pool=pool)
        try:
            return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return pool, greet


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.set("greeting", STORED)
    pool, greet = _require_shop(lab.call(answer, lab.server.host, lab.server.port), lab)
    _require_greeting(pool, greet)
    require_places(pool, LIMIT)
    _require_patience(best_of(3, lambda: _one_comes_back(pool, greet), _is_stored))
    with lent_out(pool, LIMIT):
        full = call_within(LOOK_UNTIL, greet)
    _require_in_time(full, "Both connections were lent", f"The pool's `timeout` is {_patience(pool)}.")
    lab.server.pause(LOOK_UNTIL)
    silent = call_within(LOOK_UNTIL + 0.2, greet)
    _require_in_time(
        silent,
        f"Redis was silent for {LOOK_UNTIL} s while a connection was free",
        "A pool's `timeout` ends when the connection is lent; what limits the wait for a reply?",
    )
    kept = left_in_use(pool)
    if kept:
        raise Wrong(f"Every answer was in time, and afterwards in_use is {kept}. Who gives back what `greet` borrows?")
    return (
        f"Free: `{STORED}`. Back after {BACK_AFTER} s: waited for. All lent: `{OTHERWISE}` after {full.seconds:.2f} s. "
        f"Redis silent: `{OTHERWISE}` after {silent.seconds:.2f} s. No page of this shop hangs."
    )


def _is_stored(call: Call) -> bool:
    return bool(call.result == STORED)


def _one_comes_back(pool: redis.ConnectionPool, greet: Callable[[], Any]) -> Call:
    with lent_out(pool, LIMIT) as borrowed, one_back_after(BACK_AFTER, pool, borrowed):
        return call_within(LOOK_UNTIL, greet)


def _require_shop(shop: Any, lab: Lab) -> tuple[redis.ConnectionPool, Callable[[], Any]]:
    if not isinstance(shop, (tuple, list)) or len(shop) != 2:
        raise Wrong(f"`{lab.name}` returned {shown(shop)}. Asked for are two things, the pool and `greet`.")
    pool, greet = shop
    if pool is ...:
        raise NotAttempted(
            "`pool` is still the `...` it came with. Put your code in its place, and run the cell again."
        )
    if not callable(greet):
        raise Wrong(
            f"The second thing that `{lab.name}` returned is {shown(greet)}, and it has to be a function: "
            "`greet` itself, without parentheses."
        )
    return require_pool(pool, lab), greet


def _require_greeting(pool: redis.ConnectionPool, greet: Callable[[], Any]) -> None:
    call = best_of(5, lambda: call_within(LOOK_UNTIL, greet), _is_stored)
    if call.error or call.result != STORED:
        said = f"raised `{_named(call.error)}`" if call.error else f"returned {shown(call.result)}"
        raise Wrong(f'With both connections free, `greet` {said}. In Redis the greeting is the text `"{STORED}"`.')
    if snapshot(pool).idle != 1:
        raise Wrong(
            f"`greet` got the greeting, and the pool that you returned now has {snapshot(pool).idle} idle connections "
            "where one was expected. Which pool does `greet` borrow from, and does it give back?"
        )


def _require_patience(soon: Call) -> None:
    if _is_stored(soon):
        return
    said = f"raised `{_named(soon.error)}`" if soon.error else f"returned {shown(soon.result)}"
    raise Wrong(
        f"Both connections were lent, and one came back after {BACK_AFTER} s. `greet` {said} after "
        f"{soon.seconds:.2f} s and had no use for it. Which kind of pool has patience, and how much should it be?"
    )


def _require_in_time(call: Call, trouble: str, idea: str) -> None:
    if not call.returned:
        raise Wrong(f"{trouble}, and after {call.seconds:.1f} s `greet` was still waiting. {idea}")
    if call.error:
        raise Wrong(
            f"{trouble}, and `greet` raised `{_named(call.error)}` after {call.seconds:.2f} s. "
            f"A customer expects `{OTHERWISE}`. Which clause catches this error?"
        )
    if call.result != OTHERWISE and call.seconds <= IN_TIME + GRACE:
        raise Wrong(f"{trouble}, and `greet` returned {shown(call.result)}. Asked for is `{OTHERWISE!r}`.")
    if call.seconds > IN_TIME + GRACE:
        raise Wrong(f"{trouble}, and the answer took {call.seconds:.2f} s; {IN_TIME} s are allowed. {idea}")


def _patience(pool: redis.ConnectionPool) -> str:
    timeout = getattr(pool, "timeout", 0)
    return "`None`, which means for ever" if timeout is None else f"{timeout:g} s"


def _named(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}"


HINTS = (
    "Two different things can take too long. The lesson has a table with an argument for each.",
    "A pool that refuses at once has no patience, and one that waits for 20 s has too much. How long may the wait for "
    "a connection be, and how long the wait for a reply, if 0.3 s is all there is?",
    "An empty blocking pool raises `redis.ConnectionError`, a silent Redis `redis.TimeoutError`. Neither is a kind of "
    "the other; `except` takes both in parentheses, with a comma.",
    "A `BlockingConnectionPool` of 2 with 0.15 s for `timeout` and as much for `socket_timeout` is in time. `greet` "
    "tries the `get`, and returns the other text when either error comes.",
)
