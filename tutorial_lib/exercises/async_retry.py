"""A client of redis.asyncio that gets over a short cut: its Retry is another class than that of redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.exercises._calls import Call
from tutorial_lib.exercises._loops import awaited_within, idle_time, in_a_loop, require_asyncio_client
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
from tutorial_lib.exercises._weather import outage, store_greeting, take_down
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "async-retry"
LESSON = "12"
TITLE = "A retry that is awaited"
NAME = "make_client"

TIMES = 3
TO_CLOSE = 0.2
LEAST_IDLE = 0.25
"""Of a call that waits with `await` most of the time is idle; of one that waits without it, next to none."""

PROMPT = """
**Given** `make_client(host, port)`. Its client has a `retry`, but when Redis restarts, `await r.get("greeting")` raises
a `ConnectionError` at once.

**Write** a `make_client` that returns a `redis.asyncio.Redis` whose commands do retry. You can use the classes in
`redis.backoff` without another import.

**It passes when**
- Redis is up, and a `get` returns within **0.15 s**;
- Redis is down for **0.2 s**, its connections are cut and new ones are refused, and a `get` that is sent meanwhile
  returns the current value once Redis is back;
- Redis stays down, and a `get` raises an error of redis-py within **0.8 s**;
- other tasks of the loop go on while a `get` waits for its next attempt.
"""


def starter(host, port):
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 5)
    return redis.asyncio.Redis(host=host, port=port, retry=retry)


def solution(host, port):
    retry = redis.asyncio.retry.Retry(redis.backoff.ConstantBackoff(0.1), 5)
    return redis.asyncio.Redis(host=host, port=port, retry=retry)


WHY = """
There are two classes called `Retry`. The one in `redis.retry` calls a function and catches what it raises. With
`redis.asyncio` that call only makes a coroutine, which raises later, when it's awaited, so this `Retry` never sees the
error. The one in `redis.asyncio.retry` awaits each attempt. It awaits each pause too, so the loop runs other tasks
meanwhile. A backoff only calculates how long a pause is, so both use those of `redis.backoff`. Five pauses of 0.1 s are
longer than the outage, and shorter than 0.8 s.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    store_greeting(lab)
    return in_a_loop(lambda: _check(answer, lab))


async def _check(answer: Callable[..., Any], lab: Lab) -> str:
    proxy = lab.proxy()
    r = require_asyncio_client(lab.call(answer, proxy.host, proxy.port), f"`{lab.name}` returned")
    client = _Client(r, proxy, lab)
    try:
        await client.is_well()
        lab.doing("Redis is restarted")
        late = await client.survives_a_restart()
        lab.doing("Redis stays down")
        told = await client.is_told()
    finally:
        proxy.heal()
        await asyncio.wait({asyncio.ensure_future(r.aclose())}, timeout=TO_CLOSE)
    return (
        f"When Redis was down for {RESTARTS_IN} s, `get` returned the greeting after {late.seconds:.2f} s, without an "
        f"error, and other tasks went on meanwhile. When Redis stayed down, `get` raised `{type(told.error).__name__}` "
        f"after {told.seconds:.2f} s."
    )


class _Client:
    """The learner's client, and what its ``get`` does in fair weather and in foul."""

    def __init__(self, r: redis.asyncio.Redis, proxy: FaultProxy, lab: Lab) -> None:
        self._r, self._proxy, self._lab = r, proxy, lab
        self._stood_still = False

    async def _get(self, within: float = LONGEST_GET, catching: type[Exception] = Exception) -> Call:
        async def ask() -> Any:
            answer = await self._r.get("greeting")
            return answer.decode() if isinstance(answer, bytes) else answer

        before = idle_time()
        call = await awaited_within(within, ask(), catching)
        self._stood_still = idle_time() - before < call.seconds * LEAST_IDLE
        return call

    async def is_well(self) -> None:
        for _ in range(TIMES):
            call = await self._get(2, redis.RedisError)
            if is_at_once(call):
                break
        require_at_once(call)

    async def survives_a_restart(self) -> Call:
        renew_greeting(self._lab)
        for _ in range(TIMES):
            with outage(self._proxy, RESTARTS_IN):
                call = await self._get()
            if not call.returned or (call.result == NEW_GREETING and not self._stood_still):
                break
        require_bridged(call, self._r, self._retry_of_redis(call))
        if self._stood_still:
            raise Wrong(
                f"Redis was down for {RESTARTS_IN} s, and `get` returned the greeting afterwards, but meanwhile no "
                "other task of the loop ran. Which call in your code waits without an `await`?"
            )
        return call

    def _retry_of_redis(self, call: Call) -> str:
        """Say that the client has the other `Retry`, if that is so."""
        retry = self._r.connection_pool.connection_kwargs.get("retry")
        if not call.error or type(self._r) is not redis.asyncio.Redis or not isinstance(retry, redis.retry.Retry):
            return ""
        return (
            "It made 1 attempt, because its `retry` is one for `redis`. That one calls the command, which here only "
            "makes a coroutine, and the error comes later, when it's awaited. Which `Retry` awaits an attempt?"
        )

    async def is_told(self) -> Call:
        take_down(self._proxy)
        for _ in range(2):
            told = await self._get()
            if is_told_in_time(told) or not told.returned:
                break
        require_told(told, self._r)
        return told


HINTS = (
    "What does a call of an `async def` do before it is awaited? A `Retry` that catches the error of the call has "
    "nothing to catch.",
    "redis-py has two classes with the name `Retry`. The client that you return is in `redis.asyncio`. Which "
    "`Retry` is there, too?",
    "The pauses in total have to be longer than 0.2 s and shorter than 0.8 s. The backoff may stay as it is: it only "
    "calculates a number.",
)
