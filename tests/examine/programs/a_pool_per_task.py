"""Each asyncio task creates a client of its own, as a cache in a context variable does."""

import asyncio
import os

import redis.asyncio


async def request():
    r = redis.asyncio.Redis(port=int(os.environ["PORT"]))  # pool-per-task
    await r.get("key")
    await r.aclose()


async def main():
    await asyncio.gather(*[asyncio.create_task(request()) for _ in range(10)])


asyncio.run(main())
