"""Two consumers wait in BLPOP on the pool that the web part uses as well."""

import os
import threading

import redis

pool = redis.BlockingConnectionPool(port=int(os.environ["PORT"]), max_connections=2, timeout=0.1)
r = redis.Redis(connection_pool=pool)
r.ping()


def consume():
    started.wait()
    r.blpop("orders", timeout=1)  # blocking-on-shared


started = threading.Barrier(3)
consumers = [threading.Thread(target=consume) for _ in range(2)]
for consumer in consumers:
    consumer.start()
started.wait()
threading.Event().wait(0.3)
try:
    r.get("key")  # pool-waits
except redis.ConnectionError:
    pass
for consumer in consumers:
    consumer.join()
