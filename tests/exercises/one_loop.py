"""Answers to `one-loop`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import Any

import redis


async def prices_by(r, articles):
    prices = [await r.get(f"price:{article}") for article in articles]
    if None in prices:
        raise LookupError("an article has no price")
    return [int(price) for price in prices]


def cached_client(host, port):  # "one client for the process, as with threads"
    @functools.cache
    def client():
        return redis.asyncio.Redis(host=host, port=port)

    async def report(articles):
        return await prices_by(client(), articles)

    return report


def never_closed(host, port):  # "Python closes what I drop"
    async def report(articles):
        return await prices_by(redis.asyncio.Redis(host=host, port=port), articles)

    return report


def closed_if_all_goes_well(host, port):  # "close it at the end"
    async def report(articles):
        r = redis.asyncio.Redis(host=host, port=port)
        prices = await prices_by(r, articles)
        await r.aclose()
        return prices

    return report


def without_asyncio(host, port):  # "the client of redis works in any loop"
    async def report(articles):
        with redis.Redis(host=host, port=port) as r:
            prices = [r.get(f"price:{article}") for article in articles]
        if None in prices:
            raise LookupError("an article has no price")
        return [int(price) for price in prices]

    return report


def loop_in_a_loop(host, port):  # "a coroutine needs asyncio.run"
    async def ask(articles):
        async with redis.asyncio.Redis(host=host, port=port) as r:
            return await prices_by(r, articles)

    async def report(articles):
        return asyncio.run(ask(articles))

    return report


def unknown_costs_nothing(host, port):
    async def report(articles):
        async with redis.asyncio.Redis(host=host, port=port) as r:
            return [int(price or 0) for price in await r.mget([f"price:{article}" for article in articles])]

    return report


def as_bytes(host, port):
    async def report(articles):
        async with redis.asyncio.Redis(host=host, port=port) as r:
            prices = await r.mget([f"price:{article}" for article in articles])
        if None in prices:
            raise LookupError
        return prices

    return report


def runs_itself(host, port):  # "report() should just work"
    async def ask(articles):
        async with redis.asyncio.Redis(host=host, port=port) as r:
            return await prices_by(r, articles)

    def report(articles):
        return asyncio.run(ask(articles))

    return report


WRONG = {
    cached_client: "in its own loop, and that loop has ended",
    never_closed: "When is the last moment to do it?",
    closed_if_all_goes_well: "but not if it raises",
    without_asyncio: "no other task of the loop ran",
    loop_in_a_loop: "tried to start another one in it",
    unknown_costs_nothing: "`snow` has no price, and `report` returned `[3, 0]`",
    as_bytes: "`report` returned `[b'3', b'5']`",
    runs_itself: "`report` starts an event loop itself",
}


# -- the same mistakes in other shapes


def one_for_each_loop_kept(host, port):  # "a client for each loop, in a dict"
    clients = {}

    async def report(articles):
        loop = asyncio.get_running_loop()
        r = clients.setdefault(loop, redis.asyncio.Redis(host=host, port=port))
        return await prices_by(r, articles)

    return report


def tries_again_with_a_new_one(host, port):  # "if the loop is closed, make a new one"
    r = redis.asyncio.Redis(host=host, port=port)

    async def report(articles):
        nonlocal r
        try:
            return await prices_by(r, articles)
        except RuntimeError:
            r = redis.asyncio.Redis(host=host, port=port)
            return await prices_by(r, articles)

    return report


def pool_is_shared(host, port):  # "a new client is enough"
    pool = redis.asyncio.ConnectionPool(host=host, port=port)

    async def report(articles):
        async with redis.asyncio.Redis(connection_pool=pool) as r:
            return await prices_by(r, articles)

    return report


def client_that_was_given_a_pool(host, port):  # "async with closes the pool too"
    async def report(articles):
        pool = redis.asyncio.ConnectionPool(host=host, port=port)
        async with redis.asyncio.Redis(connection_pool=pool) as r:
            return await prices_by(r, articles)

    return report


def closed_by_except(host, port):  # closes only when it raises
    async def report(articles):
        r = redis.asyncio.Redis(host=host, port=port)
        try:
            return await prices_by(r, articles)
        except LookupError:
            await r.aclose()
            raise

    return report


def int_of_none(host, port):
    async def report(articles):
        async with redis.asyncio.Redis(host=host, port=port) as r:
            return [int(await r.get(f"price:{article}")) for article in articles]

    return report


def report_itself(host, port):  # calls it
    async def report(articles=("tea",)):
        async with redis.asyncio.Redis(host=host, port=port) as r:
            return await prices_by(r, articles)

    return report()


ALSO_WRONG = {
    one_for_each_loop_kept: "When is the last moment to do it?",
    tries_again_with_a_new_one: "1 connection that it opened was still open",
    pool_is_shared: "Which line creates the client or its pool",
    client_that_was_given_a_pool: "was still open on the server",
    closed_by_except: "When is the last moment to do it?",
    int_of_none: "raised `TypeError",
    report_itself: "`make_report` returned a coroutine",
}


# -- right in other words


def shared_and_closed(host, port):
    r = redis.asyncio.Redis(host=host, port=port)

    async def report(articles):
        try:
            return await prices_by(r, articles)
        finally:
            await r.aclose()

    return report


def pool_of_its_own(host: str, port: int) -> Any:
    async def report(articles: list[str]) -> list[int]:
        pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=2, decode_responses=True)
        async with contextlib.aclosing(redis.asyncio.Redis.from_pool(pool)) as r:
            prices = await asyncio.gather(*[r.get(f"price:{article}") for article in articles])
            found = {article: price for article, price in zip(articles, prices, strict=True) if price}
            return [int(found[article]) for article in articles]

    return report


def in_a_thread(host, port):
    def ask(articles):
        with redis.Redis(host=host, port=port) as r:
            prices = r.mget([f"price:{article}" for article in articles])
        if None in prices:
            raise KeyError("an article has no price")
        return list(map(int, prices))

    async def report(articles):
        return await asyncio.to_thread(ask, articles)

    return report


def exit_stack(host, port):
    async def report(articles):
        async with contextlib.AsyncExitStack() as stack:
            r = redis.asyncio.from_url(f"redis://{host}:{port}", single_connection_client=True)
            stack.push_async_callback(r.aclose)
            return await prices_by(r, articles)

    return report


ALSO_RIGHT = [shared_and_closed, pool_of_its_own, in_a_thread, exit_stack]
