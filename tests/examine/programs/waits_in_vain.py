"""A blocking pool of one, kept by one caller; the other waits in vain."""

import os

import redis

pool = redis.BlockingConnectionPool(port=int(os.environ["PORT"]), max_connections=1, timeout=0.2)
kept = pool.get_connection()  # holds it meanwhile
try:
    redis.Redis(connection_pool=pool).get("key")  # pool-waits
except redis.ConnectionError:
    pass
pool.release(kept)
