"""A consumer waits with a client of its own; the rest has another."""

import os
import threading

import redis

port = int(os.environ["PORT"])
r = redis.Redis(port=port)
consumer = redis.Redis(port=port, socket_timeout=None)
thread = threading.Thread(target=lambda: consumer.blpop("orders", timeout=5))
thread.start()
for _ in range(20):
    r.get("key")
r.rpush("orders", "soup")
thread.join()
