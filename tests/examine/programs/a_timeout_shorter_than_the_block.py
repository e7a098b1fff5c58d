"""socket_timeout is shorter than BLPOP waits, and retries send it again."""

import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

r = redis.Redis(port=int(os.environ["PORT"]), socket_timeout=0.2, retry=Retry(NoBackoff(), 2))
try:
    r.blpop("orders", timeout=2)  # timeout-shorter-than-block
except redis.TimeoutError:
    pass
