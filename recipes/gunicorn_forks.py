"""A WSGI application that gunicorn loads once and then forks, with one pool in each worker. Also gunicorn's settings.

Start:    gunicorn --config python:gunicorn_forks gunicorn_forks:app
Run with: redis-py 8.1, gunicorn 23.0
"""

import os

import redis
from redis.backoff import EqualJitterBackoff
from redis.retry import Retry

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")

workers = 4
threads = 4
preload_app = True  # This module is imported once, by gunicorn itself, and the workers inherit what it holds.

# What is needed before the fork has a client of its own, closed at once: a connection that is open here would be open
# in five processes.
with redis.Redis.from_url(URL, client_name="gunicorn-start") as at_start:
    GREETING = at_start.get("greeting") or b"Welcome"


def post_fork(server, worker):
    """Create the worker's pool; gunicorn calls this in each worker, right after its fork."""
    global r
    r = redis.Redis.from_pool(
        redis.BlockingConnectionPool.from_url(
            URL,
            max_connections=threads,  # None of the worker's threads ever waits.
            timeout=1,  # the wait for a free connection
            retry=Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # a pool has none by itself
            client_name="gunicorn",
        )
    )


def worker_exit(server, worker):
    """Close the worker's pool; gunicorn calls this in each worker, after its last request."""
    r.close()


def app(environ, start_response):
    views = r.incr("views")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [GREETING, b", visit %d\n" % views]
