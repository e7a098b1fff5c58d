"""A WSGI app that creates a client for each request, as many first versions do. Served by ``gunicorn``."""

import os

import redis


def app(environ, start_response):
    r = redis.Redis(port=int(os.environ["PORT"]))  # client-per-call
    views = r.incr("views")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{views} views in {os.getpid()}\n".encode()]
