"""Fifty tasks on one asyncio client."""

import asyncio
import os

import redis.asyncio


async def main():
    async with redis.asyncio.Redis(port=int(os.environ["PORT"])) as r:
        await asyncio.gather(*[r.incr("views") for _ in range(50)])


asyncio.run(main())
