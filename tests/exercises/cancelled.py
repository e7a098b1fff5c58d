"""Answers to `cancelled`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import redis


async def send_and_show(connection, keys, show):
    for key in keys:
        await connection.send_command("GET", key)
    for _ in keys:
        await show(await connection.read_response())


async def returns_at_the_end(pool, keys, show):  # "a cancelled task cleans up"
    connection = await pool.get_connection()
    await send_and_show(connection, keys, show)
    await pool.release(connection)
    return len(keys)


async def finally_releases(pool, keys, show):  # "finally is enough"
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    finally:
        await pool.release(connection)


async def only_disconnects(pool, keys, show):  # "a closed connection is returned"
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    except BaseException:
        await connection.disconnect()
        raise
    await pool.release(connection)


async def swallows(pool, keys, show):  # "cancelled is handled, so go on"
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    except asyncio.CancelledError:
        await connection.disconnect()
    finally:
        await pool.release(connection)


async def disconnects_all(pool, keys, show):  # "after trouble, start afresh"
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    except BaseException:
        await pool.disconnect()
        raise
    finally:
        await pool.release(connection)


async def disconnects_always(pool, keys, show):  # "better safe than sorry"
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    finally:
        await connection.disconnect()
        await pool.release(connection)


async def shielded(pool, keys, show):  # "shield protects from cancellation"
    async def all_of_it():
        connection = await pool.get_connection()
        try:
            await send_and_show(connection, keys, show)
        finally:
            await pool.release(connection)

    await asyncio.shield(all_of_it())


async def only_cancellation(pool, keys, show):  # "what can go wrong is a cancellation"
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    except asyncio.CancelledError:
        await connection.disconnect()
        await pool.release(connection)
        raise
    await pool.release(connection)


WRONG = {
    returns_at_the_end: "the pool would be exhausted",
    finally_releases: "The next customer asked for page",
    only_disconnects: "although that connection is closed",
    swallows: "returned as if nothing had happened, with",
    disconnects_all: "a connection that another caller had borrowed was closed",
    disconnects_always: "opened 10 connections; one was enough",
    shielded: "a part of your code went on without the task",
    only_cancellation: "A cancellation is not the only error",
}


# -- the same mistakes in other shapes


async def except_exception(pool, keys, show):  # "Exception catches everything"
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    except Exception:
        await connection.disconnect()
        raise
    finally:
        await pool.release(connection)


async def released_before_it_is_read(pool, keys, show):  # "return it as early as possible"
    connection = await pool.get_connection()
    try:
        for key in keys:
            await connection.send_command("GET", key)
    finally:
        await pool.release(connection)
    for _ in keys:
        await show(await connection.read_response())


async def reads_in_a_task(pool, keys, show):  # a task of its own, which is not cancelled
    async def all_of_it():
        async with contextlib.AsyncExitStack() as stack:
            connection = await pool.get_connection()
            stack.push_async_callback(pool.release, connection)
            await send_and_show(connection, keys, show)

    task = asyncio.create_task(all_of_it())
    await asyncio.wait([task])
    task.result()


async def swallows_all(pool, keys, show):
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    except Exception:
        await connection.disconnect()
    except BaseException:
        await connection.disconnect()
        raise
    finally:
        await pool.release(connection)


async def all_at_once(pool, keys, show):  # "asyncio is about doing things at the same time"
    r = redis.asyncio.Redis(connection_pool=pool)
    for value in await asyncio.gather(*[r.get(key) for key in keys]):
        await show(value)


async def never_shows(pool, keys, show):  # forgets an await
    r = redis.asyncio.Redis(connection_pool=pool)
    for value in await r.mget(keys):
        show(value).close()


async def the_last_first(pool, keys, show):
    r = redis.asyncio.Redis(connection_pool=pool)
    for value in reversed(await r.mget(keys)):
        await show(value)


async def another_error(pool, keys, show):
    connection = await pool.get_connection()
    try:
        await send_and_show(connection, keys, show)
    except BaseException as error:
        await connection.disconnect()
        raise RuntimeError("reading failed") from error
    finally:
        await pool.release(connection)


async def keeps_on_showing(pool, keys, show):  # tries each value again
    r = redis.asyncio.Redis(connection_pool=pool)
    for value in await r.mget(keys):
        try:
            await show(value)
        except BaseException:
            await show(value)


async def one_client_kept(pool, keys, show):  # a connection for good
    r = redis.asyncio.Redis(connection_pool=pool, single_connection_client=True)
    for value in await r.mget(keys):
        await show(value)


def not_awaitable(pool, keys, show):  # writes a plain def
    return [pool, keys, show]


async def yields(pool, keys, show):  # an async generator
    r = redis.asyncio.Redis(connection_pool=pool)
    for value in await r.mget(keys):
        yield await show(value)


ALSO_WRONG = {
    except_exception: "The next customer asked for page",
    released_before_it_is_read: "was shown `'value",
    reads_in_a_task: "a part of your code went on without the task",
    swallows_all: "Which `except` catches too much?",
    all_at_once: "opened 3 connections; one was enough",
    never_shows: "`show` got `[]`",
    the_last_first: "`show` got `['value 3 of page 1'",
    another_error: "raised `RuntimeError: reading failed` instead of",
    keeps_on_showing: "returned as if nothing had happened",
    one_client_kept: "found the pool exhausted",
    not_awaitable: "can't be awaited",
    yields: "has a `yield` in it",
}


# -- right in other words


async def values_first(pool: Any, keys: list[str], show: Any) -> None:
    r = redis.asyncio.Redis(connection_pool=pool)
    for value in await r.mget(keys):
        await show(value)


async def pipelined(pool, keys, show):
    async with redis.asyncio.Redis.from_pool(pool).pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.get(key)
        values = await pipe.execute()
    for value in values:
        await show(value)


async def one_after_the_other(pool, keys, show):
    async with redis.asyncio.Redis(connection_pool=pool) as r:
        for key in keys:
            await show(await r.get(key))


async def a_flag(pool, keys, show):
    connection = await pool.get_connection()
    is_clean = False
    try:
        await send_and_show(connection, keys, show)
        is_clean = True
    finally:
        if not is_clean:
            await connection.disconnect(nowait=True)
        await pool.release(connection)


@contextlib.asynccontextmanager
async def borrowed(pool):
    connection = await pool.get_connection()
    try:
        yield connection
    except BaseException:
        try:
            await connection.disconnect()
        finally:
            raise
    finally:
        await asyncio.shield(pool.release(connection))


async def a_context_manager(pool, keys, show):
    async with borrowed(pool) as connection:
        await send_and_show(connection, keys, show)


async def a_client_with_one_connection(pool, keys, show):
    async with redis.asyncio.Redis(connection_pool=pool).client() as r:
        for key in keys:
            await show(await r.get(key))


async def reads_the_rest(pool, keys, show):
    connection = await pool.get_connection()
    try:
        for key in keys:
            await connection.send_command("GET", key)
        values = [await connection.read_response() for _ in keys]
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    finally:
        await pool.release(connection)
    for value in values:
        await show(value)


ALSO_RIGHT = [
    values_first,
    pipelined,
    one_after_the_other,
    a_flag,
    a_context_manager,
    a_client_with_one_connection,
    reads_the_rest,
]
