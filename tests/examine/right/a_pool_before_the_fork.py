"""A pool with an idle connection is inherited: redis-py notices and opens new ones."""

import os
import sys

import redis

r = redis.Redis(port=int(os.environ["PORT"]))
r.get("key")
if os.fork() == 0:
    r.get("key")
    sys.exit()
os.wait()
r.get("key")
