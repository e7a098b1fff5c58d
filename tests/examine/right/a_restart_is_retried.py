"""A GET is retried: that is what retries are for."""

import os

import redis

port = int(os.environ["PORT"])
r = redis.Redis(port=port)
r.get("key")
redis.Redis(port=port, db=1).client_kill_filter(skipme=True, _type="normal")
r.get("key")
