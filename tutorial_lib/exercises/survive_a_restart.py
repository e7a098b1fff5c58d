"""A client that gets over a short restart of Redis, and reports a long outage in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, best_of, call_within
from tutorial_lib.exercises._parts import require_client
from tutorial_lib.exercises._weather import (
    GREETING,
    became,
    change_greeting,
    outage,
    store_greeting,
    take_down,
    tries_after,
)
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "survive-a-restart"
LESSON = "10"
TITLE = "Survive a restart"
NAME = "make_client"

AWAY = 0.2
TOLD_WITHIN = 0.8
AT_ONCE = 0.15
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
GRACE = 0.2
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
    _require_well(r)
    _require_few_attempts(r)
    lab.doing("Redis stays down")
    told = _require_told(r, proxy)
    lab.doing("Redis is restarted")
    late = _require_bridged(r, proxy, lab)
    return (
        f"When Redis stayed down, `get` raised `{type(told.error).__name__}` after {told.seconds:.2f} s. When it was "
        f"down for {AWAY} s, `get` returned the greeting after {late.seconds:.2f} s, without an error."
    )


def _ask(r: redis.Redis) -> Any:
    answer = r.get("greeting")
    return answer.decode() if isinstance(answer, bytes) else answer


def _require_well(r: redis.Redis) -> None:
    first = best_of(3, lambda: call_within(2, lambda: _ask(r)), lambda call: bool(call.result == GREETING))
    if first.result != GREETING:
        raise Wrong(
            f"Redis was up, and `get` {became(first)}. The key `greeting` in database 0 holds {GREETING!r}. Does your "
            "client connect to that database?"
        )
    call = best_of(3, lambda: call_within(2, lambda: _ask(r)), lambda call: call.seconds < AT_ONCE)
    if call.seconds >= AT_ONCE:
        raise Wrong(
            f"Redis was up, and `get` took {call.seconds:.1f} s. Only an outage should cost time. Does your client "
            "pause before it knows whether there is an error?"
        )


def _require_few_attempts(r: redis.Redis) -> None:
    """Without a pause, a thousand attempts may outlast the restart too, on a machine that is slow enough."""
    tries = tries_after(redis.ConnectionError, r.connection_pool)
    if tries > MOST_ATTEMPTS:
        raise Wrong(
            f"When Redis is down, a `get` may make {tries:,} attempts, and {MOST_ATTEMPTS} are allowed. An attempt "
            "that is refused takes less than a millisecond. What would let a few attempts last for 0.2 s?"
        )


def _require_bridged(r: redis.Redis, proxy: FaultProxy, lab: Lab) -> Call:
    """The greeting changes meanwhile, so that an answer that was remembered is not the answer of Redis."""
    new = f"{GREETING} again"
    change_greeting(new, lab)

    def ask_in_the_outage() -> Call:
        with outage(proxy, AWAY):
            return call_within(TOLD_WITHIN + GRACE, lambda: _ask(r), Exception)

    call = best_of(3, ask_in_the_outage, lambda call: bool(call.result == new))
    if call.result == new:
        return call
    if call.result == GREETING:
        raise Wrong(
            f"Redis was down for {AWAY} s, and `get` returned {GREETING!r}. Meanwhile the greeting had become "
            f"{new!r}, so your client remembered an old value. When does it ask Redis again?"
        )
    when = " before Redis was back" if call.error else ""
    raise Wrong(f"Redis was down for {AWAY} s, and `get` {became(call)}{when}. {_why_not(r, call)}")


def _why_not(r: redis.Redis, call: Call) -> str:
    tries = tries_after(redis.ConnectionError, r.connection_pool)
    if not call.returned:
        return "That's too late for an answer. How long are the pauses between the attempts?"
    if type(r) is not redis.Redis or not call.error:
        return "Redis was back soon afterwards. What does your client do until then?"
    if tries > 1:
        return (
            f"It made {tries} attempts, and all of them were over before Redis was back, because a refused connection "
            "fails at once. How long are the pauses between the attempts in total?"
        )
    if r.connection_pool.connection_kwargs.get("health_check_interval"):
        return (
            "It made one attempt. A health check sends a PING before the command, but it doesn't retry after an error. "
            "Which argument does?"
        )
    if r.connection_pool.connection_kwargs.get("retry"):
        return (
            "It made one attempt, because its `retry` doesn't retry after a `ConnectionError`. Which errors does "
            "`supported_errors` list?"
        )
    if r.auto_close_connection_pool:
        return "It made one attempt, like every pool made by `from_url` without a `retry`. Which argument is missing?"
    return (
        "It made one attempt. A client that is given a pool ignores its own settings for connections, so the pool "
        "needs the `retry`. Where did you write it?"
    )


def _require_told(r: redis.Redis, proxy: FaultProxy) -> Call:
    take_down(proxy)
    told = best_of(
        2,
        lambda: call_within(TOLD_WITHIN + GRACE, lambda: _ask(r), Exception),
        lambda call: call.seconds <= TOLD_WITHIN,
    )
    tries = tries_after(redis.ConnectionError, r.connection_pool)
    proxy.heal()  # so that a call that still goes on comes to an end
    if not told.returned:
        raise Wrong(f"Redis stayed down, and after {TOLD_WITHIN:g} s `get` was still retrying. {_so_many(tries, r)}")
    if told.error is None:
        remembered = " Your client remembered that value." if told.result == GREETING else ""
        raise Wrong(
            f"Redis stayed down, and `get` {became(told)}.{remembered} The caller has to know that Redis can't be "
            "reached. What would tell it?"
        )
    if not isinstance(told.error, redis.RedisError):
        raise Wrong(
            f"Redis stayed down, and `get` raised {named(told.error)}. Callers of a `redis.Redis` catch redis-py's "
            "errors, such as `redis.ConnectionError`. Which one did you replace?"
        )
    if told.seconds > TOLD_WITHIN:
        raise Wrong(
            f"Redis stayed down, and `get` raised its error after more than {TOLD_WITHIN:g} s. {_so_many(tries, r)}"
        )
    return told


def _so_many(tries: int, r: redis.Redis) -> str:
    if tries < 0:
        return "A negative number of retries means for ever. How many are enough for the short outage?"
    if type(r) is not redis.Redis:
        return (
            f"Each call makes {so_many(tries, 'attempt')}, and your class may call again. How long does all of it take?"
        )
    return f"It makes {tries} attempts, with pauses in between. How long are the pauses in total?"


HINTS = (
    "A plain pool doesn't retry. Which argument makes a client retry, and which call in the lesson has it?",
    "While Redis is down, each attempt is refused at once. Six attempts without a pause take a few milliseconds.",
    "The pauses in total have to be longer than 0.2 s and shorter than 0.8 s. `Retry(backoff, retries)` takes the "
    "pause before each retry, and the number of retries.",
    "Give the pool, not the client, a `retry=` with a `ConstantBackoff` of 0.1 s and five retries: half a second.",
)
