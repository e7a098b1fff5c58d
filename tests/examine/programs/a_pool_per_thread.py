"""Each thread of a server creates a client of its own."""

import os
import threading

import redis


def work():
    local = redis.Redis(port=int(os.environ["PORT"]))  # pool-per-thread
    local.get("key")
    kept.append(local)


kept = []
for _ in range(8):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
