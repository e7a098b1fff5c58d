"""A listener with a client of its own, closed at the end."""

import os

import redis

port = int(os.environ["PORT"])
r = redis.Redis(port=port)
listener = redis.Redis(port=port, socket_timeout=None)
with listener.pubsub() as news:
    news.subscribe("news")
    news.get_message(timeout=1)
    r.publish("news", "hello")
    news.get_message(timeout=1)
