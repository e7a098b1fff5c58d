"""An argument that no connection knows uses the pool up."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=2, read_timeout=1)  # unknown-argument
for _ in range(4):
    try:
        redis.Redis(connection_pool=pool).ping()  # exhausted
    except (TypeError, redis.ConnectionError):
        pass
