"""break out of an async generator that holds a subscription, which is kept."""

import asyncio
import os

import redis.asyncio


async def main():
    r = redis.asyncio.Redis(port=int(os.environ["PORT"]))

    async def events():
        async with r.pubsub() as pubsub:
            await pubsub.subscribe("news")  # generator-kept
            yield 1
            yield 2

    stream = events()
    async for _ in stream:
        break
    await asyncio.sleep(1.2)
    os._exit(0)  # before asyncio.run would close the generator


asyncio.run(main())
