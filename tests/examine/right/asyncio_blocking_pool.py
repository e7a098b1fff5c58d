"""Thirty tasks on a blocking asyncio pool of twenty."""

import asyncio
import os

import redis.asyncio


async def main():
    pool = redis.asyncio.BlockingConnectionPool(port=int(os.environ["PORT"]), max_connections=20)
    r = redis.asyncio.Redis(connection_pool=pool)
    await asyncio.gather(*[asyncio.create_task(r.get("key")) for _ in range(30)])
    await pool.aclose()


asyncio.run(main())
