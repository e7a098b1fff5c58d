"""decode_responses=False in a URL."""

import os

import redis

url = f"redis://127.0.0.1:{os.environ['PORT']}?decode_responses=False"
pool = redis.ConnectionPool.from_url(url)  # url-decode-false
redis.Redis(connection_pool=pool).get("key")
