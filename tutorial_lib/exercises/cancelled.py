"""Reading that can be cancelled at every await: what becomes of the connection, and of the replies that still come?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.exercises._in_use import only_closed, open_and_in_use, require_others_undisturbed, total_in_use
from tutorial_lib.exercises._loops import CancelledAt, coroutine_of, in_a_loop, until
from tutorial_lib.exercises._pools import Untouched, require_one_opened
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "cancelled"
LESSON = "12"
TITLE = "Cancelled at any moment"
NAME = "read_out"

VALUES = 3
READINGS = 10
LIMIT = 4
OTHERS = 1
"""How many connections of the pool are in use by others."""

TO_STOP = 1.5
SHOWING = 0.001
MOST_STEPS = 200
WAIT_FOR_LOSES_SOME = sys.version_info < (3, 12)
"""`asyncio.wait_for` lost a cancellation that came when it was done; redis-py opens connections and sends with it."""
SPARED = (redis.asyncio.Redis.__aexit__,)
"""A client of redis-py 8.1 that is cancelled at the end of its ``async with`` never returns its connection."""

PROMPT = """
**Given** `read_out(pool, keys, show)`. It borrows a connection of a `redis.asyncio.ConnectionPool`, sends one `GET` for
each key, and awaits `show(value)` for each reply. `show` sends the value to a customer's browser. If the customer
closes the page meanwhile, the task that runs `read_out` is cancelled.

**Write** a `read_out` that can be cancelled at each of its `await`s.

**It passes when**
- `show` is awaited with the value of each key, in order, and **10** readings one after the other open **1** connection;
- `read_out` can be cancelled at any `await`, and `show` can raise an error: either is raised to the caller at once, and
  as soon as the task has ended, it has **0** connections in use;
- the next reading shows its own values, never those of the one that was cancelled;
- connections that others have borrowed from the pool stay open.
"""


async def starter(pool, keys, show):
    connection = await pool.get_connection()
    for key in keys:
        await connection.send_command("GET", key)
    for _ in keys:
        await show(await connection.read_response())
    await pool.release(connection)


async def solution(pool, keys, show):
    connection = await pool.get_connection()
    try:
        for key in keys:
            await connection.send_command("GET", key)
        for _ in keys:
            await show(await connection.read_response())
    except BaseException:  # a cancellation is no Exception
        await connection.disconnect()
        raise
    finally:
        await pool.release(connection)


WHY = """
A cancellation is an exception, `asyncio.CancelledError`, and it's raised at the `await` where the task waits. So
`finally` returns the connection in any case. That alone isn't enough, because the replies to the commands that were
sent still arrive, and the next borrower would read them as its own. So a connection with unread replies has to be
disconnected before it's released, and the pool opens it again when it is next borrowed. You can also read every reply
first, release the connection, and then show the values: then no connection is in use while a slow browser is served.
The commands of `redis.asyncio.Redis` do all of this themselves.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    return in_a_loop(lambda: _check(answer, lab))


async def _check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = redis.asyncio.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=LIMIT)
    customer = await pool.get_connection()
    shared = Untouched(pool)
    readings = _Readings(answer, lab, pool, customer)
    try:
        await readings.require_reuse()
        await readings.require_left_in_show()
        await readings.require_cancelled_anywhere()
        await readings.require_error_passed_on()
        shared.require(lab.name)
    finally:
        await pool.disconnect()
    return (
        f"{READINGS} readings opened 1 connection. Then `{lab.name}` was cancelled at each of its `await`s, from the "
        "opening of a connection to the last value, and `show` raised an error once. Each time 0 connections stayed in "
        f"use, and the next reading showed its own {VALUES} values."
    )


class _Page:
    """What one customer is shown. ``fails_at`` and ``leaves_at`` say during which value the browser has gone."""

    def __init__(self, number: int, fails_at: int = 0, leaves_at: int = 0) -> None:
        self.keys = [f"page:{number}:{place}" for place in range(1, VALUES + 1)]
        self.wanted = [f"value {place} of page {number}" for place in range(1, VALUES + 1)]
        self.shown: list[Any] = []
        self.is_showing = False
        self.reading: asyncio.Task[Any] | None = None
        self._fails_at, self._leaves_at = fails_at, leaves_at

    async def show(self, value: Any) -> None:
        self.shown.append(value.decode() if isinstance(value, bytes) else value)
        self.is_showing = True
        if len(self.shown) == self._leaves_at and self.reading:
            asyncio.get_running_loop().call_soon(self.reading.cancel)
        await asyncio.sleep(SHOWING)
        if len(self.shown) == self._fails_at:
            raise BrokenPipeError("the page was closed")
        self.is_showing = False


class _Readings:
    """Reads one page after the other with the answer, and looks at the pool after each."""

    def __init__(self, answer: Callable[..., Any], lab: Lab, pool: redis.asyncio.ConnectionPool, customer: Any) -> None:
        self._answer, self._lab, self._pool, self._customer = answer, lab, pool, customer
        self._pages = 0
        self._at = ""

    async def _page(self, **trouble: int) -> _Page:
        self._pages += 1
        page = _Page(self._pages, **trouble)
        with redis.Redis(host=self._lab.server.host, port=self._lab.server.port) as r:
            r.mset(dict(zip(page.keys, page.wanted, strict=True)))
        return page

    def _reading(self, page: _Page) -> Coroutine[Any, Any, Any]:
        return coroutine_of(self._lab.name, self._answer, self._pool, page.keys, page.show)

    async def _read(self, page: _Page) -> None:
        try:
            await self._reading(page)
        except redis.MaxConnectionsError as error:
            raise Wrong(
                f"Nothing was cancelled, and a reading found the pool exhausted: {so_many(self._kept(), 'connection')} "
                "of it were in use by earlier readings. Which line returns what was borrowed?"
            ) from error

    def _kept(self) -> int:
        return total_in_use([*self._lab.asyncio_pools(), *self._lab.pools()]) - OTHERS

    async def require_reuse(self) -> None:
        """Ten readings that come to their end open one connection."""
        page = await self._page()
        before = self._lab.server.opened()
        for _ in range(READINGS):
            page.shown = []
            await self._read(page)
            if page.shown != page.wanted:
                raise Wrong(
                    f"{VALUES} keys were to be read, and `show` got {shown(page.shown)}. It should be awaited with "
                    f"{shown(page.wanted)}, one after the other."
                )
        opened = self._lab.server.opened() - before
        if kept := self._kept():
            raise Wrong(
                f"Nothing was cancelled, and after {READINGS} readings {so_many(kept, 'connection')} of the pool "
                "stayed in use. Which line returns what was borrowed?"
            )
        if 1 < opened < READINGS:
            raise Wrong(
                f"{READINGS} readings, one after the other, opened {opened} connections; one was enough. Commands that "
                f"wait at the same time need a connection each. How can {VALUES} commands share one?"
            )
        idea = "When all replies have been read, why not use the connection again?"
        require_one_opened(opened, f"{READINGS} readings, none of them cancelled,", idea)

    async def require_left_in_show(self) -> None:
        """Cancel a reading while its first value is shown, another during the second, and so on."""
        for place in range(1, VALUES + 1):
            page = await self._page(leaves_at=place)
            self._at = f"`{self._lab.name}` was cancelled while `show` sent value {place} of {VALUES}"
            page.reading = asyncio.ensure_future(self._reading(page))
            await asyncio.wait({page.reading}, timeout=TO_STOP)
            await self._require_ended(page.reading, page)
            await self._require_returned(page)
            await self._require_own_values(page)

    async def require_cancelled_anywhere(self) -> None:
        """Cancel a reading at its first await, another at its second, and so on. Each has to open its connection."""
        for step in range(1, MOST_STEPS):
            await self._pool.disconnect(inuse_connections=False)
            page = await self._page()
            stepping = CancelledAt(self._reading(page), step, lambda page=page: self._note(page), SPARED)  # type: ignore[misc]

            async def run(stepping: CancelledAt = stepping) -> None:
                await stepping

            task = asyncio.ensure_future(run())
            await asyncio.wait({task}, timeout=TO_STOP)
            if task.done() and not stepping.has_cancelled:
                task.result()
                if stepping.steps < step:
                    return
                continue
            if WAIT_FOR_LOSES_SOME and page.shown == page.wanted and task.done() and not task.cancelled():
                continue
            await self._require_ended(task, page)
            await self._require_returned(page)
            await self._require_own_values(page)
        raise Wrong(
            f"`{self._lab.name}` waited more than {MOST_STEPS} times for {VALUES} values. What does it wait for?"
        )

    async def require_error_passed_on(self) -> None:
        page = await self._page(fails_at=1)
        try:
            await self._reading(page)
        except BrokenPipeError:
            pass
        else:
            raise Wrong(
                f"`show` raised `BrokenPipeError`, and `{self._lab.name}` returned as if nothing had happened. The "
                "caller has to know that the page was not read out. Which `except` catches too much?"
            )
        self._at = "`show` raised a `BrokenPipeError` for the first value"
        await self._require_returned(page)
        await self._require_own_values(page)

    def _note(self, page: _Page) -> None:
        if page.is_showing:
            self._at = f"`{self._lab.name}` was cancelled while `show` sent value {len(page.shown)} of {VALUES}"
        elif self._kept():
            self._at = f"`{self._lab.name}` was cancelled while it waited for Redis"
        else:
            self._at = f"`{self._lab.name}` was cancelled while it had no connection in use"

    async def _require_ended(self, task: asyncio.Task[None], page: _Page) -> None:
        if not task.done():
            raise Wrong(
                f"{self._at}, and {TO_STOP:g} s later the task had not ended. Which part of your code does not let the "
                "cancellation through?"
            )
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            more = f", with {len(page.shown)} of {VALUES} values shown"
            raise Wrong(
                f"{self._at}, and it returned as if nothing had happened{more}. The task counts as done, and its "
                "caller never hears of the cancellation. What has to follow an `except` that catches it?"
            )
        if isinstance(error, Exception):
            raise Wrong(
                f"{self._at}, and it raised {named(error)} instead of the `CancelledError`. What has to follow an "
                "`except` that catches it?"
            ) from error
        raise error

    async def _require_returned(self, page: _Page) -> None:
        at, before = self._at, len(page.shown)
        require_others_undisturbed(at, self._customer)
        kept = self._kept()
        if kept <= 0:
            return
        said = f"{at}. When the task had ended, {so_many(kept, 'connection')} was still in use"
        if await until(lambda: self._kept() <= 0, within=0.2):
            went_on = len(page.shown) - before
            raise Wrong(
                f"{said}: a part of your code went on without the task, and showed {so_many(went_on, 'more value')} to "
                "a customer who had left. Which call keeps the cancellation away from that part?"
            )
        still_open = open_and_in_use(self._pool) - OTHERS
        if still_open <= 0 and "`show`" in at:  # What waits for Redis is disconnected by redis-py.
            raise only_closed(said, kept)
        if "raised" in at:
            raise Wrong(
                f"{said}. A cancellation is not the only error that ends `await show(…)`. How else can your code end?"
            )
        raise Wrong(
            f"{said}, for good: after {so_many(LIMIT, 'customer')} who left, the pool would be exhausted. A "
            "cancellation is raised at an `await`, and the lines below don't run. Which do in any case?"
        )

    async def _require_own_values(self, cancelled: _Page) -> None:
        page = await self._page()
        task = asyncio.ensure_future(self._reading(page))
        await asyncio.wait({task}, timeout=TO_STOP)
        if not task.done():
            task.cancel()
            raise Wrong(
                f"{self._at}, and the next reading waited for replies that don't come: it used the same connection. In "
                "what state was that one returned?"
            )
        if page.shown != page.wanted and set(page.shown) & set(cancelled.wanted):
            foreign = next(value for value in page.shown if value in cancelled.wanted)
            raise Wrong(
                f"{self._at}, and its connection was returned with {VALUES - len(cancelled.shown)} replies still to "
                f"come. The next customer asked for page {self._pages} and was shown {shown(foreign)}. What has to "
                "happen to such a connection before its release?"
            )
        task.result()
        if page.shown != page.wanted:
            raise Wrong(f"{self._at}. The next reading asked for page {self._pages} and showed {shown(page.shown)}.")


HINTS = (
    "A cancellation is an exception, and it's raised at the `await` where the task waits. Which statement runs "
    "however a block ends?",
    "All commands are sent before the first value is shown. If the task is cancelled at that moment, how many replies "
    "have not arrived yet, and who reads them?",
    "A pool takes a connection back in any state. So disconnect a connection with unread replies before you release "
    "it.",
    "`asyncio.CancelledError` is a `BaseException`, not an `Exception`. Catch it, disconnect, and raise it again.",
)
