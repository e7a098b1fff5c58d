"""decode_responses=False in a URL."""

import os

import redis

pool = redis.ConnectionPool.from_url(f"redis://127.0.0.1:{os.environ['PORT']}?decode_responses=False")  # url-decode-false
redis.Redis(connection_pool=pool).get("key")
