"""A client for which a short restart of Redis is a pause, and a long outage is an error."""

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
TITLE = "A restart is a pause"
NAME = "make_client"

AWAY = 0.2
TOLD_WITHIN = 0.8
AT_ONCE = 0.15
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
GRACE = 0.2

PROMPT = """
**Given** a Redis that is restarted now and then. While it is gone all its connections are cut, and new ones are
refused.

**Write** `make_client(host, port)`, which returns a `redis.Redis` for that address. `redis.retry.Retry(…)` and the
classes in `redis.backoff` need no further import.

**It passes when**
- Redis is there, and a `get` returns at once;
- Redis is gone for good, and the `get` raises redis-py's error **within 0.8 s**;
- after that Redis is gone for **0.2 s**, and a `get` that is sent meanwhile returns its answer, late.
"""


def starter(host, port):
    pool = redis.ConnectionPool(host=host, port=port)
    return redis.Redis(connection_pool=pool)


def solution(host, port):
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 5)
    pool = redis.ConnectionPool(host=host, port=port, retry=retry)
    return redis.Redis(connection_pool=pool)


WHY = """
A refused connection fails at once, so the pauses between the tries have to cover the outage: 5 times 0.1 s is more
than 0.2 s and less than 0.8 s. The pool's connections retry, so the pool gets the `retry`. `redis.Redis(host=…,
retry=…)`, which makes a pool of its own, works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    store_greeting(lab)
    proxy = lab.proxy()
    r = require_client(lab.call(answer, proxy.host, proxy.port), f"`{lab.name}` returned")
    _require_well(r)
    lab.doing("Redis is gone for good")
    told = _require_told(r, proxy)
    lab.doing("Redis is restarted")
    late = _require_bridged(r, proxy, lab)
    return (
        f"When Redis was gone for good, `{type(told.error).__name__}` came after {told.seconds:.2f} s. When it was "
        f"gone for {AWAY} s, the greeting came after {late.seconds:.2f} s, without an error."
    )


def _ask(r: redis.Redis) -> Any:
    answer = r.get("greeting")
    return answer.decode() if isinstance(answer, bytes) else answer


def _require_well(r: redis.Redis) -> None:
    first = best_of(3, lambda: call_within(2, lambda: _ask(r)), lambda call: bool(call.result == GREETING))
    if first.result != GREETING:
        raise Wrong(
            f"Redis was there, and `get` {became(first)}. The key `greeting` in database 0 holds {GREETING!r}. Does "
            "your client lead there?"
        )
    call = best_of(3, lambda: call_within(2, lambda: _ask(r)), lambda call: call.seconds < AT_ONCE)
    if call.seconds >= AT_ONCE:
        raise Wrong(
            f"Redis was there, and `get` took {call.seconds:.1f} s. Only an outage should cost time. Do you wait "
            "before you know whether there is an error?"
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
            f"Redis was gone for {AWAY} s, and `get` returned {GREETING!r}. Meanwhile the greeting had become "
            f"{new!r}, so that answer was remembered and did not come from Redis. Who asks Redis when it is back?"
        )
    when = " before Redis was back" if call.error else ""
    raise Wrong(f"Redis was gone for {AWAY} s, and `get` {became(call)}{when}. {_why_not(r, call)}")


def _why_not(r: redis.Redis, call: Call) -> str:
    tries = tries_after(redis.ConnectionError, r.connection_pool)
    if not call.returned:
        return "That is too late for an answer. How long are the pauses between the tries?"
    if type(r) is not redis.Redis or not call.error:
        return "Redis was back soon after. What does your client do until then?"
    if tries > 1:
        return (
            f"It tried {tries} times, and all tries were over before Redis was back, because a refused connection "
            "fails at once. How long are the pauses between two tries, all together?"
        )
    if r.connection_pool.connection_kwargs.get("health_check_interval"):
        return (
            "It tried once. A health check sends a PING before the command, but does not try again after an error. "
            "What does?"
        )
    if r.connection_pool.connection_kwargs.get("retry"):
        return (
            "It tried once: its `retry` does not repeat after a `ConnectionError`. Which errors does "
            "`supported_errors` name?"
        )
    if r.auto_close_connection_pool:
        return "It tried once, like every pool made by `from_url` that gets no `retry`. Which argument is missing?"
    return (
        "It tried once. A client that is given a pool ignores its own settings for connections, so the pool needs the "
        "`retry`. Where did you put it?"
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
        raise Wrong(
            f"Redis was gone for good, and after {TOLD_WITHIN:g} s `get` was still trying. {_so_many(tries, r)}"
        )
    if told.error is None:
        remembered = " That answer was remembered and did not come from Redis." if told.result == GREETING else ""
        raise Wrong(
            f"Redis was gone for good, and `get` {became(told)}.{remembered} The caller has to know that there is no "
            "answer. Let redis-py's error through."
        )
    if not isinstance(told.error, redis.RedisError):
        raise Wrong(
            f"Redis was gone for good, and `get` raised {named(told.error)}. Callers of a `redis.Redis` catch "
            "redis-py's errors, such as `redis.ConnectionError`. Which one did you replace?"
        )
    if told.seconds > TOLD_WITHIN:
        raise Wrong(
            f"Redis was gone for good, and `get` said so after more than {TOLD_WITHIN:g} s. {_so_many(tries, r)}"
        )
    return told


def _so_many(tries: int, r: redis.Redis) -> str:
    if tries < 0:
        return "A negative number of retries means: for ever. How many are enough for the short outage?"
    if type(r) is not redis.Redis:
        return f"Each call tries {so_many(tries, 'time')}, and your class may call again. How long does all of it take?"
    return f"It tries {tries} times, with pauses in between. How long do all pauses take together?"


HINTS = (
    "A plain pool tries once. What in the lesson made one try again, and in which call did it stand?",
    "A Redis that is gone refuses at once. Six tries without a pause are over in a few thousandths of a second.",
    "The pauses together have to be longer than 0.2 s and shorter than 0.8 s. "
    "`Retry(backoff, retries)` takes the pause between two tries, and how many tries follow the first.",
    "Give the pool, not the client, a `retry=` with a `ConstantBackoff` of 0.1 s and five retries: half a second.",
)
