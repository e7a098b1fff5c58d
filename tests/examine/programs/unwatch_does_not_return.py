"""WATCH, then UNWATCH, in a pool that has no second connection."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=1)
r = redis.Redis(connection_pool=pool)
pipe = r.pipeline()
pipe.watch("stock")  # watch-kept
pipe.unwatch()
try:
    r.get("stock")  # exhausted
except redis.MaxConnectionsError:
    pass
