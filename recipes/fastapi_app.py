"""A FastAPI service with one asyncio pool in each worker process.

Start:    uvicorn fastapi_app:app --workers 2
Run with: redis-py 8.1, FastAPI 0.165, uvicorn 0.54
"""

import os
from contextlib import asynccontextmanager
from typing import Annotated

import redis.asyncio as redis
from fastapi import Depends, FastAPI, Request
from redis.asyncio.retry import Retry
from redis.backoff import EqualJitterBackoff

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")


@asynccontextmanager
async def lifespan(app: FastAPI):
    # Created here, and not at the top of the file, because connections belong to the event loop that opened them. The
    # lifespan runs once in each worker, in the loop that serves the requests, before the first of them.
    pool = redis.BlockingConnectionPool.from_url(
        URL,
        max_connections=10,
        timeout=1,  # the wait for a free connection
        retry=Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # a pool has none by itself
        client_name="fastapi",
    )
    async with redis.Redis.from_pool(pool) as app.state.redis:
        await app.state.redis.ping()  # A wrong URL or argument stops the service now, and not the first request.
        yield
    # Closed here, after the last request: from_pool() made this client the owner of the pool.


app = FastAPI(lifespan=lifespan)


def client(request: Request) -> redis.Redis:
    # Hands each request the same client. A client created here would bring a pool for each request.
    return request.app.state.redis


@app.get("/")
async def views(r: Annotated[redis.Redis, Depends(client)]):
    return {"views": await r.incr("views")}
