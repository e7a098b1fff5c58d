"""A recording leaves no trace at its pool, and what cannot be recorded is told."""

from __future__ import annotations

import contextlib
import gc
import inspect
import os
import signal
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from tests.fake_connections import FakeConnection
from tests.pools.test_recording import BOTH, in_thread, pool_of
from tutorial_lib.errors import BadSetting
from tutorial_lib.pools.recording import record
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.pools.tap import Tap

# -- it leaves no trace


@BOTH
def test_the_pool_is_afterwards_exactly_as_it_was(kind: type[redis.ConnectionPool]) -> None:
    pool = pool_of(2, kind)
    before = dict(vars(pool))
    with record(pool):
        assert vars(pool).keys() - before.keys() == {"get_connection", "release"}
    assert vars(pool) == before


def test_also_after_an_exception() -> None:
    pool = pool_of(2)
    before = dict(vars(pool))
    with pytest.raises(ZeroDivisionError), record(pool):
        _ = 1 / 0
    assert vars(pool) == before


def test_also_when_two_pools_are_recorded_one_within_the_other() -> None:
    outer_pool, inner_pool = pool_of(2), pool_of(2)
    before = set(vars(outer_pool)), set(vars(inner_pool))
    with record(outer_pool) as outer:
        with record(inner_pool) as inner:
            outer_pool.release(outer_pool.get_connection())
        inner_pool.release(inner_pool.get_connection())
    assert (outer.borrowed, inner.borrowed) == (1, 0)
    assert (set(vars(outer_pool)), set(vars(inner_pool))) == before


def test_what_somebody_put_on_the_pool_before_is_called_and_put_back() -> None:
    pool = pool_of(2)
    calls = []
    own, borrowed = pool.get_connection, []

    def counting() -> object:
        calls.append(1)
        borrowed.append(own())
        return borrowed[-1]

    pool.get_connection = counting
    with record(pool) as recording:
        pool.release(pool.get_connection())
    assert pool.get_connection is counting
    assert (len(calls), recording.borrowed) == (1, 1)


def test_what_somebody_put_on_the_pool_meanwhile_stays() -> None:
    pool = pool_of(2)
    with record(pool):
        covered = pool.get_connection
        pool.get_connection = later = lambda: covered()
    assert pool.get_connection is later
    pool.release(pool.get_connection())
    assert snapshot(pool).in_use == 0


def test_a_recording_keeps_its_pool_no_longer_alive_than_it_lived() -> None:
    pool = pool_of(2, protocol=2)
    gone = weakref.ref(pool)
    with record(pool) as recording:
        pool.release(pool.get_connection())
        del pool
        gc.collect()
        assert gone() is None
    assert recording.borrowed == 1


def test_the_signature_and_its_deprecated_arguments_stay() -> None:
    pool = pool_of(2)
    plain = inspect.signature(pool.get_connection)
    with record(pool):
        assert inspect.signature(pool.get_connection) == plain
        with pytest.warns(DeprecationWarning, match="deprecated usage of input argument"):
            pool.release(pool.get_connection("GET"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_may_go_on_using_the_pool() -> None:
    pool = pool_of(1)
    with record(pool):
        child = os.fork()
        if child == 0:
            pool.release(pool.get_connection())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_also_one_that_was_forked_while_another_thread_was_being_refused() -> None:
    pool = pool_of(1)
    forked, in_the_middle = threading.Event(), threading.Event()

    def keep_the_lock() -> None:
        with Tap.lock:
            in_the_middle.set()
            forked.wait(10)

    with record(pool):
        pool.get_connection()
        keeper = in_thread(keep_the_lock)
        assert in_the_middle.wait(10)
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # What hangs is ended.
            pool.get_connection()  # In a child the pool begins anew.
            with contextlib.suppress(redis.MaxConnectionsError):
                pool.get_connection()
            os._exit(0)
        forked.set()
        keeper.join()
        assert os.waitpid(child, 0)[1] == 0


# -- bad input


def test_a_pool_may_be_recorded_twice_at_once_and_each_hears_its_own_time() -> None:
    pool = pool_of(2)
    with record(pool) as outer:
        pool.release(pool.get_connection())
        with record(pool) as inner:
            pool.release(pool.get_connection())
            kept = pool.get_connection()
        pool.release(kept)
    assert (outer.borrowed, inner.borrowed) == (3, 2)
    assert [lease.outcome for lease in inner.leases] == ["returned", "still held"]
    assert outer.still_held() == []
    assert "get_connection" not in vars(pool)


def test_of_many_who_begin_and_end_at_once_each_hears_all_and_the_pool_is_left_as_it_was() -> None:
    pool = pool_of(2)
    before = set(vars(pool))
    all_ready, all_listen, all_done = (threading.Barrier(8) for _ in range(3))

    def attempt() -> int:
        all_ready.wait(timeout=10)
        with record(pool) as recording:
            if all_listen.wait(timeout=10) == 0:
                pool.release(pool.get_connection())
            all_done.wait(timeout=10)
        return recording.borrowed

    with ThreadPoolExecutor(8) as threads:
        assert [future.result(timeout=20) for future in [threads.submit(attempt) for _ in range(8)]] == [1] * 8
    assert set(vars(pool)) == before


def test_a_recording_is_made_once() -> None:
    recording = record(pool_of(2))
    with recording:
        pass
    with pytest.raises(BadSetting, match=r"over\. Make another"), recording:
        pass


def test_a_client_is_no_pool() -> None:
    with pytest.raises(BadSetting, match=r"give client\.connection_pool"):
        record(redis.Redis())  # type: ignore[arg-type]


def test_a_pool_without_attributes_of_its_own_is_told_so() -> None:
    class Tight:
        __slots__ = ()
        max_connections = 1

        def get_connection(self) -> None: ...

        def release(self, connection: object) -> None: ...

        def get_connection_count(self) -> list[tuple[int, dict[str, str]]]:
            return [(0, {}), (0, {})]

    with pytest.raises(BadSetting, match="Tight cannot be listened to"), record(Tight()):  # type: ignore[arg-type]
        pass


# -- beside what else happens to a pool


def test_a_connection_comes_back_although_the_recording_ends_in_that_moment() -> None:
    class EndsIt(FakeConnection):
        @property
        def _sock(self) -> object:  # What a recording looks at when the connection is returned.
            if over:
                recording.__exit__(None, None, None)
            return self

    over: list[bool] = []
    pool: Any = redis.ConnectionPool(connection_class=EndsIt)
    recording = record(pool).__enter__()
    connection = pool.get_connection()
    over.append(True)
    pool.release(connection)
    assert (snapshot(pool).in_use, snapshot(pool).idle) == (0, 1)


def test_the_methods_of_another_pool_are_put_back() -> None:
    pool, other = pool_of(2), pool_of(2)
    pool.get_connection, pool.release = other.get_connection, other.release  # type: ignore[method-assign]
    with record(pool) as recording:
        connection = pool.get_connection()
        assert snapshot(other).in_use == 1
        pool.release(connection)
    assert recording.borrowed == 1
    assert (snapshot(pool).in_use, snapshot(other).in_use) == (0, 0)
    assert (pool.get_connection, pool.release) == (other.get_connection, other.release)


def test_a_pool_that_refuses_to_be_changed_is_recorded_all_the_same() -> None:
    class Strict(redis.ConnectionPool):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "release":
                raise AttributeError(name)
            super().__setattr__(name, value)

        def __delattr__(self, name: str) -> None:
            raise AttributeError(name)

    pool: Any = Strict(connection_class=FakeConnection)
    before = dict(vars(pool))
    with record(pool) as recording:
        pool.release(pool.get_connection())
    assert recording.borrowed == 1
    assert vars(pool).keys() == before.keys()
