"""A job for ``rq worker``, with the client of its module."""

import os

import redis

r = redis.Redis(port=int(os.environ["PORT"]))


def count(name):
    return r.incr(name)
