"""A listener unsubscribes and is not closed."""

import os

import redis

r = redis.Redis(port=int(os.environ["PORT"]))
news = r.pubsub()
news.subscribe("news")  # pubsub-kept
news.get_message(timeout=1)
news.unsubscribe()
news.get_message(timeout=1)
