"""An async generator over a channel: it has to free its subscription's connection, however it is left."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.exercises._in_use import (
    only_closed,
    open_and_in_use,
    require_others_undisturbed,
    returned_subscribed,
    total_in_use,
)
from tutorial_lib.exercises._leaving import Breaks, Closes, Fails, IsCancelled, NeverReads, Page, PageFailed
from tutorial_lib.exercises._loops import in_a_loop, until
from tutorial_lib.exercises._pools import Untouched
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import NotAttempted, Wrong, shown

ID = "stream-it"
LESSON = "12"
TITLE = "A stream that can be left"
NAME = "offers"

OFFERS = ("tea, two for one", "umbrellas")
OTHERS = 2
"""How many connections of the pool are in use by others: one that is borrowed, one that listens to another channel."""

WITHIN = 1.5
TO_CLOSE = 0.3

PROMPT = """
**Given** `offers(r)`, an async generator. It listens to the channel `offers` with the shop's client `r`, a
`redis.asyncio.Redis`, and yields the text of each offer. A web page reads it with
`async for offer in offers(r): …` and may leave that loop at any time.

**Write** an `offers` that returns its connection, however it is left.

**It passes when**
- it yields each offer that is published, in order, as text;
- a page leaves with `break`, with an error in the loop's body, because its task is cancelled, or with `aclose()`: then
  the stream has **0** connections in use, and an offer reaches **0** connections;
- a cancelled page ends as cancelled, at once;
- the other users of the pool, who send commands or listen to other channels, notice nothing.
"""


async def starter(r):
    news = r.pubsub()
    await news.subscribe("offers")
    async for message in news.listen():
        if message["type"] == "message":
            yield message["data"].decode()


async def solution(r):
    async with r.pubsub() as news:
        await news.subscribe("offers")
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()


WHY = """
A generator that's left is paused at its `yield`, or is cancelled at an `await`, and an exception is raised there:
`GeneratorExit` or `CancelledError`. `async with` and `finally` cover both, so the `PubSub` is closed and its
connection released. After `break` no code of the page does that: Python notices that nothing refers to the generator,
and has the loop close it a moment later. If something still refers to the generator, that doesn't happen, so a page
that wants to be sure writes `async with contextlib.aclosing(offers(r)) as stream:`.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    return in_a_loop(lambda: _check(answer, lab))


async def _check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = redis.asyncio.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=9)
    r = redis.asyncio.Redis(connection_pool=pool)
    customer = await pool.get_connection()
    try:
        async with r.pubsub() as prices:
            await prices.subscribe("prices")
            await prices.get_message(timeout=1)
            shared = Untouched(pool)
            pages = _Pages(answer, r, lab, customer)
            for page in (Breaks, Fails, Closes, IsCancelled, NeverReads):
                await pages.require_left(page())
            shared.require(lab.name)
    finally:
        await pool.disconnect()
    return (
        "Five pages opened the stream, and left with `break`, with an error, with `aclose()`, by a cancellation, and "
        "before their first offer. Each time the stream had 0 connections in use afterwards, no connection listened to "
        "the channel, and the others noticed nothing."
    )


class _Pages:
    """Lets pages read the learner's stream, and looks at what is left of it afterwards."""

    def __init__(self, answer: Callable[..., Any], r: redis.asyncio.Redis, lab: Lab, customer: Any) -> None:
        self._answer, self._r, self._lab, self._customer = answer, r, lab, customer
        self._is_generator = True
        self._met: list[BaseException] = []
        asyncio.get_running_loop().set_exception_handler(self._note)
        self._sender = redis.Redis(host=lab.server.host, port=lab.server.port)

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Note what a generator raises when the loop closes it, because no page hears of that."""
        error = context.get("exception")
        if isinstance(error, RuntimeError):
            self._met.append(error)
        else:
            loop.default_exception_handler(context)

    async def require_left(self, page: Page) -> None:
        reading = asyncio.ensure_future(page.read(self._stream))
        if page.reads:
            await self._require_heard(page, reading)
        if isinstance(page, IsCancelled):
            reading.cancel()
        await asyncio.wait({reading}, timeout=WITHIN)
        self._require_ended(page, reading)
        await self._require_returned(page)
        self._require_untouched(page)

    def _stream(self) -> AsyncIterator[Any]:
        """Return what the answer returns, if a page can read it and end it."""
        value = self._answer(self._r)
        if value is ...:
            raise NotAttempted(f"`{self._lab.name}` still returns the `...` it came with.")
        if inspect.iscoroutine(value):
            value.close()
            raise Wrong(
                f"`{self._lab.name}` has no `yield` in it, so calling it makes a coroutine, and `async for` can't read "
                "that. Which word hands out one offer and then goes on?"
            )
        if not hasattr(value, "__aiter__"):
            raise Wrong(f"`{self._lab.name}` returned {shown(value)}, and `async for` can't read that.")
        if not hasattr(value, "aclose"):
            raise Wrong(
                f"`{self._lab.name}` returned {shown(value)}, which has no `aclose()`, so a page can't end it. An "
                "`async def` with a `yield` in it makes a generator, which has one."
            )
        self._is_generator = inspect.isasyncgen(value)
        return value  # type: ignore[no-any-return]

    async def _require_heard(self, page: Page, reading: asyncio.Task[None]) -> None:
        for offer in OFFERS:
            if not await self._publish(offer, reading):
                raise Wrong(
                    f"A page read the stream, and {shown(offer)} was published and reached 0 connections. When does "
                    "your generator subscribe, and until when?"
                )
        await until(lambda: reading.done() or page.has_heard_all)
        if reading.done() and not page.has_heard_all:
            reading.result()
        if page.heard != list(OFFERS):
            raise Wrong(
                f"{' and '.join(map(shown, OFFERS))} were published, and the stream yielded {shown(page.heard)}. It "
                "should yield each offer as text, in order, and nothing else."
            )

    async def _publish(self, offer: str, reading: asyncio.Task[None]) -> bool:
        """Publish an offer as soon as it reaches a connection. Return whether it did, or the page has ended."""
        return await until(lambda: reading.done() or self._reached(offer) > 0)

    def _reached(self, text: str, channel: str = "offers") -> int:
        """Publish a message, and return how many connections it reached."""
        return int(self._sender.publish(channel, text))

    def _require_ended(self, page: Page, reading: asyncio.Task[None]) -> None:
        if not reading.done():
            raise Wrong(
                f"{page.left}, and {WITHIN:g} s later it had not ended. Python {page.raised}. What does your code do "
                "with it?"
            )
        if isinstance(page, IsCancelled):
            if reading.cancelled():
                return
            if reading.exception() is None:
                raise Wrong(
                    f"{page.left}, and its loop ended as if there were no more offers. The page doesn't know that it "
                    "was cancelled, and goes on. What has to follow an `except` that catches a `CancelledError`?"
                )
        try:
            with suppress(PageFailed):
                reading.result()
        except RuntimeError as error:
            raise self._ignored(page, error) from error

    def _ignored(self, page: Page, error: BaseException) -> BaseException:
        if "GeneratorExit" not in str(error):
            return error
        return Wrong(
            f"{page.left}, and that raised {named(error)}. Python {page.raised}. Your generator catches it, and goes "
            "on to the next `yield`. Which `except` catches too much?"
        )

    async def _require_returned(self, page: Page) -> None:
        await until(lambda: self._kept() <= 0, TO_CLOSE)
        if self._met:
            raise self._ignored(page, self._met[0]) from self._met[0]
        kept = self._kept()
        # The server may learn of a closed connection a moment later.
        still_heard = not await until(lambda: not self._reached("too late"), TO_CLOSE)
        if kept <= 0 and not still_heard:
            return
        said = f"{page.left}, and {TO_CLOSE:g} s later the stream still had {so_many(kept, 'connection')} in use"
        if kept <= 0:
            raise returned_subscribed(f"{page.left}. The stream", self._reached("too late"))
        if not page.reads:
            raise Wrong(f"{said}. When does your code borrow it: when it is called, or when it is read?")
        if still_heard and not self._is_generator:
            raise Wrong(
                f"{said}, and offers still reach it. `async for` doesn't call the `aclose()` of an iterator when its "
                "loop is left. Python closes a generator to which nothing refers, but not an object of your own class. "
                "What does a `yield` in an `async def` make?"
            )
        if still_heard:
            raise Wrong(f"{said}, and offers still reach it. Python {page.raised}. Which lines of yours run then?")
        if self._still_open() <= 0:
            raise only_closed(said, kept)
        raise Wrong(
            f"{said}. It's subscribed to nothing any more, but the `PubSub` keeps its connection, in case it "
            "subscribes again. Which call says that it won't?"
        )

    def _kept(self) -> int:
        return total_in_use([*self._lab.asyncio_pools(), *self._lab.pools()]) - OTHERS

    def _still_open(self) -> int:
        return sum(map(open_and_in_use, self._lab.asyncio_pools())) - OTHERS

    def _require_untouched(self, page: Page) -> None:
        require_others_undisturbed(page.left, self._customer, self._reached("tea: 2", "prices") > 0)


HINTS = (
    "Which object borrowed the connection, and which of its methods returns it? It's the same as in the exercise *A "
    "listener that can be stopped*, with an `await`.",
    "However a page leaves, an exception is raised where the generator is paused: `GeneratorExit` at a `yield`, or "
    "`CancelledError` at an `await`. Which statements run code in either case?",
    "Both exceptions have to go on once your code has cleaned up. An `async with` around everything that uses the "
    "`PubSub` does both.",
)
