"""MONITOR listens on the pool of the program, and takes its last connection."""

import os

import redis

pool = redis.ConnectionPool(port=int(os.environ["PORT"]), max_connections=1)
r = redis.Redis(connection_pool=pool)
with r.monitor() as monitor:  # monitor-kept
    try:
        r.get("key")  # exhausted
    except redis.MaxConnectionsError:
        os._exit(0)  # As a program ends that is killed while it listens.
