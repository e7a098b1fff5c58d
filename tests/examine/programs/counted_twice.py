"""The reply to INCR does not come in time, and the retry counts again."""

import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

port = int(os.environ["PORT"])
r = redis.Redis(port=port, socket_timeout=0.2, retry=Retry(NoBackoff(), 3))
r.set("views", 0)
redis.Redis(port=port, db=1).client_pause(timeout=500)
r.incr("views")  # duplicated-write
