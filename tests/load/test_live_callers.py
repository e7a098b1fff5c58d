"""Callers that go on until they are stopped: they follow a new pool, and nothing of them or of an old pool is left.

The same for threads and for asyncio tasks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.load.fakes import AnsweringAsyncConnection, AnsweringConnection
from tests.waiting import eventually
from tutorial_lib.load.live_callers import LiveCallers
from tutorial_lib.load.live_counts import LiveCounts
from tutorial_lib.load.live_tasks import LOOP, LiveTasks
from tutorial_lib.pools.anatomy import connections_of
from tutorial_lib.pools.cover import tap_of
from tutorial_lib.pools.snapshot import PoolSnapshot, snapshot

LONG = 60.0
"""A hold that no test lives to see the end of."""

Make = Callable[..., Any]


class Silent(AnsweringConnection):
    def read_response(self, *args: Any, **options: Any) -> bytes:
        raise redis.TimeoutError("Timeout reading from socket")


class SilentAsync(AnsweringAsyncConnection):
    async def read_response(self, *args: Any, **options: Any) -> bytes:
        raise redis.TimeoutError("Timeout reading from socket")


@dataclass(frozen=True)
class Kind:
    """Threads or tasks, and the pools that they come to."""

    callers: Any
    classes: Any
    answering: Any
    silent: Any

    def plain(self, limit: int, connection_class: Any = None) -> Any:
        return self.classes.ConnectionPool(connection_class=connection_class or self.answering, max_connections=limit)

    def blocking(self, limit: int, timeout: float) -> Any:
        return self.classes.BlockingConnectionPool(
            connection_class=self.answering, max_connections=limit, timeout=timeout
        )

    def pool(self, limit: int, waits: bool) -> Any:
        return self.blocking(limit, LONG) if waits else self.plain(limit)


KINDS = {
    "threads": Kind(LiveCallers, redis, AnsweringConnection, Silent),
    "tasks": Kind(LiveTasks, redis.asyncio, AnsweringAsyncConnection, SilentAsync),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def counts() -> LiveCounts:
    return LiveCounts()


@pytest.fixture
def make(kind: Kind, counts: LiveCounts) -> Iterator[Make]:
    made: list[Any] = []

    def make(pool: Any, number: int, hold: float = 0.0) -> Any:
        callers = kind.callers(counts, think=0.002)
        made.append(callers)
        callers.hold = hold
        callers.use(pool)
        callers.resize(number)
        callers.start()
        return callers

    yield make
    for callers in made:
        callers.stop()
        assert eventually(lambda callers=callers: callers.present == 0)
        callers.use(None)
    assert eventually(lambda: LOOP not in {thread.name for thread in threading.enumerate()})


def is_left(pool: Any) -> bool:
    """Nobody has a connection of it, none is open, and nobody listens."""
    connections = connections_of(pool) or []
    return tap_of(pool) is None and not any(one.in_use for one in connections) and not any(is_open(pool))


def is_open(pool: Any) -> list[bool]:
    if isinstance(pool, redis.BlockingConnectionPool):
        return [connection.is_open for connection in pool._connections]
    return [connection.is_open for connection in [*pool._available_connections, *pool._in_use_connections]]


def test_they_come_again_and_again_and_are_counted(kind: Kind, make: Make, counts: LiveCounts) -> None:
    make(kind.plain(3), number=3)

    assert eventually(lambda: counts.now().done >= 30)
    now = counts.now()
    assert (now.waited, now.refused, now.timed_out, now.failed) == (0, 0, 0, 0)


def test_at_its_limit_a_plain_pool_refuses_and_they_come_again(kind: Kind, make: Make, counts: LiveCounts) -> None:
    pool = kind.plain(2)
    make(pool, number=5, hold=LONG)

    assert eventually(lambda: counts.now().refused >= 20)
    assert snapshot(pool) == PoolSnapshot(in_use=2, idle=0, limit=2)
    assert (counts.now().done, counts.now().waited) == (0, 0)
    assert counts.now().last_error == "MaxConnectionsError: Too many connections"


def test_a_pool_that_waits_is_waited_for_until_the_timeout(kind: Kind, make: Make, counts: LiveCounts) -> None:
    make(kind.blocking(1, timeout=0.01), number=3, hold=LONG)

    assert eventually(lambda: counts.now().timed_out >= 3)
    now = counts.now()
    assert now.refused == 0
    assert now.last_error == "ConnectionError: No connection available."
    assert now.waited >= now.timed_out
    assert now.waits is not None
    assert now.waits.longest >= 0.01


def test_a_command_that_fails_is_counted_and_its_connection_closed(kind: Kind, make: Make, counts: LiveCounts) -> None:
    closed = []

    class Silent(kind.silent):  # type: ignore[misc, name-defined]
        def disconnect(self, *args: object) -> Any:
            closed.append(self)
            return super().disconnect(*args)

    make(kind.plain(1, Silent), number=1)

    assert eventually(lambda: counts.now().failed >= 2)
    assert counts.now().last_error == "TimeoutError: Timeout reading from socket"
    assert eventually(lambda: len(closed) >= 2)


def test_a_connection_that_cannot_be_opened_is_counted_as_failed(kind: Kind, make: Make, counts: LiveCounts) -> None:
    broken = type("Broken", (kind.answering,), {"broken": True})
    make(kind.plain(1, broken), number=2)

    assert eventually(lambda: counts.now().failed >= 4)
    assert counts.now().last_error == "ConnectionError: nobody listens there"


@pytest.mark.parametrize("waits", [False, True])
def test_with_a_new_pool_nobody_stays_at_the_old_one(kind: Kind, make: Make, waits: bool) -> None:
    """Those who hold do not hold to the end, and those who wait do not wait for it."""
    old, new = kind.pool(2, waits), kind.pool(4, waits)
    callers = make(old, number=6, hold=LONG)
    assert eventually(lambda: snapshot(old).in_use == 2)
    callers.use(new)

    assert eventually(lambda: snapshot(new).in_use == 4)
    assert eventually(lambda: is_left(old))
    assert callers.present == 6


def test_a_storm_of_pools_leaves_only_the_last(kind: Kind, make: Make) -> None:
    pools = [kind.plain(3) for _ in range(300)]
    callers = make(pools[0], number=4, hold=LONG)
    for pool in pools[1:]:
        callers.use(pool)

    assert eventually(lambda: snapshot(pools[-1]).in_use == 3)
    assert eventually(lambda: all(map(is_left, pools[:-1])))
    assert callers.present == 4


def test_an_old_pool_that_nobody_used_is_closed_at_once(kind: Kind, make: Make) -> None:
    old = kind.plain(2)
    callers = make(old, number=1, hold=LONG)
    assert eventually(lambda: snapshot(old).in_use == 1)
    callers.stop()
    assert eventually(lambda: callers.present == 0)
    assert is_open(old) == [True], "a pool keeps its connections while nobody comes"
    callers.use(kind.plain(2))
    assert is_left(old)


@pytest.mark.parametrize("waits", [False, True])
def test_stop_ends_every_thread_and_nothing_is_in_use(kind: Kind, make: Make, counts: LiveCounts, waits: bool) -> None:
    pool = kind.pool(2, waits)
    callers = make(pool, number=5, hold=LONG)
    assert eventually(lambda: snapshot(pool).in_use == 2)
    callers.stop()

    assert eventually(lambda: callers.present == 0)
    assert snapshot(pool) == PoolSnapshot(in_use=0, idle=2, limit=2)
    assert counts.now().done == 0, "who is stopped sends no command any more"


def test_started_twice_and_stopped_twice(kind: Kind, make: Make) -> None:
    pool = kind.plain(3)
    callers = make(pool, number=3, hold=LONG)
    for _ in range(20):
        callers.start()
        callers.stop()
        callers.stop()
        callers.start()

    assert callers.present == 3
    assert eventually(lambda: snapshot(pool).in_use == 3)


def test_more_callers_and_fewer(kind: Kind, make: Make) -> None:
    callers = make(kind.plain(9), number=2)
    callers.resize(7)
    assert callers.present == 7
    callers.resize(1)
    assert eventually(lambda: callers.present == 1)
    callers.resize(4)
    assert callers.present == 4
    one_by_one = callers._tasks.values() if kind is KINDS["tasks"] else callers._threads.values()
    names = {one.get_name() if kind is KINDS["tasks"] else one.name for one in one_by_one}
    assert names == {"caller 1", "caller 2", "caller 3", "caller 4"}


def test_without_a_pool_they_wait_for_one(kind: Kind, make: Make, counts: LiveCounts) -> None:
    callers = make(kind.plain(2), number=2)
    callers.use(None)
    callers.use(kind.plain(2))
    done = counts.now().done
    assert eventually(lambda: counts.now().done > done)
