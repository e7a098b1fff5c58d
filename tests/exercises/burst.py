"""Answers to `burst`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import asyncio
from typing import Any

import redis


async def plain_pool(host, port, requests):  # "at its limit a pool waits"
    pool = redis.asyncio.ConnectionPool(host=host, port=port, max_connections=20)
    async with redis.asyncio.Redis.from_pool(pool) as r:
        return await asyncio.gather(*[request(r) for request in requests])


async def higher_limit(host, port, requests):  # "too many connections: allow more"
    async with redis.asyncio.Redis(host=host, port=port, max_connections=500) as r:
        return await asyncio.gather(*[request(r) for request in requests])


async def blocking_by_default(host, port, requests):  # "a blocking pool is enough"
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port)
    async with redis.asyncio.Redis.from_pool(pool) as r:
        return await asyncio.gather(*[request(r) for request in requests])


async def waits_too_short(host, port, requests):
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=20, timeout=0.05)
    async with redis.asyncio.Redis.from_pool(pool) as r:
        return await asyncio.gather(*[request(r) for request in requests])


async def errors_as_results(host, port, requests):  # "gather should not raise"
    async with redis.asyncio.Redis(host=host, port=port) as r:
        return await asyncio.gather(*[request(r) for request in requests], return_exceptions=True)


async def one_after_the_other(host, port, requests):
    async with redis.asyncio.Redis(host=host, port=port) as r:
        return [await request(r) for request in requests]


async def a_client_for_each(host, port, requests):  # "20 at a time, each with its own client"
    turn = asyncio.Semaphore(20)

    async def one(request):
        async with turn, redis.asyncio.Redis(host=host, port=port) as r:
            return await request(r)

    return await asyncio.gather(*map(one, requests))


async def never_closed(host, port, requests):
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=20)
    r = redis.asyncio.Redis(connection_pool=pool)
    return await asyncio.gather(*[request(r) for request in requests])


WRONG = {
    plain_pool: "480 of the 500 requests were refused",
    higher_limit: "The pool's limit is 500",
    blocking_by_default: "that isn't told a limit has one of 50",
    waits_too_short: "which is the pool's `timeout`",
    errors_as_results: "400 of the 500 requests were refused",
    one_after_the_other: "The requests were served one at a time",
    a_client_for_each: "in more than one pool",
    never_closed: "20 connections that it opened are still open",
}


# -- the same mistakes in other shapes


async def a_semaphore_for_each(host, port, requests):  # each waits for itself
    async def one(request):
        async with asyncio.Semaphore(20):
            return await request(r)

    async with redis.asyncio.Redis(host=host, port=port) as r:
        return await asyncio.gather(*map(one, requests))


async def semaphore_is_too_large(host, port, requests):
    turn = asyncio.Semaphore(50)

    async def one(request):
        async with turn:
            return await request(r)

    async with redis.asyncio.Redis(host=host, port=port) as r:
        return await asyncio.gather(*map(one, requests))


async def asks_again(host, port, requests):  # "a refused one tries again"
    async def one(request):
        while True:
            try:
                return await request(r)
            except redis.MaxConnectionsError:
                await asyncio.sleep(0.01)

    async with redis.asyncio.Redis(host=host, port=port, max_connections=20) as r:
        return await asyncio.gather(*map(one, requests))


async def a_single_connection(host, port, requests):
    async with redis.asyncio.Redis(host=host, port=port, single_connection_client=True) as r:
        return await asyncio.gather(*[request(r) for request in requests])


async def blocking_pool_of_two(host, port, requests):
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=2)
    async with redis.asyncio.Redis.from_pool(pool) as r:
        return await asyncio.gather(*[request(r) for request in requests])


async def as_they_come(host, port, requests):  # the order is lost
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=20)
    async with redis.asyncio.Redis.from_pool(pool) as r:
        coming = asyncio.as_completed([request(r) for request in reversed(requests)])
        return [await one for one in coming]


async def forgets_to_return(host, port, requests):
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=20)
    async with redis.asyncio.Redis.from_pool(pool) as r:
        await asyncio.gather(*[request(r) for request in requests])


async def client_does_not_close_its_pool(host, port, requests):  # "async with closes the pool, too"
    pool = redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=20)
    async with redis.asyncio.Redis(connection_pool=pool) as r:
        return await asyncio.gather(*[request(r) for request in requests])


async def without_asyncio(host, port, requests):
    r = redis.Redis(host=host, port=port)
    return await asyncio.gather(*[request(r) for request in requests], return_exceptions=True)


async def a_client_for_each_row(host, port, requests):  # "20 at a time"
    results = []
    for begin in range(0, len(requests), 20):
        async with redis.asyncio.Redis(host=host, port=port) as r:
            results += await asyncio.gather(*[request(r) for request in requests[begin : begin + 20]])
    return results


async def without_names(host, port, requests):
    pool = redis.asyncio.BlockingConnectionPool(host, port, 20)
    async with redis.asyncio.Redis.from_pool(pool) as r:
        return await asyncio.gather(*[request(r) for request in requests])


async def none_asked(host, port, requests):
    return list(range(len(requests)))


def not_awaited(host, port, requests):
    return [request(None) for request in requests[:0]]


ALSO_WRONG = {
    a_semaphore_for_each: "400 of the 500 requests were refused",
    semaphore_is_too_large: "50 requests wanted a connection at the same moment",
    asks_again: "480 of the 500 requests were refused",
    a_single_connection: "The requests were served one at a time",
    blocking_pool_of_two: "The requests were served 2 at a time",
    as_they_come: "in the order of the requests",
    forgets_to_return: "returned `None`. It should return a list",
    client_does_not_close_its_pool: "20 connections that it opened are still open",
    without_asyncio: "whose commands wait without `await`",
    a_client_for_each_row: "in more than one pool",
    without_names: "was given arguments without names",
    none_asked: "0 of the 500 requests were run",
    not_awaited: "can't be awaited",
}


# -- right in other words


async def a_semaphore(host: str, port: int, requests: Any) -> Any:
    turn = asyncio.Semaphore(20)

    async def one(request: Any) -> Any:
        async with turn:
            return await request(r)

    async with redis.asyncio.Redis(host=host, port=port) as r:
        return await asyncio.gather(*map(one, requests))


async def workers(host, port, requests):
    queue = asyncio.Queue()
    for numbered in enumerate(requests):
        queue.put_nowait(numbered)
    results = {}

    async def work(r):
        while not queue.empty():
            number, request = queue.get_nowait()
            results[number] = await request(r)

    r = redis.asyncio.from_url(f"redis://{host}:{port}", max_connections=20)
    try:
        await asyncio.gather(*[work(r) for _ in range(20)])
    finally:
        await r.aclose()
    return [results[number] for number in range(len(requests))]


async def in_rows(host, port, requests):
    results = []
    async with redis.asyncio.Redis(host=host, port=port, max_connections=20) as r:
        for begin in range(0, len(requests), 20):
            results += await asyncio.gather(*[request(r) for request in requests[begin : begin + 20]])
    return tuple(results)


async def two_pools(host, port, requests):
    pools = [redis.asyncio.BlockingConnectionPool(host=host, port=port, max_connections=10) for _ in range(2)]
    clients = [redis.asyncio.Redis(connection_pool=pool) for pool in pools]
    try:
        return await asyncio.gather(*[request(clients[n % 2]) for n, request in enumerate(requests)])
    finally:
        for pool in pools:
            await pool.aclose()


ALSO_RIGHT = [a_semaphore, workers, in_rows, two_pools]
