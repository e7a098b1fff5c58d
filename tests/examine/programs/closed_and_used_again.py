"""`with r:` around each call of a client that is kept."""

import os

import redis

r = redis.Redis(port=int(os.environ["PORT"]))
for _ in range(5):
    with r:
        r.get("key")  # used-after-close
