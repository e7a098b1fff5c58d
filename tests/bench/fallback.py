"""What the relay adds to fakeredis's own TCP server: the same work on both, in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import redis
from fakeredis import TcpFakeServer

from tests.bench.row import Row, at_least, interleaved
from tutorial_lib.servers.fake import FakeServer


def seconds(work: Callable[[], object]) -> float:
    """Run ``work`` and return how long it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_connection(port: int) -> Callable[[], object]:
    client = redis.Redis(port=port)
    client.set("key", "value")
    return lambda: [client.get("key") for _ in range(500)]


def one_pipeline(port: int) -> Callable[[], object]:
    pipeline = redis.Redis(port=port).pipeline(transaction=False)
    return lambda: [pipeline.get("key") for _ in range(1000)] and pipeline.execute()


def fresh_clients(port: int) -> Callable[[], object]:
    def work() -> None:
        for _ in range(30):
            with redis.Redis(port=port) as client:
                client.get("key")

    return work


def eight_threads(port: int) -> Callable[[], object]:
    client = redis.Redis(connection_pool=redis.ConnectionPool(port=port, max_connections=8))

    def work() -> None:
        threads = [threading.Thread(target=lambda: [client.get("key") for _ in range(100)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return work


def rows() -> list[Row]:
    table = []
    plain = TcpFakeServer(("127.0.0.1", 0))
    plain.daemon_threads = True
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    with FakeServer() as ours:
        for workload in (one_connection, one_pipeline, fresh_clients, eight_threads):
            on_plain, on_ours = workload(plain.server_address[1]), workload(ours.port)
            _, _, speed = interleaved(lambda: seconds(on_plain), lambda: seconds(on_ours), rounds=15)  # noqa: B023
            table.append(at_least(f"fallback / plain TcpFakeServer, {workload.__name__.replace('_', ' ')}", speed, 0.6))
    plain.shutdown()
    return table
