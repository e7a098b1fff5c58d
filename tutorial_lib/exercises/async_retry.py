"""A client of redis.asyncio that gets over a short cut: its Retry is another class than that of redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry

from tutorial_lib.exercises._calls import Call
from tutorial_lib.exercises._loops import awaited_within, idle_time, in_a_loop, require_asyncio_client
from tutorial_lib.exercises._weather import GREETING, became, change_greeting, outage, store_greeting, take_down
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "async-retry"
LESSON = "12"
TITLE = "A retry that is awaited"
NAME = "make_client"

AWAY = 0.2
TOLD_WITHIN = 0.8
AT_ONCE = 0.15
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
GRACE = 0.2
TIMES = 3
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
        await client.require_well()
        lab.doing("Redis is restarted")
        late = await client.require_bridged()
        lab.doing("Redis stays down")
        told = await client.require_told()
    finally:
        proxy.heal()
        await asyncio.wait({asyncio.ensure_future(r.aclose())}, timeout=GRACE)
    return (
        f"When Redis was down for {AWAY} s, `get` returned the greeting after {late.seconds:.2f} s, without an error, "
        f"and other tasks went on meanwhile. When Redis stayed down, `get` raised `{type(told.error).__name__}` after "
        f"{told.seconds:.2f} s."
    )


class _Client:
    """The learner's client, and what its ``get`` does in fair weather and in foul."""

    def __init__(self, r: redis.asyncio.Redis, proxy: FaultProxy, lab: Lab) -> None:
        self._r, self._proxy, self._lab = r, proxy, lab
        self._stood_still = False

    async def _get(self, within: float, catching: type[Exception] = redis.RedisError) -> Call:
        async def ask() -> Any:
            answer = await self._r.get("greeting")
            return answer.decode() if isinstance(answer, bytes) else answer

        before = idle_time()
        call = await awaited_within(within, ask(), catching)
        self._stood_still = idle_time() - before < call.seconds * LEAST_IDLE
        return call

    async def require_well(self) -> None:
        for _ in range(TIMES):
            call = await self._get(2)
            if call.result == GREETING and call.seconds < AT_ONCE:
                return
        if call.result != GREETING:
            raise Wrong(
                f"Redis was up, and `get` {became(call)}. The key `greeting` in database 0 holds {GREETING!r}. Does "
                "your client connect to that database?"
            )
        raise Wrong(
            f"Redis was up, and `get` took {call.seconds:.1f} s. Only an outage should cost time. Does your client "
            "pause before it knows whether there is an error?"
        )

    async def require_bridged(self) -> Call:
        """The greeting changes meanwhile, so that an answer that was remembered is not the answer of Redis."""
        new = f"{GREETING} again"
        change_greeting(new, self._lab)
        for _ in range(TIMES):
            with outage(self._proxy, AWAY):
                call = await self._get(TOLD_WITHIN + GRACE, Exception)
            if not call.returned or (call.result == new and not self._stood_still):
                break
        if call.result == new and not self._stood_still:
            return call
        if call.result == GREETING:
            raise Wrong(
                f"Redis was down for {AWAY} s, and `get` returned {GREETING!r}. Meanwhile the greeting had become "
                f"{new!r}, so your client remembered an old value. When does it ask Redis again?"
            )
        if call.result == new:
            raise Wrong(
                f"Redis was down for {AWAY} s, and `get` returned the greeting afterwards, but meanwhile no other task "
                "of the loop ran. Which call in your code waits without an `await`?"
            )
        when = " before Redis was back" if call.error else ""
        raise Wrong(f"Redis was down for {AWAY} s, and `get` {became(call)}{when}. {self._why_not(call)}")

    def _why_not(self, call: Call) -> str:
        settings = self._r.connection_pool.connection_kwargs
        retry = settings.get("retry")
        if not call.returned:
            return "That's too late. How long are the pauses between the attempts?"
        if type(self._r) is not redis.asyncio.Redis:
            return "Redis was back soon afterwards. What does your client do until then?"
        if isinstance(retry, redis.retry.Retry):
            return (
                "It made 1 attempt, because its `retry` is one for `redis`. That one calls the command, which here "
                "only makes a coroutine, and the error comes later, when it's awaited. Which `Retry` awaits an attempt?"
            )
        if isinstance(retry, Retry) and self._attempts() > 1:
            return (
                f"It made {self._attempts()} attempts, and all of them were over before Redis was back, because a "
                "refused connection fails at once. How long are the pauses between the attempts in total?"
            )
        if isinstance(retry, Retry) and retry.get_retries():
            return (
                "It made 1 attempt, because its `retry` doesn't retry after a `ConnectionError`. Which errors does "
                "`supported_errors` list?"
            )
        if self._r.auto_close_connection_pool:
            return "It made 1 attempt, because it has no `retry` that would make another. Which argument is missing?"
        return (
            "It made 1 attempt. A client that is given a pool ignores its own settings for connections, so the pool "
            "needs the `retry`. Where did you write it?"
        )

    def _attempts(self) -> int:
        """Return how often a command is tried that ends in a ConnectionError; -1 if without end."""
        retry = self._r.connection_pool.connection_kwargs.get("retry")
        if not isinstance(retry, Retry) or not issubclass(redis.ConnectionError, retry._supported_errors):
            return 1
        return -1 if retry.get_retries() < 0 else 1 + retry.get_retries()

    async def require_told(self) -> Call:
        take_down(self._proxy)
        for _ in range(2):
            told = await self._get(TOLD_WITHIN + GRACE, Exception)
            if told.seconds <= TOLD_WITHIN or not told.returned:
                break
        if told.returned and told.error is None:
            raise Wrong(
                f"Redis stayed down, and `get` {became(told)}. The caller has to know that Redis can't be reached. "
                "What would tell it?"
            )
        if told.error and not isinstance(told.error, redis.RedisError):
            raise Wrong(
                f"Redis stayed down, and `get` raised {named(told.error)}. Callers catch redis-py's errors, such as "
                "`redis.ConnectionError`. Which one did you replace?"
            )
        if told.seconds > TOLD_WITHIN:
            raise Wrong(
                f"Redis stayed down, and after {TOLD_WITHIN:g} s `get` was still retrying. {self._how_many_attempts()}"
            )
        return told

    def _how_many_attempts(self) -> str:
        attempts = self._attempts()
        if attempts < 0:
            return "A negative number of retries means for ever. How many are enough for the short outage?"
        if type(self._r) is not redis.asyncio.Redis:
            return (
                f"Each call makes {so_many(attempts, 'attempt')}, and your class may call again. How long does all of "
                "it take?"
            )
        return f"It makes {attempts} attempts, with pauses in between. How long are the pauses in total?"


HINTS = (
    "What does a call of an `async def` do before it is awaited? A `Retry` that catches the error of the call has "
    "nothing to catch.",
    "redis-py has two classes with the name `Retry`. The client that you return is in `redis.asyncio`. Which "
    "`Retry` is there, too?",
    "The pauses in total have to be longer than 0.2 s and shorter than 0.8 s. The backoff may stay as it is: it only "
    "calculates a number.",
)
