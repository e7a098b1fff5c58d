"""Workers that create their client after the fork."""

import os
import sys

import redis


def serve():
    r = redis.Redis(port=int(os.environ["PORT"]))
    for _ in range(10):
        r.incr("views")


for _ in range(3):
    if os.fork() == 0:
        serve()
        sys.exit()
for _ in range(3):
    os.wait()
