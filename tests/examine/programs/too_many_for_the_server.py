"""Eight callers and a pool that allows it, but the server takes five clients."""

import os
import threading

import redis

# A small server: its maxclients is 5.
pool = redis.ConnectionPool(port=int(os.environ["SMALL_PORT"]), max_connections=8)


def consume():
    try:
        redis.Redis(connection_pool=pool).blpop("orders", timeout=1)  # over-maxclients
    except redis.ConnectionError:
        pass


threads = [threading.Thread(target=consume) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
