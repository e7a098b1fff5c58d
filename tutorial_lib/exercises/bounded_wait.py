"""A greeting in time from a Redis that says nothing, and patience with one that is slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, best_of, call_within
from tutorial_lib.exercises._weather import (
    GREETING,
    became,
    pools_by,
    require_function,
    silence,
    store_greeting,
    tries_of,
)
from tutorial_lib.exercises._words import named
from tutorial_lib.faults import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "bounded-wait"
LESSON = "08"
TITLE = "An answer from silence"
NAME = "open_shop"

OTHERWISE = "Welcome!"
SLOW = 0.15
IN_TIME = 0.7
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
GRACE = 0.4

PROMPT = """
Write `open_shop(host, port)`. It returns a function `greet()`, which returns the text that the key `greeting` holds.
It uses one pool for all calls.

- The line goes silent: everything is taken in, nothing is answered. `greet()` returns `"Welcome!"` **within 0.7 s**,
  also after earlier greetings.
- Redis is slow, and each reply takes **0.15 s**: `greet()` waits for the greeting.
- A reply is cut: `greet()` asks **again**, and returns the greeting.

`redis.retry.Retry(…)` and what stands in `redis.backoff` need no further import.
"""


def starter(host, port):
    r = ...  # your code here

    def greet():
        return r.get("greeting").decode()

    return greet


def solution(host, port):
    pool = redis.ConnectionPool(
        host=host,
        port=port,
        socket_timeout=0.25,
        socket_connect_timeout=0.25,
        retry=redis.retry.Retry(redis.backoff.NoBackoff(), 1),
    )
    r = redis.Redis(connection_pool=pool)

    def greet():
        try:
            return r.get("greeting").decode()
        except (redis.ConnectionError, redis.TimeoutError):
            return "Welcome!"

    return greet


def check(answer: Callable[..., Any], lab: Lab) -> str:
    store_greeting(lab)
    proxy = lab.proxy()
    greet = require_function(lab.call(answer, proxy.host, proxy.port), lab, "greet")
    well = best_of(3, lambda: call_within(2, greet), _is_greeted)
    _require_greeting(well, "Redis was well", "In Redis the greeting is a text, and the key is `greeting`.")
    _require_one_line(greet, lab)

    def cut() -> Call:
        proxy.reset_after(0)
        return call_within(IN_TIME + GRACE, greet)

    again = best_of(3, cut, _is_greeted)
    _require_greeting(
        again, "The reply was cut", "Redis was well again at once. What sends the question a second time?"
    )

    def ask_slowly() -> Call:
        proxy.downstream.latency = SLOW
        try:
            return call_within(IN_TIME + GRACE, greet)
        finally:
            proxy.downstream.latency = 0.0

    slow = best_of(3, ask_slowly, _is_greeted)
    _require_greeting(slow, f"The reply took {SLOW} s", "It was on its way. How long may one silence last?")
    silent = best_of(3, lambda: _ask_in_silence(proxy, greet), lambda call: call.seconds <= IN_TIME)
    pools = pools_by(proxy, lab)
    _require_in_time(silent, pools)
    return (
        f"Well: `{GREETING}`. Slow: waited for. Cut: asked again. Silent: `{OTHERWISE}` after {silent.seconds:.2f} s, "
        f"and no page hangs."
    )


def _ask_in_silence(proxy: FaultProxy, greet: Callable[[], Any]) -> Call:
    call_within(IN_TIME, greet)  # so that a line is open
    with silence(proxy):
        return call_within(IN_TIME + GRACE, greet)


def _is_greeted(call: Call) -> bool:
    return bool(call.result == GREETING)


def _require_greeting(call: Call, situation: str, idea: str) -> None:
    if not _is_greeted(call):
        raise Wrong(
            f"{situation}, and `greet` {became(call)} after {call.seconds:.2f} s. Asked for is `{GREETING}`. {idea}"
        )


def _require_one_line(greet: Callable[[], Any], lab: Lab) -> None:
    before = lab.server.opened()
    for _ in range(5):
        greet()
    opened = lab.server.opened() - before
    if opened > 1:
        raise Wrong(f"Five greetings opened {opened} connections. What is made inside `greet` that could be kept?")


def _require_in_time(call: Call, pools: Sequence[redis.ConnectionPool]) -> None:
    if call.returned and call.error is None and call.result == OTHERWISE and call.seconds <= IN_TIME:
        return
    if call.error:
        raise Wrong(
            f"The line was silent, and `greet` raised {named(call.error)} after {call.seconds:.2f} s. "
            f"A customer expects `{OTHERWISE}`. Which clause catches this one?"
        )
    if call.returned and call.result != OTHERWISE:
        raise Wrong(f"The line was silent, and `greet` {became(call)}. Asked for is `{OTHERWISE}`.")
    longest = max((pool.connection_kwargs.get("socket_timeout", 5) or 0 for pool in pools), default=0)
    each = f"{longest:g} s" if longest else "without end"
    borrowing = any(isinstance(pool, redis.BlockingConnectionPool) for pool in pools)
    raise Wrong(
        f"The line was silent, and after {IN_TIME:g} s `greet` had said nothing: it tries {tries_of(*pools)} "
        f"times, and each try may be silent for {each}. "
        + (
            "A pool's `timeout` ends when the connection is lent. What limits the silence after that?"
            if borrowing
            else "Multiply the two. What may be the product, at most?"
        )
    )


HINTS = (
    "The lesson's table has three limits. Which of them limits a silence after the question was sent?",
    "Each try has a silence of its own. With one try more there are two: how long may each be, if the sum is to "
    "stay below 0.7 s, and a reply after 0.15 s is to be waited for?",
    "A cut raises `redis.ConnectionError`, a silence `redis.TimeoutError`, and neither is a kind of the other.",
    "A pool with a `socket_timeout` of 0.25 s, and a `retry` that allows one try more without a pause; and in `greet` "
    "a `try` whose `except` names both errors.",
)
