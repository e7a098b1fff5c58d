"""A Celery worker with its broker and its results on Redis, and a task that uses Redis, too.

Start:    celery -A celery_app worker --pool prefork --concurrency 2 --loglevel info
Run with: redis-py 8.1, Celery 5.7, kombu 5.7
"""

import os

import redis
from celery import Celery
from celery.signals import worker_process_shutdown
from redis.backoff import EqualJitterBackoff
from redis.retry import Retry

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")

app = Celery("celery_app", broker=URL, backend=URL)
app.conf.update(
    # Otherwise each thread that asks for a result, such as those of your web server, has a pool of its own for that.
    result_backend_thread_safe=True,
    redis_max_connections=10,  # of the results' pool
    redis_client_name="celery-results",
    # The broker's connections: kombu makes a pool for each of its channels, in this worker ten pools of one connection.
    # max_connections would limit each of these pools, and broker_pool_limit counts kombu's connections, not Redis's.
    broker_transport_options={"client_name": "celery-broker"},
)

# Created when the module is imported, before the worker forks. That is safe, because a pool opens no connection before
# its first command, and the tasks run in the forked processes: each opens its own. So no command may be sent here.
pool = redis.BlockingConnectionPool.from_url(
    URL,
    max_connections=1,  # A process of a prefork worker runs one task at a time.
    timeout=1,  # the wait for a free connection
    retry=Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # a pool has none by itself
    client_name="celery-task",
)
r = redis.Redis(connection_pool=pool)


@worker_process_shutdown.connect
def close_pool(**_):
    pool.close()


@app.task
def count(name):
    return r.incr(name)
