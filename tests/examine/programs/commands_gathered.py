"""Commands are tasks themselves: asyncio.gather(r.get(…), …). None of them has a line of the program's on its stack."""

import asyncio
import os

import redis.asyncio


async def main():
    async with redis.asyncio.Redis(port=int(os.environ["PORT"]), max_connections=2) as r:
        commands = [r.get(f"price:{number}") for number in range(10)]  # exhausted
        await asyncio.gather(*commands, return_exceptions=True)


asyncio.run(main())
