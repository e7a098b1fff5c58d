"""A greeting in time although Redis is silent, without giving up on a reply that is only slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, became, best_of, call_within
from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.exercises._pools import left_in_use, require_one_opened
from tutorial_lib.exercises._weather import (
    GREETING,
    change_greeting,
    pools_by,
    silence,
    store_greeting,
    tries_after,
)
from tutorial_lib.exercises._words import named
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "bounded-wait"
LESSON = "11"
TITLE = "An answer in time"
NAME = "open_shop"

OTHERWISE = "Welcome!"
CALLS = 5
SLOW = 0.15
IN_TIME = 0.7
FREE_WITHIN = 1.0
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
GRACE = 0.2

PROMPT = """
**Given** a Redis whose key `greeting` holds a text, and a network that's sometimes slow, broken or silent.

**Write** `open_shop(host, port)`. It returns a function `greet()`, which returns the greeting as a `str`. All calls of
`greet` share one pool. You can use `redis.retry.Retry(…)` and the classes in `redis.backoff` without another import.

**It passes when**
- each reply takes **0.15 s**, and `greet()` waits for the greeting;
- a reply gets lost, and `greet()` sends its command **again** and returns the greeting;
- Redis is silent, and `greet()` returns `"Welcome!"` within **0.7 s**, with no connection in use **1 s** later;
- Redis works again, and `greet()` returns the greeting that was set meanwhile, because each call asks Redis;
- **5** calls open no more than **1** connection.
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


WHY = """
`socket_timeout` limits each attempt, and with one retry there are two: 2 times 0.25 s is less than 0.7 s, and 0.25 s is
more than a slow reply needs. A `Retry` whose `supported_errors` contains only `redis.ConnectionError` doesn't retry
after a timeout, so its `socket_timeout` may be longer.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    store_greeting(lab)
    proxy = lab.proxy()
    greet = require_callable(lab.call(answer, proxy.host, proxy.port), "greet", returned_by=lab.name)
    well = best_of(3, lambda: call_within(2, greet), _is_greeted)
    _require_greeting(well, "Redis was up,", "The greeting is a text, under the key `greeting` in database 0.")
    _require_asking(greet, lab)

    def cut() -> Call:
        proxy.reset_after(0)
        return call_within(IN_TIME + GRACE, greet)

    again = best_of(3, cut, _is_greeted)
    _require_greeting(again, "A reply got lost,", "Redis worked again at once. What sends the command a second time?")

    def ask_slowly() -> Call:
        proxy.downstream.latency = SLOW
        try:
            return call_within(IN_TIME + GRACE, greet)
        finally:
            proxy.downstream.latency = 0.0

    slow = best_of(3, ask_slowly, _is_greeted)
    _require_greeting(slow, f"The reply took {SLOW} s,", "It was on its way. How long does your client wait for it?")
    lab.doing("Redis is silent")
    silent = best_of(3, lambda: _ask_in_silence(proxy, greet, lab), lambda call: call.seconds <= IN_TIME)
    _require_in_time(silent, pools_by(proxy, lab))
    _require_well_again(greet, lab)
    return (
        "`greet` waited for a slow reply, and retried after a lost one. When Redis was silent it returned "
        f"`{OTHERWISE}` after {silent.seconds:.2f} s, and when Redis worked again it returned the new greeting."
    )


def _ask_in_silence(proxy: FaultProxy, greet: Callable[[], Any], lab: Lab) -> Call:
    call_within(IN_TIME, greet)  # so that a connection is open
    with silence(proxy):
        call = call_within(IN_TIME + GRACE, greet)
        if call.result == OTHERWISE:
            _require_free(proxy, lab)
    return call


def _require_free(proxy: FaultProxy, lab: Lab) -> None:
    kept = sum(left_in_use(pool, FREE_WITHIN) for pool in pools_by(proxy, lab))
    if kept:
        raise Wrong(
            f"Redis was silent, and `greet` returned `{OTHERWISE}` in time. But {FREE_WITHIN:g} s later the pool "
            f"still has in_use={kept}. If many requests come while Redis is silent, what happens to your pool?"
        )


def _is_greeted(call: Call) -> bool:
    return bool(call.result == GREETING)


def _require_greeting(call: Call, situation: str, idea: str) -> None:
    if not _is_greeted(call):
        raise Wrong(f"{situation} and `greet` {became(call)} instead of `{GREETING!r}`. {idea}")


def _require_asking(greet: Callable[[], Any], lab: Lab) -> None:
    opened_before, asked_before = lab.server.opened(), lab.server.commands()
    for _ in range(CALLS):
        greet()
    opened = lab.server.opened() - opened_before
    require_one_opened(opened, f"{CALLS} calls of `greet`", "What is created inside `greet` that could be kept?")
    asked = (lab.server.commands() - asked_before).total()
    if asked < CALLS:
        raise Wrong(
            f"{CALLS} calls of `greet` sent {asked} commands to Redis, so `greet` won't notice a new greeting. Where "
            "is the old one kept?"
        )


def _require_in_time(call: Call, pools: Sequence[redis.ConnectionPool]) -> None:
    if call.error:
        raise Wrong(
            f"Redis was silent, and `greet` raised {named(call.error)}. It should return `{OTHERWISE}`. Which `except` "
            "catches this error?"
        )
    if call.returned and call.result != OTHERWISE:
        raise Wrong(f"Redis was silent, and `greet` {became(call)}. It should return `{OTHERWISE!r}`.")
    if call.returned and call.seconds <= IN_TIME:
        return
    longest = max((pool.connection_kwargs.get("socket_timeout", 5) or 0 for pool in pools), default=0)
    each = f"{longest:g} s" if longest else "for ever"
    tries = tries_after(redis.TimeoutError, *pools)
    what = f"It waits {each} for a reply" if tries == 1 else f"It makes {tries} attempts, and each waits {each}"
    if any(isinstance(pool, redis.BlockingConnectionPool) for pool in pools):
        idea = "A pool's `timeout` limits the wait for a connection. Which argument limits the wait for a reply?"
    else:
        idea = "Which argument limits that?" if tries == 1 else "How long is that in total?"
    raise Wrong(
        f"Redis was silent, and after {IN_TIME:g} s `greet` had not returned. "
        f"{what if tries > 0 else 'It retries for ever'}. {idea}"
    )


def _require_well_again(greet: Callable[[], Any], lab: Lab) -> None:
    new = f"{GREETING} again"
    change_greeting(new, lab)
    call = best_of(3, lambda: call_within(2, greet), lambda call: bool(call.result == new))
    if call.result != new:
        raise Wrong(
            f"After the silence Redis worked again and the greeting was {new!r}, but `greet` {became(call)}. Does it "
            "still ask Redis?"
        )


HINTS = (
    "The lesson's table has three arguments. Which of them limits the wait for a reply?",
    "Each attempt may wait that long, and one retry makes it two attempts. How long may each of them wait, if both "
    "together stay below 0.7 s, and a reply may take 0.15 s?",
    "A lost reply raises `redis.ConnectionError`, a silent Redis `redis.TimeoutError`, and neither is a kind of the "
    "other.",
    "Build a pool with a `socket_timeout` of 0.25 s and a `retry` that makes one retry without a pause. In `greet`, "
    "use a `try` whose `except` names both errors.",
)
