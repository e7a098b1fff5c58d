"""Callers begin together, each has its result in its place, and what is borrowed comes back."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.fake_connections import FakeConnection
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.callers import hold, run_threads
from tutorial_lib.pools.recording import record
from tutorial_lib.pools.snapshot import snapshot


def test_all_are_there_before_any_can_go_on() -> None:
    everybody = threading.Barrier(5)
    run_threads(5, lambda: everybody.wait(timeout=5))

    assert not everybody.broken


def test_each_result_is_in_its_caller_s_place() -> None:
    assert run_threads(3, lambda: threading.current_thread().name) == ["caller 1", "caller 2", "caller 3"]


def test_an_error_of_redis_stands_in_place_of_a_result() -> None:
    def refuse() -> None:
        raise redis.MaxConnectionsError("Too many connections")

    assert [str(error) for error in run_threads(2, refuse)] == ["Too many connections"] * 2


def test_a_mistake_is_raised_when_all_have_ended() -> None:
    ended = []

    def one_divides_by_zero() -> None:
        try:
            1 / (threading.current_thread().name != "caller 1")
        finally:
            ended.append(1)

    with pytest.raises(ZeroDivisionError):
        run_threads(3, one_divides_by_zero)
    assert len(ended) == 3


@pytest.mark.parametrize("number", [0, 501, 2.5, "3", True])
def test_a_number_that_is_none_is_told(number: int) -> None:
    with pytest.raises(BadSetting, match="number is"):
        run_threads(number, lambda: None)


@pytest.mark.parametrize("function", [None, "work", [print], 3])
def test_what_cannot_be_called_is_told(function: Any) -> None:
    with pytest.raises(BadSetting, match=r"function is .*Give a function to call"):
        run_threads(2, function)


def test_what_was_held_comes_back() -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection, max_connections=1)
    with record(pool) as recording:
        hold(pool, seconds=0.01)

    assert recording.leases[0].held >= 0.01
    assert snapshot(pool).in_use == 0


@pytest.mark.parametrize("seconds", [-1, "1", float("nan"), 1e12])
def test_a_time_that_is_none_is_told_and_nothing_is_borrowed(seconds: float) -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection, max_connections=1)
    with pytest.raises(BadSetting, match="seconds is"):
        hold(pool, seconds)
    assert snapshot(pool).in_use == 0


def test_an_interrupt_while_they_start_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    start, before = threading.Thread.start, threading.active_count()

    def start_two(thread: threading.Thread) -> None:
        if threading.active_count() == before + 2:
            raise KeyboardInterrupt
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    with pytest.raises(KeyboardInterrupt):
        run_threads(3, lambda: None)
    assert eventually(lambda: threading.active_count() == before)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (None, "not a connection pool but a NoneType"),
        (redis.Redis(), r"give client\.connection_pool"),
        (redis.asyncio.ConnectionPool(), "That is an asyncio pool, and the callers here are threads"),
        (redis.ConnectionPool, "Make a pool of it first"),
    ],
)
def test_only_a_pool_of_threads_can_be_held(wrong: Any, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        hold(wrong, 0)
