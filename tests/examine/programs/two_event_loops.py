"""One asyncio client, and asyncio.run twice."""

import asyncio
import os

import redis.asyncio

r = redis.asyncio.Redis(port=int(os.environ["PORT"]))


async def get():
    return await r.get("key")  # two-loops


asyncio.run(get())
try:
    asyncio.run(get())
except RuntimeError:
    pass
