"""A FastAPI service with one client, created when it starts and closed when it ends, asked by eight threads."""

import os
import socket
import threading
import urllib.request
from contextlib import asynccontextmanager

import redis.asyncio
import uvicorn
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    async with redis.asyncio.Redis(port=int(os.environ["PORT"])) as app.state.redis:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def views():
    return {"views": await app.state.redis.incr("views")}


def visit():
    for _ in range(5):
        urllib.request.urlopen(url).read()


listening = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
serving = threading.Thread(target=server.run, args=([listening],))
serving.start()
visitors = [threading.Thread(target=visit) for _ in range(8)]
for visitor in visitors:
    visitor.start()
for visitor in visitors:
    visitor.join()
server.should_exit = True
serving.join()
