"""Redis holds writes back for a moment, and each SET is sent four times before its caller hears of it."""

import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

port = int(os.environ["PORT"])
owner = redis.Redis(port=port)
owner.client_pause(60_000, all=False)
r = redis.Redis(port=port, socket_timeout=0.1, retry=Retry(NoBackoff(), 3), db=1)
try:
    r.set("order", "paid")  # retried-timeouts
except redis.TimeoutError:
    pass
owner.client_unpause()
