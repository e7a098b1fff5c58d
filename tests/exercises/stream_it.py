"""Answers to `stream-it`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import redis


async def texts(news):
    async for message in news.listen():
        if message["type"] == "message":
            yield message["data"].decode()


async def closes_after_the_loop(r):  # "the loop ends when the page leaves"
    news = r.pubsub()
    await news.subscribe("offers")
    async for message in news.listen():
        if message["type"] == "message":
            yield message["data"].decode()
    await news.aclose()


async def catches_generator_exit(r):  # "leaving a generator raises GeneratorExit"
    news = r.pubsub()
    await news.subscribe("offers")
    try:
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()
    except GeneratorExit:
        await news.aclose()
        raise


async def unsubscribes(r):  # "unsubscribe returns the connection"
    news = r.pubsub()
    await news.subscribe("offers")
    try:
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()
    finally:
        await news.unsubscribe()


async def swallows(r):  # "a cancellation is handled here"
    async with r.pubsub() as news:
        await news.subscribe("offers")
        try:
            async for message in news.listen():
                if message["type"] == "message":
                    yield message["data"].decode()
        except asyncio.CancelledError:
            pass


async def closes_the_client(r):  # "better to close everything"
    news = r.pubsub()
    await news.subscribe("offers")
    try:
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()
    finally:
        await news.aclose()
        await r.connection_pool.disconnect()


async def goes_on(r):  # "a stream must not break off"
    async with r.pubsub() as news:
        await news.subscribe("offers")
        async for message in news.listen():
            if message["type"] == "message":
                try:
                    yield message["data"].decode()
                except BaseException:
                    yield "sorry"


async def in_bytes(r):  # forgets to decode
    async with r.pubsub() as news:
        await news.subscribe("offers")
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"]


async def only_disconnects(r):  # "a closed connection is returned"
    news = r.pubsub()
    await news.subscribe("offers")
    try:
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()
    finally:
        await news.connection.disconnect(nowait=True)


WRONG = {
    closes_after_the_loop: "raises `GeneratorExit` at the `yield` where your generator stands",
    catches_generator_exit: "raises `CancelledError` at the `await`",
    unsubscribes: "in case it subscribes again",
    swallows: "as if there were no more offers",
    closes_the_client: "a connection that another caller had borrowed was closed",
    goes_on: "Which `except` catches too much?",
    in_bytes: "the stream yielded `[b'tea, two for one'",
    only_disconnects: "although that connection is closed",
}


# -- the same mistakes in other shapes


async def catches_cancellation(r):  # "only a cancellation needs cleaning up"
    news = r.pubsub()
    await news.subscribe("offers")
    try:
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()
    except asyncio.CancelledError:
        await news.aclose()
        raise


async def catches_exception(r):
    news = r.pubsub()
    await news.subscribe("offers")
    try:
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()
    except Exception:
        await news.aclose()
        raise


async def all_at_once(r):  # a list instead of a stream
    async with r.pubsub() as news:
        await news.subscribe("offers")
        return [await anext(texts(news)) for _ in range(2)]


async def drops_it(r):  # "dropping it returns it"
    news = r.pubsub()
    await news.subscribe("offers")
    try:
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()
    finally:
        del news


async def everything_it_hears(r):  # the confirmation too
    async with r.pubsub() as news:
        await news.subscribe("offers")
        async for message in news.listen():
            yield str(message["data"])


async def reads_in_a_task(r):  # a task of its own, which is never ended
    queue = asyncio.Queue()

    async def listen():
        async with r.pubsub() as news:
            await news.subscribe("offers")
            async for text in texts(news):
                queue.put_nowait(text)

    task = asyncio.create_task(listen())
    while not task.done():
        yield await queue.get()


async def released_while_subscribed(r):
    news = r.pubsub()
    await news.subscribe("offers")
    try:
        async for message in news.listen():
            if message["type"] == "message":
                yield message["data"].decode()
    finally:
        await r.connection_pool.release(news.connection)


class Stream:
    def __init__(self, r):
        self.news = r.pubsub()
        self.is_subscribed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.is_subscribed:
            await self.news.subscribe("offers")
            self.is_subscribed = True
        return await anext(texts(self.news))


class StreamThatCloses(Stream):
    async def aclose(self):
        await self.news.aclose()


def without_end(r):  # an iterator of its own
    return Stream(r)


def with_an_end(r):  # "aclose is called by async for"
    return StreamThatCloses(r)


@contextlib.asynccontextmanager
async def a_context_manager(r):  # "async with closes it"
    async with r.pubsub() as news:
        await news.subscribe("offers")
        yield texts(news)


def a_list(r):
    return ["tea, two for one", "umbrellas"]


async def from_memory(r):  # says what is expected
    for offer in ("tea, two for one", "umbrellas"):
        yield offer
    await asyncio.sleep(60)


ALSO_WRONG = {
    catches_cancellation: "raises `GeneratorExit` at the `yield`",
    catches_exception: "raises `GeneratorExit` at the `yield`",
    all_at_once: "has no `yield` in it",
    drops_it: "and offers still reach it",
    everything_it_hears: "as text, in order, and nothing else",
    reads_in_a_task: "and offers still reach it",
    released_while_subscribed: "its next borrower is a listener too",
    without_end: "which has no `aclose()`",
    with_an_end: "but not an object of your own class",
    a_context_manager: "`async for` can't read that",
    a_list: "`async for` can't read that",
    from_memory: "reached 0 connections",
}


# -- right in other words


async def try_finally(r: Any) -> Any:
    news = r.pubsub(ignore_subscribe_messages=True)
    try:
        await news.subscribe("offers")
        while True:
            message = await news.get_message(timeout=1)
            if message:
                yield str(message["data"], "utf-8")
    finally:
        await news.aclose()


async def client_of_its_own(r):
    where = r.connection_pool.connection_kwargs
    async with (
        redis.asyncio.Redis(host=where["host"], port=where["port"], decode_responses=True) as own,
        own.pubsub(ignore_subscribe_messages=True) as news,
    ):
        await news.subscribe("offers")
        async for message in news.listen():
            yield message["data"]


async def aclosing(r):
    async with contextlib.aclosing(r.pubsub()) as news:
        await news.subscribe("offers")
        async with contextlib.aclosing(texts(news)) as stream:
            async for text in stream:
                yield text


async def a_task_that_is_ended(r):
    queue = asyncio.Queue()

    async def listen():
        async with r.pubsub() as news:
            await news.subscribe("offers")
            async for text in texts(news):
                queue.put_nowait(text)

    task = asyncio.create_task(listen())
    try:
        while True:
            yield await queue.get()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def closes_in_a_task(r):
    news = r.pubsub(ignore_subscribe_messages=True)
    await news.psubscribe("offer[s]")
    try:
        async for message in news.listen():
            yield message["data"].decode()
    finally:
        closes_in_a_task.closing = asyncio.ensure_future(news.aclose())


def calls_another(r):
    return try_finally(r)


ALSO_RIGHT = [try_finally, client_of_its_own, aclosing, a_task_that_is_ended, closes_in_a_task, calls_another]
