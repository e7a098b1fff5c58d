"""A client for which a short restart of Redis is a pause, and a long one an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, best_of, call_within
from tutorial_lib.exercises._weather import (
    GREETING,
    became,
    outage,
    require_client,
    store_greeting,
    take_down,
    tries_of,
)
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "survive-a-restart"
LESSON = "08"
TITLE = "A restart is a pause"
NAME = "make_client"

AWAY = 0.2
TOLD_WITHIN = 0.8
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
GRACE = 0.1
LONG_GRACE = 0.6  # what comes back a little late is told so, on a busy machine too

PROMPT = """
Write `make_client(host, port)`. It returns a `redis.Redis` for that address, for which a restart is a pause:

- Redis is gone for **0.2 s**: all connections are cut, and nobody listens. A `get` that is sent in this time
  returns its answer, late.
- Redis is gone for good: the `get` raises redis-py's error **within 0.8 s**.

`redis.retry.Retry(…)` and what stands in `redis.backoff` need no further import.
"""


def starter(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    return redis.Redis(connection_pool=pool)


def solution(host, port):
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 5)
    pool = redis.ConnectionPool(host=host, port=port, retry=retry)
    return redis.Redis(connection_pool=pool)


def check(answer: Callable[..., Any], lab: Lab) -> str:
    store_greeting(lab)
    proxy = lab.proxy()
    r = require_client(lab.call(answer, proxy.host, proxy.port), lab)

    def ask() -> Any:
        answer = r.get("greeting")
        return answer.decode() if isinstance(answer, bytes) else answer

    well = best_of(3, lambda: call_within(2, ask), _is_greeted)
    if not _is_greeted(well):
        raise Wrong(f"Redis was well, and `get` {became(well)}. In Redis the greeting is `{GREETING}`.")

    def ask_in_the_outage() -> Call:
        with outage(proxy, AWAY):
            return call_within(TOLD_WITHIN + GRACE, ask)

    late = best_of(3, ask_in_the_outage, lambda call: _is_greeted(call) and call.seconds <= TOLD_WITHIN)
    if not _is_greeted(late):
        raise Wrong(
            f"Redis was gone for {AWAY} s, and `get` {became(late)} after {late.seconds:.2f} s. {_why_not(r, late)}"
        )
    take_down(proxy)
    told = best_of(2, lambda: call_within(TOLD_WITHIN + LONG_GRACE, ask), lambda call: call.seconds <= TOLD_WITHIN)
    tries = tries_of(r.connection_pool)
    proxy.heal()  # so that whoever is still at it comes to an end
    if not told.returned:
        raise Wrong(
            f"The short outage was bridged, in {late.seconds:.2f} s. Then Redis was gone for good, and after "
            f"{told.seconds:.1f} s `get` was still trying. {_so_many(tries)}"
        )
    if told.error is None:
        raise Wrong(
            f"Redis was gone for good, and `get` {became(told)}. Whoever asks has to learn of it, by redis-py's error."
        )
    if told.seconds > TOLD_WITHIN:
        raise Wrong(
            f"Redis was gone for good, and `get` said so after {told.seconds:.2f} s. Asked for is "
            f"{TOLD_WITHIN:g} s at most. {_so_many(tries)}"
        )
    return (
        f"Gone for {AWAY} s: the greeting came after {late.seconds:.2f} s, and no error. Gone for good: "
        f"`{type(told.error).__name__}` after {told.seconds:.2f} s. A restart is a pause now, and an end is told."
    )


def _is_greeted(call: Call) -> bool:
    return bool(call.result == GREETING)


def _why_not(r: redis.Redis, call: Call) -> str:
    tries = tries_of(r.connection_pool)
    if not call.returned:
        return "That is too late for the answer. How long are the pauses between its tries?"
    if tries > 1:
        return (
            f"It had {tries} tries, and they were over before Redis was back: nobody listening is told at once. "
            "What should lie between two tries?"
        )
    if r.connection_pool.connection_kwargs.get("health_check_interval"):
        return (
            "It tried once. A health check is a PING before the command, and nobody was there to hear that either; "
            "nothing runs in the background. What tries again?"
        )
    if r.auto_close_connection_pool:
        return "It tried once, as with every pool that `from_url` makes and nobody tells more. What would tell it?"
    return (
        "It tried once: a pool tries again if *it* is told to. Where did you say it, and who has the settings of a "
        "connection: the client that is given a pool, or the pool?"
    )


def _so_many(tries: int) -> str:
    if tries < 0:
        return "A negative number of retries means: without end. How many are enough for the short outage?"
    return (
        f"It has {tries} tries, and pauses between them. Multiply, and compare with the {TOLD_WITHIN:g} s it may take."
    )


HINTS = (
    "A plain pool tries once. What in the lesson made one try again, and in which call did it stand?",
    "A Redis that is gone says so at once. Six tries without a pause are over in a few thousandths of a second.",
    "The pauses together have to be longer than 0.2 s and shorter than 0.8 s. "
    "`Retry(backoff, retries)` takes what comes between two tries, and how many come after the first.",
    "Give the pool, not the client, a `retry=` with a `ConstantBackoff` of 0.1 s and five retries: half a second.",
)
