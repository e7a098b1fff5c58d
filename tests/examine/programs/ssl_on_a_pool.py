"""ssl= belongs to a client; a pool hands it on to connections, which don't know it."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=3, ssl=True)  # unknown-argument
try:
    redis.Redis(connection_pool=pool).ping()
except TypeError:
    pass
