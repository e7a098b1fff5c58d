"""A subscription for each viewer, from the pool that the rest of the program uses."""

import os

import redis

pool = redis.BlockingConnectionPool(port=int(os.environ["PORT"]), max_connections=5, timeout=0.1)
r = redis.Redis(connection_pool=pool)
viewers = [r.pubsub() for _ in range(5)]
for viewer in viewers:
    viewer.subscribe("news")  # pubsub-kept
try:
    r.get("key")  # pool-waits
except redis.ConnectionError:
    pass
