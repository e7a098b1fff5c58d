"""An asyncio function borrows by hand, and returns early."""

import asyncio
import os

import redis.asyncio


async def stock_of(pool, item):
    connection = await pool.get_connection()  # leak
    await connection.send_command("GET", f"stock:{item}")
    stock = await connection.read_response()
    if stock is None:
        return 0
    await pool.release(connection)
    return int(stock)


async def main():
    pool = redis.asyncio.ConnectionPool(port=int(os.environ["PORT"]))
    await asyncio.gather(*[stock_of(pool, item) for item in range(3)])


asyncio.run(main())
