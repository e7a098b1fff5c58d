"""A client that gets over a short restart of Redis, and reports a long outage in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, best_of, call_within
from tutorial_lib.exercises._parts import require_client
from tutorial_lib.exercises._restarts import (
    LONGEST_GET,
    NEW_GREETING,
    RESTARTS_IN,
    is_at_once,
    is_told_in_time,
    renew_greeting,
    require_at_once,
    require_bridged,
    require_told,
)
from tutorial_lib.exercises._weather import outage, store_greeting, take_down, tries_after
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "survive-a-restart"
LESSON = "10"
TITLE = "Survive a restart"
NAME = "make_client"

MOST_ATTEMPTS = 50

PROMPT = """
**Given** a Redis that restarts now and then. While it's down, all its connections break and new ones are refused.

**Write** `make_client(host, port)`, which returns a `redis.Redis` for that address. You can use
`redis.retry.Retry(…)` and the classes in `redis.backoff` without another import.

**It passes when**
- Redis is up, and a `get` returns within **0.15 s**;
- Redis stays down, and a `get` raises an error of redis-py within **0.8 s**;
- Redis is down for **0.2 s**, and a `get` that is sent meanwhile returns the current value once Redis is back;
- no `get` may make more than **50** attempts.
"""


def starter(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    return redis.Redis(connection_pool=pool)


def solution(host, port):
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 5)
    pool = redis.ConnectionPool(host=host, port=port, retry=retry)
    return redis.Redis(connection_pool=pool)


WHY = """
A refused connection fails at once, so the pauses between the attempts have to be longer than the outage: 5 times 0.1 s
is more than 0.2 s and less than 0.8 s. It's the connection that retries, so the pool needs the `retry`.
`redis.Redis(host=…, retry=…)`, which makes a pool of its own, works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    store_greeting(lab)
    proxy = lab.proxy()
    r = require_client(lab.call(answer, proxy.host, proxy.port), f"`{lab.name}` returned")
    require_at_once(best_of(3, lambda: _get(r, 2, redis.RedisError), is_at_once))
    _require_few_attempts(r)
    lab.doing("Redis stays down")
    take_down(proxy)
    told = best_of(2, lambda: _get(r), is_told_in_time)
    proxy.heal()  # so that a call that still goes on comes to an end
    require_told(told, r)
    lab.doing("Redis is restarted")
    renew_greeting(lab)
    late = best_of(3, lambda: _get_in_an_outage(r, proxy), lambda call: bool(call.result == NEW_GREETING))
    require_bridged(late, r)
    return (
        f"When Redis stayed down, `get` raised `{type(told.error).__name__}` after {told.seconds:.2f} s. When it was "
        f"down for {RESTARTS_IN} s, `get` returned the greeting after {late.seconds:.2f} s, without an error."
    )


def _get(r: redis.Redis, within: float = LONGEST_GET, catching: type[Exception] = Exception) -> Call:
    def ask() -> Any:
        answer = r.get("greeting")
        return answer.decode() if isinstance(answer, bytes) else answer

    return call_within(within, ask, catching)


def _get_in_an_outage(r: redis.Redis, proxy: FaultProxy) -> Call:
    with outage(proxy, RESTARTS_IN):
        return _get(r)


def _require_few_attempts(r: redis.Redis) -> None:
    """Without a pause, a thousand attempts may outlast the restart too, on a machine that is slow enough."""
    tries = tries_after(redis.ConnectionError, r.connection_pool)
    if tries > MOST_ATTEMPTS:
        raise Wrong(
            f"When Redis is down, a `get` may make {tries:,} attempts, and {MOST_ATTEMPTS} are allowed. An attempt "
            "that is refused takes less than a millisecond. What would let a few attempts last for 0.2 s?"
        )


HINTS = (
    "A plain pool doesn't retry. Which argument makes a client retry, and which call in the lesson has it?",
    "While Redis is down, each attempt is refused at once. Six attempts without a pause take a few milliseconds.",
    "The pauses in total have to be longer than 0.2 s and shorter than 0.8 s. `Retry(backoff, retries)` takes the "
    "pause before each retry, and the number of retries.",
    "Give the pool, not the client, a `retry=` with a `ConstantBackoff` of 0.1 s and five retries: half a second.",
)
