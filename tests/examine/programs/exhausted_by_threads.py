"""Ten threads use a plain pool of four at once."""

import os
import threading

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=4)
together = threading.Barrier(10)


def request():
    together.wait()
    try:
        redis.Redis(connection_pool=pool).blpop("nothing", timeout=1)  # exhausted
    except redis.MaxConnectionsError:
        pass


threads = [threading.Thread(target=request) for _ in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
