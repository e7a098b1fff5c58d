"""One part closes a from_pool client while another waits on the same pool."""

import os
import threading

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]))
r = redis.Redis(connection_pool=pool)


def kitchen():
    try:
        r.blpop("orders", timeout=2)
    except Exception:
        pass


waiting = threading.Thread(target=kitchen)
waiting.start()
while not pool._in_use_connections:
    pass
threading.Event().wait(0.2)
with redis.Redis.from_pool(pool) as part:  # closed-under-others
    part.get("key")
waiting.join()
