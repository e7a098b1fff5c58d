"""A load that ends early, and the pool that a load leaves behind."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.load.fakes import plain_pool
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.meter import Meter
from tutorial_lib.load.report import LoadReport, TimeSummary
from tutorial_lib.load.run import MOST_FRESH, _Run, run_load
from tutorial_lib.load.tally import Tally
from tutorial_lib.load.workload import Workload
from tutorial_lib.pools.recording import record

SOON = 10.0
"""How long a test waits for something that should happen at once."""


# -- interrupting


@pytest.mark.parametrize("pace", [{"users": 3, "duration": 3600}, {"users": 64, "rate": 1000, "duration": 900}])
def test_an_interrupt_brings_the_report_so_far(pace: dict[str, Any]) -> None:
    calls = count()

    def work(client: redis.Redis) -> None:
        if next(calls) == 50:
            signal.raise_signal(signal.SIGINT)

    report = run_load(plain_pool(), Workload(work, **pace))

    assert report.interrupted
    assert report.done >= 50
    assert (report.calls.begun > report.calls.due - 0.001).all(), "nobody began a call because of the interrupt"
    assert report.notes()[0] == "Interrupted: this is the report so far."


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when an interrupted run begins to end. It waits for as long as that takes."""
    monkeypatch.setattr("tutorial_lib.load.run.LET_FINISH", 3600.0)
    ending, end = threading.Event(), _Run._end
    monkeypatch.setattr(_Run, "_end", lambda *arguments: (ending.set(), end(*arguments)))
    return ending


def test_an_interrupt_lets_the_calls_under_way_finish(ending: threading.Event) -> None:
    calls = count()

    def work(client: redis.Redis) -> None:
        if next(calls) == 5:
            signal.raise_signal(signal.SIGINT)
            assert ending.wait(SOON)
            threading.Event().wait(0.05)  # Time enough for somebody who does not wait to make the report.

    report = run_load(plain_pool(), Workload(work, users=1, duration=3600))

    assert (report.interrupted, report.done) == (True, 6)


def test_an_interrupt_does_not_wait_for_a_call_that_never_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial_lib.load.run.LET_FINISH", 0.05)
    never, calls = threading.Event(), count()

    def work(client: redis.Redis) -> None:
        if next(calls) == 5:
            signal.raise_signal(signal.SIGINT)
            never.wait(SOON)

    report = run_load(plain_pool(), Workload(work, users=1, duration=3600))
    never.set()

    assert (report.interrupted, report.done) == (True, 5)


def test_a_second_interrupt_brings_the_report_at_once(ending: threading.Event) -> None:
    never, calls = threading.Event(), count()

    def work(client: redis.Redis) -> None:
        if next(calls) == 5:
            signal.raise_signal(signal.SIGINT)
            assert ending.wait(SOON)
            signal.raise_signal(signal.SIGINT)
            never.wait(SOON)

    report = run_load(plain_pool(), Workload(work, users=1, duration=3600))
    never.set()

    assert (report.interrupted, report.done) == (True, 5)


@pytest.mark.parametrize("pace", [{"users": 3, "think": 3600, "duration": 3600}, {"rate": 10, "duration": 3600}])
def test_an_interrupt_in_the_warm_up_leaves_no_time_that_is_reported(pace: dict[str, Any]) -> None:
    def work(client: redis.Redis) -> None:
        signal.raise_signal(signal.SIGINT)

    report = run_load(plain_pool(), Workload(work, warm_up=50, **pace))

    assert (report.interrupted, report.done, report.seconds, report.throughput) == (True, 0, 0.0, 0.0)


@pytest.mark.parametrize("pace", [{"users": 3, "think": 3600, "duration": 3600}, {"rate": 10, "duration": 3600}])
def test_no_user_goes_on_when_something_fails_in_the_cell(
    monkeypatch: pytest.MonkeyPatch, pace: dict[str, Any]
) -> None:
    def broken(bar: object, part: float) -> None:
        raise RuntimeError("no such bar")

    monkeypatch.setattr("tutorial_lib.load.progress_bar.ProgressBar.show", broken)
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="no such bar"):
        run_load(plain_pool(), Workload(lambda client: None, **pace))

    assert_gone(set(threading.enumerate()) - before)


def test_no_user_waits_for_others_that_could_not_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started, start = count(), threading.Thread.start

    def start_three(thread: threading.Thread) -> None:
        if thread.name.endswith("(_user)") and next(started) == 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_three)
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="can't start new thread"):
        run_load(plain_pool(), Workload(lambda client: None, users=8, think=3600))

    assert_gone(set(threading.enumerate()) - before)


def assert_gone(threads: set[threading.Thread]) -> None:
    for thread in threads:
        thread.join(SOON)
    assert not any(thread.is_alive() for thread in threads)


def test_who_is_still_at_it_can_go_on_while_the_report_is_made() -> None:
    tally, calls = Tally(), 100_000
    tally.overslept.extend([0.0] * 1_000_000)
    mistakes: list[BaseException] = []

    def goes_on() -> None:
        try:
            for number in range(calls):
                tally.fresh.extend((float(number), 0.0, 0.0))
                tally.overslept.append(0.0)
                if number % 10 == 0:
                    tally.keep()
        except BaseException as error:  # a BufferError is what an array says that may not grow
            mistakes.append(error)

    user = threading.Thread(target=goes_on)
    user.start()
    while user.is_alive():
        due, _, _ = tally.times()
        assert (due == range(len(due))).all()
        TimeSummary.of_arrays([tally.overslept])
    assert mistakes == []
    assert len(tally.times()[0]) == calls


def test_the_numbers_of_a_long_run_are_put_away(monkeypatch: pytest.MonkeyPatch) -> None:
    tallies: list[Tally] = []

    class Noted(Tally):
        def __init__(self) -> None:
            super().__init__()
            tallies.append(self)

    monkeypatch.setattr("tutorial_lib.load.run.Tally", Noted)

    assert run_load(plain_pool(), Workload(lambda client: None, users=1, count=1000)).done == 1000
    assert [len(tally.fresh) <= MOST_FRESH for tally in tallies] == [True]


def test_who_goes_on_after_an_interrupt_is_not_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The meter no longer hears that user, so the call would seem to have held no connection."""
    monkeypatch.setattr("tutorial_lib.load.run.LET_FINISH", 0.01)
    calls, over, user_is_done = count(), threading.Event(), threading.Event()
    leave, user = Meter.__exit__, _Run._user

    def work(client: redis.Redis) -> None:
        connection = client.connection_pool.get_connection()
        if next(calls) == 3:
            signal.raise_signal(signal.SIGINT)
            over.wait(SOON)
        client.connection_pool.release(connection)

    def leave_and_let_the_call_end(*arguments: Any) -> None:
        leave(*arguments)
        over.set()
        assert user_is_done.wait(SOON)

    monkeypatch.setattr(Meter, "__exit__", leave_and_let_the_call_end)
    monkeypatch.setattr(_Run, "_user", lambda *arguments: (user(*arguments), user_is_done.set()))

    report = run_load(plain_pool(), Workload(work, users=1, count=9))

    assert (report.interrupted, report.done) == (True, 3)
    assert (report.calls.service > 0).all()


# -- the pool is left as it was


def test_the_pool_is_as_before() -> None:
    pool = plain_pool()
    before = dict(vars(pool))

    run_load(pool, Workload("PING", count=5))
    with pytest.raises(BadSetting):
        run_load(pool, Workload(lambda client: 1 / 0, count=5))

    assert vars(pool).keys() == before.keys()


def test_loads_that_overlap_leave_the_pool_as_it_was() -> None:
    """The first to begin is the first to end, so that neither is inside the other."""
    pool, first_runs, second_runs, first_is_over = plain_pool(8), *(threading.Event() for _ in range(3))
    reports: dict[str, LoadReport] = {}

    def first(client: redis.Redis) -> None:
        client.ping()
        first_runs.set()
        second_runs.wait(SOON)

    def second(client: redis.Redis) -> None:
        client.ping()
        second_runs.set()
        first_is_over.wait(SOON)

    def run(work: Callable[[redis.Redis], None]) -> None:
        reports[work.__name__] = run_load(pool, Workload(work, users=2, count=20))

    threads = [threading.Thread(target=run, args=[work]) for work in (first, second)]
    threads[0].start()
    assert first_runs.wait(SOON)
    threads[1].start()
    threads[0].join(SOON)
    first_is_over.set()
    threads[1].join(SOON)

    assert {name: report.done for name, report in reports.items()} == {"first": 20, "second": 20}
    assert all(report.service.mean > 0 for report in reports.values())
    assert not {"get_connection", "release"} & set(vars(pool))


def test_a_recording_that_ends_during_a_load_is_no_trouble_for_the_next() -> None:
    pool = plain_pool()
    recording = record(pool)

    def work(client: redis.Redis) -> None:
        client.ping()
        recording.__exit__(None, None, None)

    with contextlib.ExitStack() as stack:
        stack.enter_context(recording)
        run_load(pool, Workload(work, users=1, count=1))
        stack.pop_all()

    for _ in range(2):
        assert run_load(pool, Workload("PING", count=5)).service.mean > 0
        with record(pool) as again:
            assert run_load(pool, Workload("PING", count=5)).service.mean > 0
        assert len(again.leases) == 5


def test_a_recording_of_the_same_pool_goes_on() -> None:
    pool = plain_pool()
    with record(pool) as recording:
        run_load(pool, Workload("PING", users=2, count=20))
        pool.release(pool.get_connection())

    assert len(recording.leases) == 21
    assert "get_connection" not in vars(pool)
