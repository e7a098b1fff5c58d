"""Django with its built-in Redis cache, and one pool in each process instead of one for each thread and task.

Start:    gunicorn --workers 2 --threads 4 django_cache:application
Run with: redis-py 8.1, Django 5.2, gunicorn 23.0
"""

import os
import threading

import redis
from django.conf import settings
from django.core.cache import caches
from django.core.handlers.asgi import ASGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from redis.backoff import EqualJitterBackoff
from redis.retry import Retry

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")
BUILT_IN = "django.core.cache.backends.redis.RedisCache"


class OnePool(redis.BlockingConnectionPool):
    """Django calls from_url() in each thread and in each asyncio task. This one returns the same pool each time."""

    lock, pools = threading.Lock(), {}

    @classmethod
    def from_url(cls, url, **options):
        with cls.lock:
            if url not in cls.pools:
                retry = Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1)  # a pool has none by itself
                cls.pools[url] = super().from_url(url, retry=retry, **options)
            return cls.pools[url]


CACHES = {
    "default": {
        "BACKEND": BUILT_IN,
        "LOCATION": URL,
        # In a settings.py, pool_class is the class's dotted path. The other options go to the pool.
        "OPTIONS": {"pool_class": OnePool, "max_connections": 4, "timeout": 1, "client_name": "django"},
    },
    # As Django does it by itself, to compare. Under WSGI the number of threads is the bound. Under ASGI there is none:
    # each request is a task of its own, and opens a connection of its own.
    "as_it_comes": {"BACKEND": BUILT_IN, "LOCATION": URL, "OPTIONS": {"client_name": "as-it-comes"}},
}
settings.configure(CACHES=CACHES, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])


def views(request, alias):
    caches[alias].add("views", 0)
    return JsonResponse({"views": caches[alias].incr("views")})


urlpatterns = [path("", views, {"alias": "default"}), path("as-it-comes", views, {"alias": "as_it_comes"})]
application = get_wsgi_application()
asgi = ASGIHandler()  # uvicorn django_cache:asgi
# Django closes no pool. The connections are closed when the process ends.
