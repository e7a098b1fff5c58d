"""Two modules create a pool each, for the same server."""

import os

import redis

AT = {"host": "127.0.0.1", "port": int(os.environ["PORT"])}
greetings = redis.ConnectionPool(**AT, max_connections=4)  # duplicate-pools
counters = redis.ConnectionPool(**AT, max_connections=4)  # duplicate-pools
redis.Redis(connection_pool=greetings).get("greeting")
redis.Redis(connection_pool=counters).incr("views")
