"""Django with django-redis, which has one pool in each process by itself.

Start:    gunicorn --workers 2 --threads 4 django_redis_app:application
Run with: redis-py 8.1, Django 5.2, django-redis 7.0, gunicorn 23.0
"""

import os

from django.conf import settings
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from redis.backoff import EqualJitterBackoff
from redis.retry import Retry

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": URL,
        "OPTIONS": {
            "CONNECTION_POOL_CLASS": "redis.BlockingConnectionPool",
            # For the pool. In REDIS_CLIENT_KWARGS they would be ignored, since the client gets a pool that is ready.
            "CONNECTION_POOL_KWARGS": {
                "max_connections": 4,  # as many as the worker has threads, so that none of them ever waits
                "timeout": 1,  # the wait for a free connection
                "retry": Retry(EqualJitterBackoff(base=0.1, cap=0.2), 1),  # a pool has none by itself
                "client_name": "django-redis",
            },
        },
    }
}
settings.configure(CACHES=CACHES, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])


def views(request):
    cache.add("views", 0)
    return JsonResponse({"views": cache.incr("views")})


urlpatterns = [path("", views)]
application = get_wsgi_application()
# One command when the worker starts: it creates the pool. Two threads whose first requests come at the same moment
# could create one each. DJANGO_REDIS_CLOSE_CONNECTION stays off: it would close the pool after each request.
cache.get("views")
