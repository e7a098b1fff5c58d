"""One client, used many times, closed at the end."""

import os

import redis

with redis.Redis(port=int(os.environ["PORT"])) as r:
    for _ in range(100):
        r.incr("views")
