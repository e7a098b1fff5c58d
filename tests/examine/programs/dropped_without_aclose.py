"""Asyncio clients that are dropped without aclose(): fewer than would count as one for each call."""

import asyncio
import os

import redis.asyncio


async def warm_up():
    r = redis.asyncio.Redis(port=int(os.environ["PORT"]))  # dropped-unclosed
    await r.get("key")


async def warm_up_from_a_url():
    r = redis.asyncio.from_url(f"redis://localhost:{os.environ['PORT']}/1")  # dropped-unclosed
    await r.get("key")


async def main():
    for _ in range(2):
        await warm_up()
        await warm_up_from_a_url()


asyncio.run(main())
