"""asyncio.run twice, with a client each that is closed."""

import asyncio
import os

import redis.asyncio


async def get():
    async with redis.asyncio.Redis(port=int(os.environ["PORT"])) as r:
        return await r.get("key")


for _ in range(2):
    asyncio.run(get())
