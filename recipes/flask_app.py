"""A Flask application with one pool in each worker process, for all of its threads.

Start:    gunicorn --workers 2 --threads 8 "flask_app:create_app()"
Run with: redis-py 8.1, Flask 3.1, gunicorn 23.0
"""

import atexit
import os

import redis
from flask import Flask, current_app
from redis.backoff import EqualJitterBackoff
from redis.retry import Retry

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")


def create_app():
    app = Flask(__name__)
    # Created with the application, so once in each worker. flask.g is the wrong place: it is new for each request.
    pool = redis.BlockingConnectionPool.from_url(
        URL,
        max_connections=8,  # as many as the worker has threads, so that none of them ever waits
        timeout=1,  # the wait for a free connection
        retry=Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # a pool has none by itself
        client_name="flask",
    )
    app.extensions["redis"] = redis.Redis(connection_pool=pool)  # All threads may share one client.
    # Closed when the process ends. teardown_appcontext runs after each request, and would close it far too often.
    atexit.register(pool.close)
    app.add_url_rule("/", view_func=views)
    return app


def views():
    return {"views": current_app.extensions["redis"].incr("views")}
