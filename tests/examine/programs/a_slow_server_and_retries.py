"""Redis stands still for a moment, and the retries open connections that it does not answer either."""

import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

port = int(os.environ["PORT"])
r = redis.Redis(port=port, socket_timeout=0.1, retry=Retry(NoBackoff(), 4))
r.set("order", "paid")
redis.Redis(port=port, db=1).client_pause(600)
try:
    r.get("order")  # retried-timeouts
except redis.TimeoutError:
    pass
