"""The parent listens while its children work with clients of their own: what it keeps is no leak of theirs."""

import os
import sys

import redis

r = redis.Redis(port=int(os.environ["PORT"]))
pool = redis.ConnectionPool(port=int(os.environ["PORT"]), db=1, max_connections=2)
borrowed = pool.get_connection()
with r.pubsub() as news:
    news.subscribe("news")
    for _ in range(2):
        if os.fork() == 0:
            redis.Redis(port=int(os.environ["PORT"])).incr("views")
            sys.exit()
    for _ in range(2):
        os.wait()
pool.release(borrowed)
