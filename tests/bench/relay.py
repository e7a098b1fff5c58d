"""What the relay to a borrowed Redis costs: the same work directly and through it, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import redis

from tests.bench.row import Row, at_most, interleaved
from tests.redis_for_tests import owners_redis
from tutorial_lib.servers.borrowed import BorrowedServer

SECRET = "s3cr3t"


def seconds(work: Callable[[], object]) -> float:
    """Run ``work`` and return how long it took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(direct: Callable[[], object], relayed: Callable[[], object]) -> float:
    """Return how many times longer the relayed work takes."""
    return interleaved(lambda: seconds(relayed), lambda: seconds(direct))[2]


def pooled(client: redis.Redis) -> Callable[[], object]:
    return lambda: [client.get("greeting") for _ in range(300)]


def pipelined(client: redis.Redis) -> Callable[[], object]:
    pipeline = client.pipeline(transaction=False)
    return lambda: [pipeline.get("greeting") for _ in range(1000)] and pipeline.execute()


def fresh(port: int, password: str | None, db: int) -> Callable[[], object]:
    def work() -> None:
        for _ in range(20):
            with redis.Redis(port=port, password=password, db=db) as client:
                client.get("greeting")

    return work


def rows() -> Iterator[Row]:
    """Yield a row for each kind of work."""
    with (
        owners_redis(password=SECRET) as owner,
        BorrowedServer(f"redis://:{SECRET}@127.0.0.1:{owner.port}/3", keys=["greeting"]) as server,
        owner.client(3) as direct,
        redis.Redis(port=server.port) as relayed,
    ):
        direct.set("greeting", "hello")
        yield at_most("relay: GET on a pooled connection", compare(pooled(direct), pooled(relayed)), 4)
        yield at_most("relay: GET in pipelines of 1000", compare(pipelined(direct), pipelined(relayed)), 3)
        ours, theirs = fresh(owner.port, SECRET, 3), fresh(server.port, None, 0)
        yield at_most("relay: GET on a fresh connection each", compare(ours, theirs), 4)
