"""Django's own Redis cache, in a server with four threads. It has a pool for each, which Django wants so."""

import os
import threading

from django.conf import settings
from django.core.cache import cache

LOCATION = f"redis://127.0.0.1:{os.environ['PORT']}"
settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": LOCATION}})


def serve():
    for number in range(20):
        cache.set("views", number)
        cache.get("views")


threads = [threading.Thread(target=serve) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
