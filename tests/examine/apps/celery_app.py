"""A Celery app whose broker and results are on Redis; its task uses a client of its own module."""

import os

import redis
from celery import Celery

URL = f"redis://127.0.0.1:{os.environ['PORT']}"

app = Celery("celery_app", broker=f"{URL}/1", backend=f"{URL}/2")
r = redis.Redis.from_url(f"{URL}/0")


@app.task
def count(name):
    return r.incr(name)
