"""Many clients on one pool."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=5)
for _ in range(20):
    redis.Redis(connection_pool=pool).get("key")
pool.close()
