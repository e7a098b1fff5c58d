"""What each call spent at the pool, also if it is refused, keeps a connection, or uses a second thread."""

from __future__ import annotations

import threading
from itertools import count
from typing import Any

import numpy as np
import pytest
import redis

from tests.load.fakes import TurnedClock, borrower, plain_pool
from tests.waiting import eventually
from tutorial_lib.load import meter as meter_module
from tutorial_lib.load.meter import Meter
from tutorial_lib.load.run import run_load
from tutorial_lib.load.workload import Workload
from tutorial_lib.pools.cover import leave, listen

SOON = 10.0
"""How long a test waits for something that should happen at once."""


def slow_to_lend(clock: TurnedClock, seconds: float, limit: int = 4) -> redis.ConnectionPool:
    """A pool with which each caller waits for so long, even one who is refused."""
    pool = plain_pool(limit)
    pool.get_connection = lambda: (clock.pass_by(seconds), redis.ConnectionPool.get_connection(pool))[1]  # type: ignore
    return pool


def test_a_connection_that_a_call_keeps_is_held_until_that_call_ends() -> None:
    clock, calls = TurnedClock(), count()
    once = borrower(clock, 0.3)
    kept = []

    def work(client: redis.Redis) -> None:
        if next(calls) == 1:
            kept.append(client.connection_pool.get_connection())
            clock.pass_by(0.5)
        else:
            once(client)

    report = run_load(slow_to_lend(clock, 0.2), Workload(work, users=1, count=4), clock=clock)

    assert report.calls.waiting == pytest.approx([0.2] * 4), "no other call waited for the connection that was kept"
    assert report.calls.service == pytest.approx([0.3, 0.5, 0.3, 0.3])
    assert report.peak_in_use == 2


def test_a_connection_that_a_later_call_returns_is_not_held_by_that_call() -> None:
    clock, calls, kept = TurnedClock(), count(), []

    def work(client: redis.Redis) -> None:
        if next(calls) % 2 == 0:
            kept.append(client.connection_pool.get_connection())
            clock.pass_by(0.5)
        else:
            clock.pass_by(1.0)
            client.connection_pool.release(kept.pop())

    report = run_load(slow_to_lend(clock, 0.2), Workload(work, users=1, count=4), clock=clock)

    assert report.calls.waiting == pytest.approx([0.2, 0, 0.2, 0])
    assert report.calls.service == pytest.approx([0.5, 0, 0.5, 0])


def test_a_call_that_was_refused_once_and_then_served_has_waited_twice() -> None:
    clock = TurnedClock()
    pool = slow_to_lend(clock, 0.2, limit=1)
    once = borrower(clock, 0.3)

    def work(client: redis.Redis) -> None:
        taken = client.connection_pool.get_connection()
        with pytest.raises(redis.MaxConnectionsError):
            client.connection_pool.get_connection()
        client.connection_pool.release(taken)
        once(client)

    report = run_load(pool, Workload(work, users=1, count=2), clock=clock)

    assert report.calls.waiting == pytest.approx([0.6, 0.6])
    assert report.calls.service == pytest.approx([0.5, 0.5])
    assert report.peak_in_use == 1, "a refused caller has no connection"


def test_what_a_failed_call_and_the_warm_up_spent_counts_for_no_other_call() -> None:
    clock, calls = TurnedClock(), count()
    quick, slow = borrower(clock, 0.1), borrower(clock, 5.0)

    def work(client: redis.Redis) -> None:
        number = next(calls)
        (slow if number in (0, 2) else quick)(client)
        if number == 2:
            raise redis.TimeoutError

    report = run_load(slow_to_lend(clock, 0.2), Workload(work, users=1, count=3, warm_up=1), clock=clock)

    assert (report.done, report.failed) == (2, {"TimeoutError": 1})
    assert report.calls.waiting == pytest.approx([0.2, 0.2])
    assert report.calls.service == pytest.approx([0.1, 0.1])


def test_a_thread_that_a_call_starts_counts_for_the_peak_and_not_for_its_time() -> None:
    clock = TurnedClock()

    def work(client: redis.Redis) -> None:
        mine = client.connection_pool.get_connection()
        helper = threading.Thread(target=borrower(clock, 0.3), args=[client])
        helper.start()
        helper.join()
        client.connection_pool.release(mine)

    report = run_load(plain_pool(), Workload(work, users=1, count=2), clock=clock)

    assert report.calls.service == pytest.approx([0.3, 0.3])
    assert report.peak_in_use == 2


def test_a_thread_that_a_call_starts_may_be_the_only_one_that_borrows() -> None:
    clock = TurnedClock()

    def work(client: redis.Redis) -> None:
        helper = threading.Thread(target=borrower(clock, 0.3), args=[client])
        helper.start()
        helper.join()

    report = run_load(plain_pool(), Workload(work, users=1, count=2), clock=clock)

    assert (list(report.calls.waiting), list(report.calls.service)) == ([0, 0], [0, 0])
    assert report.latency.mean == pytest.approx(0.3)


@pytest.mark.parametrize("name", ["shopper", "shopper {}"])
def test_users_may_rename_their_threads(name: str) -> None:
    all_there, numbers = threading.Barrier(3), count(1)

    def work(client: redis.Redis) -> None:
        threading.current_thread().name = name.format(next(numbers))
        connection = client.connection_pool.get_connection()
        all_there.wait(SOON)
        client.connection_pool.release(connection)
        all_there.wait(SOON)

    report = run_load(plain_pool(), Workload(work, users=3, count=9))

    assert (report.calls.service > 0).all()
    assert (report.calls.service <= report.latency.worst).all(), "each has its own time, not that of all three"


def test_what_is_put_away_while_it_runs_is_neither_lost_nor_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter_module, "PUT_AWAY_EVERY", 0.001)
    clock, pool = TurnedClock(), plain_pool()
    client, once = redis.Redis(connection_pool=pool), borrower(clock, 0.25)
    begun, ended = [], []
    with Meter(pool, clock.now) as meter:
        for _ in range(5):
            begun.append(clock.now())
            once(client)
            ended.append(clock.now())
            assert eventually(lambda: not meter._heard)
        begun.append(clock.now())
        kept = pool.get_connection()
        clock.pass_by(0.5)
        ended.append(clock.now())

    waited, held = meter.spent(meter.thread_name(), np.array(begun), np.array(ended))

    assert list(waited) == [0] * 6
    assert list(held) == [0.25] * 5 + [0.5]
    assert meter.most_in_use() == 1
    pool.release(kept)


def test_a_connection_that_comes_back_as_the_meter_stops_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, pool = TurnedClock(), plain_pool()

    def leave_late(*arguments: Any) -> None:
        pool.release(connection)
        leave(*arguments)

    monkeypatch.setattr(meter_module, "leave", leave_late)
    with Meter(pool, clock.now) as meter:
        connection = pool.get_connection()
        clock.pass_by(0.5)

    assert meter.most_in_use() == 1
    begun = clock.now() - 0.5
    assert meter.spent(meter.thread_name(), np.array([begun]), np.array([begun + 9])) == (0, 0.5)


def test_an_interrupt_when_the_pool_has_just_been_covered_leaves_no_cover(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, before = plain_pool(), set(threading.enumerate())

    def interrupted(*arguments: Any) -> None:
        listen(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(meter_module, "listen", interrupted)
    with pytest.raises(KeyboardInterrupt), Meter(pool, TurnedClock().now):
        pass
    assert not {"get_connection", "release"} & set(vars(pool))
    assert set(threading.enumerate()) <= before


def test_an_interrupt_when_the_meter_has_just_started_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, before, start = plain_pool(), set(threading.enumerate()), threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), Meter(pool, TurnedClock().now):
        pass
    assert eventually(lambda: set(threading.enumerate()) <= before)
    assert not {"get_connection", "release"} & set(vars(pool))


def test_an_interrupt_at_the_end_leaves_no_cover(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, before = plain_pool(), set(threading.enumerate())

    def interrupted(thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Meter(pool, TurnedClock().now):
        monkeypatch.setattr(threading.Thread, "join", interrupted)
    assert eventually(lambda: set(threading.enumerate()) <= before)
    assert not {"get_connection", "release"} & set(vars(pool))


def test_the_meter_leaves_neither_a_thread_nor_a_cover(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, before = plain_pool(), set(threading.enumerate())
    with Meter(pool, TurnedClock().now):
        assert len(set(threading.enumerate()) - before) == 1
    assert set(threading.enumerate()) <= before

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start new thread"), Meter(pool, TurnedClock().now):
        pass
    assert not {"get_connection", "release"} & set(vars(pool))


def test_a_pool_that_cannot_be_listened_to_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with pytest.raises(Exception, match="cannot be listened to"), Meter(object(), TurnedClock().now):  # type: ignore
        pass
    assert eventually(lambda: set(threading.enumerate()) <= before)
