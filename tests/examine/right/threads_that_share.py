"""Twenty threads share a client on a blocking pool of four."""

import os
import threading

import redis

pool = redis.BlockingConnectionPool(port=int(os.environ["PORT"]), max_connections=4)
r = redis.Redis(connection_pool=pool)
threads = [threading.Thread(target=lambda: [r.incr("views") for _ in range(50)]) for _ in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
pool.close()
