"""A Celery worker with its broker and its results on Redis. The task uses the client of its module."""

import os

import redis
from celery import Celery
from celery.contrib.testing.worker import start_worker

URL = f"redis://127.0.0.1:{os.environ['PORT']}"

app = Celery("tasks", broker=f"{URL}/11", backend=f"{URL}/12")
r = redis.Redis.from_url(f"{URL}/0")


@app.task
def count(name):
    return r.incr(name)


with start_worker(app, perform_ping_check=False, shutdown_timeout=30):
    for result in [count.delay("views") for _ in range(20)]:
        result.get(timeout=20)
r.close()
