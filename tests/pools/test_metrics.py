"""What redis-py reports to OpenTelemetry is kept here as a process knows it: turned on once, and for good."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import redis

from tutorial_lib.pools.metrics import watch_metrics
from tutorial_lib.servers.fake import FakeServer

with FakeServer() as server:
    pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=2)
    r = redis.Redis(connection_pool=pool)
    metrics = watch_metrics()
    print(metrics)
    r.set("greeting", "hello")
    print(metrics.of(pool))
    other = redis.ConnectionPool(host=server.host, port=server.port)
    before = metrics.of(pool)
    redis.Redis(connection_pool=other).ping()
    print(metrics.changes(pool, before))
    try:
        r.incr("greeting")
    except redis.ResponseError:
        print(metrics.changes(pool, before))
    print(metrics.changes(pool, before) == watch_metrics().changes(pool, before))
"""


def printed_by(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert not done.stderr
    return done.stdout.splitlines()


def test_it_tells_of_one_pool_and_of_errors_since_it_was_asked() -> None:
    count = "'db.client.connection.count idle': 1, 'db.client.connection.count used': 0"
    assert printed_by(PROGRAM) == [
        "redis-py reports all its metrics to this notebook.",
        f"{{{count}, 'db.client.connection.create_time count': 1}}",
        "nothing",
        "{'redis.client.errors': 1}",
        "False",  # The second watch_metrics() counts errors from 0.
    ]


def test_without_the_sdk_it_says_so_and_measures_nothing() -> None:
    without = "import sys; sys.modules['opentelemetry.sdk.metrics'] = None\n"
    said = printed_by(without + PROGRAM)
    assert said[0].startswith("opentelemetry-sdk is not installed, so redis-py reports nothing. Install it with")
    assert said[1:] == ["{}", *["not measured: opentelemetry-sdk is not installed"] * 2, "True"]
