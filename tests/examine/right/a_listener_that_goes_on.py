"""A program ends while its listener still listens: that is what listeners do."""

import os
import threading

import redis

r = redis.Redis(port=int(os.environ["PORT"]))
news = r.pubsub()
news.subscribe(**{"news": print})
thread = news.run_in_thread(sleep_time=0.05, daemon=True)
for _ in range(10):
    r.get("key")
    threading.Event().wait(0.02)
