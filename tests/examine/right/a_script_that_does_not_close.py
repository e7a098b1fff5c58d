"""An asyncio script that never closes its client: the connection ends with the script."""

import asyncio
import os

import redis.asyncio


async def main():
    r = redis.asyncio.Redis(port=int(os.environ["PORT"]))
    await r.set("greeting", "hello")


asyncio.run(main())
