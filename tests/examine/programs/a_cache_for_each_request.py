"""Django's own Redis cache where each request has a thread of its own, as under runserver: a pool for each request."""

import os
import threading

from django.conf import settings
from django.core.cache import cache

LOCATION = f"redis://127.0.0.1:{os.environ['PORT']}"
settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": LOCATION}})


def request():
    cache.get("views")  # pool-per-thread


for _ in range(30):
    thread = threading.Thread(target=request)
    thread.start()
    thread.join()
