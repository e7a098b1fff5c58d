"""A FastAPI service whose page asks for ten keys at once, with two connections at most."""

import asyncio
import os
from contextlib import asynccontextmanager

import redis.asyncio
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    async with redis.asyncio.Redis(port=int(os.environ["PORT"]), max_connections=2) as app.state.redis:
        yield


app = FastAPI(lifespan=lifespan)


async def price(product):
    return await app.state.redis.get(f"price:{product}")  # exhausted


@app.get("/")
async def page():
    prices = await asyncio.gather(*[price(product) for product in range(10)], return_exceptions=True)
    return {"failed": sum(isinstance(each, Exception) for each in prices)}
