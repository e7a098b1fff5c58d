"""docs/docs_say.md: what it calls measured is measured here, and each of its sections has the same three parts."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import redis.asyncio

from tests.waiting import eventually
from tutorial_lib.servers.fake import FakeServer

PAGE = (Path(__file__).parent.parent / "docs" / "docs_say.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"(?ms)^### (.+?)\n\n(.+?)(?=^#|^---)", PAGE))


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture
def pool(server: FakeServer) -> Iterator[redis.ConnectionPool]:
    with redis.ConnectionPool(host=server.host, port=server.port) as pool:
        yield pool


def test_each_section_says_measures_and_leads_to_a_lesson() -> None:
    for heading, text in SECTIONS.items():
        parts = re.findall(r"(?m)^- \*\*(Says|Measured|Run it):\*\*", text)
        assert parts == ["Says", "Measured", "Run it"], heading
        assert re.search(r"(?:January|February|March|April|May|June|July|August)\s+2026|undated|\d\.\d\.\d", text), (
            heading
        )
        lesson = text.partition("**Run it:**")[2]
        assert re.search(r"\]\(\.\./notebooks/\d\d_.+\.ipynb#.+\)", lesson), heading


def test_a_new_pool_has_no_connection(server: FakeServer, pool: redis.ConnectionPool) -> None:
    assert server.opened() == 0
    assert "**Measured:** none." in SECTIONS["How many connections does a new pool have?"]


def test_three_commands_of_a_plain_client_open_one_connection(server: FakeServer) -> None:
    r = redis.Redis(host=server.host, port=server.port)
    r.ping()
    r.set("greeting", "hello")
    r.get("greeting")
    assert server.opened() == 1


def test_a_client_for_each_call_opens_a_connection_for_each(server: FakeServer) -> None:
    async def call() -> None:
        async with redis.asyncio.from_url(server.url) as r:  # type: ignore[no-untyped-call]
            await r.get("greeting")

    async def calls() -> None:
        for _ in range(20):
            await call()

    asyncio.run(calls())
    assert server.opened() == 20


def test_a_pool_without_a_limit_raises_at_the_101st_caller(server: FakeServer, pool: redis.ConnectionPool) -> None:
    borrowed = [pool.get_connection() for _ in range(100)]
    with pytest.raises(redis.exceptions.MaxConnectionsError, match=r"^Too many connections$"):
        pool.get_connection()
    for connection in borrowed:
        pool.release(connection)
    assert redis.BlockingConnectionPool().max_connections == 50


def test_closing_a_client_on_a_shared_pool_closes_nothing(server: FakeServer, pool: redis.ConnectionPool) -> None:
    async def with_asyncio() -> int:
        shared = redis.asyncio.ConnectionPool(host=server.host, port=server.port)
        r = redis.asyncio.Redis(connection_pool=shared)
        await r.ping()
        await r.aclose()
        await redis.asyncio.Redis(connection_pool=shared).ping()
        await shared.aclose()
        return server.opened()

    assert asyncio.run(with_asyncio()) == 1
    with redis.Redis(connection_pool=pool) as r:
        r.ping()
    redis.Redis(connection_pool=pool).ping()
    assert server.opened() == 2


def test_closing_one_client_from_from_pool_ends_what_another_waits_for(
    server: FakeServer, pool: redis.ConnectionPool
) -> None:
    r1, r2 = redis.Redis.from_pool(pool), redis.Redis.from_pool(pool)
    errors: list[Exception] = []

    def wait_for_a_job() -> None:
        try:
            r2.blpop(["jobs"], timeout=60)
        except Exception as error:
            errors.append(error)

    waiting = threading.Thread(target=wait_for_a_job)
    waiting.start()
    assert eventually(lambda: server.commands()["BLPOP"])
    r1.close()
    waiting.join()
    assert len(errors) == 1


def test_select_exists(pool: redis.ConnectionPool) -> None:
    assert redis.Redis(connection_pool=pool).select(3)


def test_false_in_a_url_turns_decoding_on(server: FakeServer) -> None:
    with redis.ConnectionPool.from_url(f"{server.url}?decode_responses=False&socket_keepalive=False") as pool:
        r = redis.Redis(connection_pool=pool)
        r.set("greeting", "hello")
        assert r.get("greeting") == "hello"
        assert pool.connection_kwargs["socket_keepalive"] is False


def test_retries_and_timeouts() -> None:
    by_host, by_url = redis.Redis(host="127.0.0.1"), redis.Redis.from_url("redis://127.0.0.1")
    assert by_host.get_retry().get_retries() == 10  # type: ignore[union-attr]
    assert by_url.get_retry() is None
    assert redis.Redis(connection_pool=redis.ConnectionPool()).get_retry() is None
    connection = redis.ConnectionPool().make_connection()
    assert (connection.socket_connect_timeout, connection.socket_timeout) == (5, 5)
    assert not issubclass(redis.TimeoutError, redis.ConnectionError)


def test_what_opentelemetry_is_told_of() -> None:
    done = subprocess.run([sys.executable, "-c", OPENTELEMETRY], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [
        "refused-changed-nothing",
        "waited-changed-nothing",
        "idle-4",
        "no-timeouts",
        "used--100",
    ], done.stdout + done.stderr


# In a process of its own, because the provider of a process can be set only once.
OPENTELEMETRY = """
import asyncio

import redis
import redis.asyncio
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from redis.observability import MetricGroup, OTelConfig, get_observability_instance
from tutorial_lib.servers.fake import FakeServer

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
get_observability_instance().init(OTelConfig(metric_groups=list(MetricGroup)))


def reported():
    found = {}
    for resource in reader.get_metrics_data().resource_metrics:
        for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
            for point in metric.data.data_points:
                key = metric.name, point.attributes.get("db.client.connection.state")
                found[key] = found.get(key, 0) + getattr(point, "value", getattr(point, "count", 0))
    return found


def ask_and_fail(pool, times):
    held = [pool.get_connection() for _ in range(pool.max_connections)]
    before = reported()
    for _ in range(times):
        try:
            redis.Redis(connection_pool=pool).get("greeting")
        except redis.ConnectionError:
            pass
        else:
            raise AssertionError("not exhausted")
    unchanged = reported() == before
    for connection in held:
        pool.release(connection)
    return unchanged


async def ping_a_hundred_times(at):
    blocking = redis.asyncio.BlockingConnectionPool(**at)
    for _ in range(100):
        await redis.asyncio.Redis(connection_pool=blocking).ping()
    await blocking.aclose()


with FakeServer() as server:
    at = {"host": server.host, "port": server.port}
    plain = redis.ConnectionPool(**at, max_connections=4)
    print("refused-changed-nothing" if ask_and_fail(plain, 5) else "changed")
    blocking = redis.BlockingConnectionPool(**at, max_connections=1, timeout=0.01)
    print("waited-changed-nothing" if ask_and_fail(blocking, 3) else "changed")
    idle = "db.client.connection.count", "idle"
    before = reported()[idle]
    plain.disconnect()
    print(f"idle-{reported()[idle] - 1}" if reported()[idle] == before else "fell")
    print("no-timeouts" if not [name for name, _ in reported() if name.endswith("timeouts")] else "timeouts")
    used = reported()[("db.client.connection.count", "used")]
    asyncio.run(ping_a_hundred_times(at))
    print(f"used-{reported()[('db.client.connection.count', 'used')] - used}")
"""
