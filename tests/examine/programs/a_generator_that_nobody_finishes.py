"""A generator holds a subscription, and its caller takes one value only."""

import os

import redis

r = redis.Redis(port=int(os.environ["PORT"]))


def events():
    with r.pubsub() as pubsub:
        pubsub.subscribe("news")  # generator-kept
        yield from range(5)


kept = events()
next(kept)
