"""WATCH in a with block."""

import os

import redis

r = redis.Redis(port=int(os.environ["PORT"]))
r.set("stock", 5)
with r.pipeline() as pipe:
    pipe.watch("stock")
    left = int(pipe.get("stock"))
    pipe.multi()
    pipe.set("stock", left - 1)
    pipe.execute()
