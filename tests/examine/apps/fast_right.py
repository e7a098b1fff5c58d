"""A FastAPI service with one client, created when the service starts and closed when it ends."""

import os
from contextlib import asynccontextmanager

import redis.asyncio
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    async with redis.asyncio.Redis(port=int(os.environ["PORT"])) as app.state.redis:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def views():
    return {"views": await app.state.redis.incr("views")}
