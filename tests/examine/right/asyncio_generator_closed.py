"""An async generator that is closed when one leaves it."""

import asyncio
import contextlib
import os

import redis.asyncio


async def main():
    async with redis.asyncio.Redis(port=int(os.environ["PORT"])) as r:

        async def events():
            async with r.pubsub() as pubsub:
                await pubsub.subscribe("news")
                yield 1
                yield 2

        async with contextlib.aclosing(events()) as stream:
            async for _ in stream:
                break


asyncio.run(main())
