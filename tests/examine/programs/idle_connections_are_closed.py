"""Something on the way closes connections that are idle, and each time the next command opens a new one."""

import os

import redis

port = int(os.environ["PORT"])
r = redis.Redis(port=port)
gateway = redis.Redis(port=port, db=1)
for _ in range(4):
    r.get("key")  # stale-reconnects
    gateway.client_kill_filter(skipme=True, _type="normal")
