"""Five greenlets of gevent ask for a connection at once, where two are allowed."""

from gevent import monkey

monkey.patch_all()

import os

import gevent
import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=2)
r = redis.Redis(connection_pool=pool)


def wait_for_a_job(queue):
    try:
        return r.blpop(queue, timeout=0.2)  # exhausted
    except redis.MaxConnectionsError:
        return None


def borrow():
    return pool.get_connection()  # leak


gevent.joinall([gevent.spawn(wait_for_a_job, f"jobs:{number}") for number in range(5)])
kept = [greenlet.value for greenlet in gevent.joinall([gevent.spawn(borrow) for _ in range(2)])]
