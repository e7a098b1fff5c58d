"""A burst of tasks, each of which wants a connection: 500 of them, and 20 connections."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.exercises._loops import coroutine_of, in_a_loop, require_asyncio_client, until
from tutorial_lib.exercises._pools import DEFAULT_BLOCKING_LIMIT
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "burst"
LESSON = "12"
TITLE = "A burst of 500 tasks"
NAME = "serve"

TASKS = 500
LIMIT = 20
ROUND_TRIP = 0.01
WITHIN = 1.0
SECONDS = 15.0
"""A machine that is busy with something else is given more time, if only enough requests are served at once."""

STALLED_AFTER = 2.0

LOOK_EVERY = 0.05
SOME = 40
"""So many requests served say how many are served at once."""

MOST_FILES = 4096

Request = Callable[[Any], Awaitable[int]]

PROMPT = """
**Given** `serve(host, port, requests)`. In `requests` are **500** functions. Each is an `async def` that takes a
client, a `redis.asyncio.Redis`, sends one command with it, and returns a number. Redis is 10 ms away. `serve` lets all
500 run at once, and **400** of them are refused: `MaxConnectionsError: Too many connections`.

**Write** a `serve` in which every request has its turn.

**It passes when**
- none of the 500 requests is refused, and `serve` returns their numbers, in the order of `requests`;
- all of them together open **20** connections at most;
- it takes **1 s** at most (one request after the other would take 5 s);
- when `serve` has returned, **0** connections are open.
"""


async def starter(host, port, requests):
    r = redis.asyncio.Redis(host=host, port=port)
    return await asyncio.gather(*[request(r) for request in requests])


async def solution(host, port, requests):
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=20)
    async with redis.asyncio.Redis.from_pool(pool) as r:
        return await asyncio.gather(*[request(r) for request in requests])


WHY = """
A task costs next to nothing, so an event loop easily runs more tasks than a server accepts connections. A
`BlockingConnectionPool` lets a task wait until another one returns a connection, for 20 s unless its `timeout` says
otherwise. An `asyncio.Semaphore(20)` around each request, in front of a plain pool, does the same one step earlier,
and so do 20 tasks that take the requests from an `asyncio.Queue`. A client made by `from_pool` closes its pool when it
is closed itself.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    _allow_files()
    return in_a_loop(lambda: _check(answer, lab), longest=SECONDS - 4)


async def _check(answer: Callable[..., Any], lab: Lab) -> str:
    burst = _Burst(lab, lab.proxy(round_trip=ROUND_TRIP))
    begun = monotonic()
    serving = asyncio.ensure_future(coroutine_of(lab.name, answer, burst.host, burst.port, burst.requests))
    while not serving.done() and not burst.is_decided():
        await asyncio.wait({serving}, timeout=LOOK_EVERY)
    took = monotonic() - begun
    burst.require_fine()
    if not serving.done() or burst.is_slow():
        raise burst.too_slow()
    burst.require_results(serving.result())
    opened = burst.opened()
    await burst.require_closed()
    return (
        f"{TASKS} requests, none of them refused, opened {so_many(opened, 'connection')}, and closed "
        f"{'it' if opened == 1 else 'them'} in the end. It took {took:.2f} s"
        f"{', because this machine is busy' if took > WITHIN else ''}."
    )


def _allow_files() -> None:
    """Let this process open more files, because a connection that goes by a proxy takes three or four."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class _Burst:
    """The requests, and what became of them."""

    def __init__(self, lab: Lab, proxy: FaultProxy) -> None:
        self.host, self.port = proxy.host, proxy.port
        self.requests: list[Request] = [self._request(number) for number in range(TASKS)]
        self._lab = lab
        self._before = lab.server.opened()
        self._running = self._most_at_once = self._served = 0
        self._last_served = monotonic()
        self._refused = set[int]()
        self._refusal: redis.ConnectionError | None = None
        self._misfit: Wrong | None = None
        self._pools: dict[int, redis.asyncio.ConnectionPool] = {}

    def _request(self, number: int) -> Request:
        async def request(r: Any) -> int:
            self._running += 1
            self._most_at_once = max(self._most_at_once, self._running)
            try:
                return await self._ask(r, number)
            finally:
                self._running -= 1

        return request

    async def _ask(self, r: Any, number: int) -> int:
        try:
            client = require_asyncio_client(r, "A request was given")
        except Wrong as misfit:
            self._misfit = misfit
            raise
        self._pools[id(client.connection_pool)] = client.connection_pool
        try:
            await client.incr("requests")
        except redis.ConnectionError as error:
            if isinstance(error, redis.MaxConnectionsError) or "No connection available" in str(error):
                self._refused.add(number)
                self._refusal = error
            raise
        self._served += 1
        self._last_served = monotonic()
        return number

    def opened(self) -> int:
        return self._lab.server.opened() - self._before

    def _at_once(self) -> int:
        return min(self.opened(), self._most_at_once)

    def is_decided(self) -> bool:
        """Whether it need not go on, because it can't pass any more."""
        has_stalled = monotonic() > self._last_served + STALLED_AFTER
        return bool(self._misfit or self._refused or has_stalled or self.opened() > LIMIT or self.is_slow())

    def is_slow(self) -> bool:
        """Whether too few requests are served at once, as far as one can tell by now."""
        return self._served >= SOME and TASKS * ROUND_TRIP / max(1, self._at_once()) > WITHIN

    def too_slow(self) -> Wrong:
        if not self.is_slow():
            return Wrong(
                f"For {STALLED_AFTER:g} s no request was served, and {self._served} of the {TASKS} had been. What do "
                "the others wait for?"
            )
        at_once = self._at_once()
        how = "one at a time" if at_once <= 1 else f"{at_once} at a time"
        return Wrong(
            f"The requests were served {how}. Redis is {ROUND_TRIP:g} s away, so all {TASKS} would take "
            f"{TASKS * ROUND_TRIP / max(1, at_once):.1f} s. What can others do while one of them waits for its reply?"
        )

    def require_fine(self) -> None:
        """Raise Wrong if requests were refused, or opened too much."""
        if self._misfit:
            raise self._misfit
        pool = next(iter(self._pools.values()), None)
        if pool is None:
            return
        if isinstance(self._refusal, redis.MaxConnectionsError):
            raise Wrong(
                f"{len(self._refused)} of the {TASKS} requests were refused: {named(self._refusal)}. The pool's limit "
                f"is {pool.max_connections}, and a plain pool never waits. What could wait instead?"
            )
        if self._refusal:
            last = (TASKS / pool.max_connections - 1) * ROUND_TRIP
            raise Wrong(
                f"Some of the {TASKS} requests were refused: {named(self._refusal)}. They had waited for "
                f"{getattr(pool, 'timeout', 0):g} s, which is the pool's `timeout`. The last one waits for "
                f"{last:.2f} s at least, and longer on a busy machine. How long should it be allowed to?"
            )
        if self.opened() > LIMIT and len(self._pools) > 1:
            raise Wrong(
                f"The {TASKS} requests opened more than {LIMIT} connections, in more than one pool. A connection is "
                "used again only by requests that share its pool. Which line makes a client, and how often does it run?"
            )
        if self.opened() > LIMIT:
            raise Wrong(f"The {TASKS} requests opened more than {LIMIT} connections. {self._why_many(pool)}")

    def _why_many(self, pool: redis.asyncio.ConnectionPool) -> str:
        if isinstance(pool, redis.asyncio.BlockingConnectionPool) and pool.max_connections == DEFAULT_BLOCKING_LIMIT:
            return (
                f"A `BlockingConnectionPool` that isn't told a limit has one of {DEFAULT_BLOCKING_LIMIT}. Which "
                "argument sets it?"
            )
        return (
            f"The pool's limit is {pool.max_connections}, and {self._most_at_once} requests wanted a connection at the "
            "same moment. What keeps the others back?"
        )

    def require_results(self, results: Any) -> None:
        wanted = list(range(TASKS))
        if self._served < TASKS:
            raise Wrong(
                f"`{self._lab.name}` has returned, and {self._served} of the {TASKS} requests were run. Each of them "
                "has to be called with a client, and awaited. Which are left out?"
            )
        if not isinstance(results, (list, tuple)) or len(results) != TASKS:
            raise Wrong(f"`{self._lab.name}` returned {shown(results)}. It should return a list of {TASKS} numbers.")
        if list(results) == wanted:
            return
        place = next(place for place in wanted if results[place] != place)
        raise Wrong(
            f"`{self._lab.name}` returned {shown(results[place])} for `requests[{place}]`, and that one returns "
            f"{place}. The results have to be in the order of the requests. Which order do yours have?"
        )

    async def require_closed(self) -> None:
        if await until(lambda: not self._lab.server.clients(), within=0.5):
            return
        left = len(self._lab.server.clients())
        raise Wrong(
            f"`{self._lab.name}` has returned, and {so_many(left, 'connection')} that it opened "
            f"{'is' if left == 1 else 'are'} still open. Which object has an `aclose()`, and on which ways out is it "
            "called?"
        )


HINTS = (
    "One kind of pool refuses a request when it is exhausted, and the other lets it wait. Which two kinds does "
    "`redis.asyncio` have?",
    "A higher limit only moves the problem to the server. With 20 connections, 480 of the tasks have to wait: in the "
    "pool, or before they ask it.",
    "All requests have to use the same pool, with a limit of 20. Close the client before `serve` returns, for "
    "example with an `async with` around everything that uses it.",
)
