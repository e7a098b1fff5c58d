"""Requests are cancelled while they wait for a reply."""

import asyncio
import os

import redis.asyncio


async def main():
    r = redis.asyncio.Redis(port=int(os.environ["PORT"]))

    async def request():
        await r.blpop("orders", timeout=5)  # cancelled-borrow

    for _ in range(3):
        task = asyncio.create_task(request())
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await r.aclose()


asyncio.run(main())
