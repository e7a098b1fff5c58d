"""Eight threads share two connections. Each gets one in the end, but waits long."""

import os
import threading

import redis

pool = redis.BlockingConnectionPool(port=int(os.environ["PORT"]), max_connections=2, timeout=30)
r = redis.Redis(connection_pool=pool)


def work():
    for _ in range(5):
        r.blpop("jobs", timeout=0.1)  # pool-waits


threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
