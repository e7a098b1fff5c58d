"""The limit is said in the URL and as an argument."""

import os

import redis

url = f"redis://127.0.0.1:{os.environ['PORT']}/0?max_connections=20"
r = redis.Redis.from_url(url, max_connections=5)  # url-beats-keyword
r.get("key")
