"""Pipelines with and without a transaction."""

import os

import redis

r = redis.Redis(port=int(os.environ["PORT"]))
for transaction in (True, False):
    with r.pipeline(transaction=transaction) as pipe:
        for number in range(100):
            pipe.set(f"key:{number}", number)
        pipe.execute()
r.get("key:1")
