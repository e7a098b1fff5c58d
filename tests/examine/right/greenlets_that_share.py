"""Greenlets of gevent share one client, whose pool lets them wait a moment."""

from gevent import monkey

monkey.patch_all()

import os

import gevent
import redis

pool = redis.BlockingConnectionPool(port=int(os.environ["PORT"]), max_connections=2, timeout=5)
r = redis.Redis(connection_pool=pool)


def work(number):
    for _ in range(10):
        r.incr(f"counter:{number}")


gevent.joinall([gevent.spawn(work, number) for number in range(10)])
