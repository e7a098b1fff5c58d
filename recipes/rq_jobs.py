"""Jobs for rq, run by a worker that keeps its process, so that a job finds the connection of the one before it.

Start:    rq worker --worker-class rq.SimpleWorker
Run with: redis-py 8.1, rq 2.12
"""

import os

import redis
from redis.backoff import EqualJitterBackoff
from redis.retry import Retry
from rq import Queue

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")  # For the worker, rq itself reads RQ_REDIS_URL.

# Created when the worker imports this module, which it does for its first job.
#
# rq's usual worker forks a process for each job. This module is then imported for each job, and each job opens
# connections of its own: 1 here, and 1 of rq itself. That is the price of a job that can be killed without its worker.
# SimpleWorker runs the jobs in its own process.
pool = redis.BlockingConnectionPool.from_url(
    URL,
    max_connections=1,  # A worker runs one job at a time. A web server that calls put() needs one for each thread.
    timeout=1,  # the wait for a free connection
    retry=Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # a pool has none by itself
    client_name="rq-job",
)
r = redis.Redis(connection_pool=pool)
# The connections are closed when the process ends: rq has no hook for it.


def count(name):
    return r.incr(name)


def put(name):
    """Put a job into the queue, as a web service would."""
    return Queue(connection=r).enqueue(count, name)
