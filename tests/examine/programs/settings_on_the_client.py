"""A client is given a pool, and settings that it ignores."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]))
r = redis.Redis(connection_pool=pool, db=5, decode_responses=True)  # ignored-argument
r.get("key")
