"""A load: what it counts, from when it measures, and what it says about itself."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import threading
from array import array
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.load.fakes import TurnedClock, blocking_pool, plain_pool
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.report import FALLBACK_NOTE, Calls, LoadReport, Times
from tutorial_lib.load.run import GIVE_UP_AFTER, _Run, run_load
from tutorial_lib.load.workload import Workload
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.pools.recording import record
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.servers.redis_process import RedisProcess

SOON = 10.0
"""How long a test waits for something that should happen at once."""


def borrower(clock: TurnedClock, *held: float) -> Callable[[redis.Redis], None]:
    """Work that holds a connection for each of these times in turn, the last one for ever after."""
    calls = count()

    def work(client: redis.Redis) -> None:
        connection = client.connection_pool.get_connection()
        clock.pass_by(held[min(next(calls), len(held) - 1)])
        client.connection_pool.release(connection)

    return work


# -- from when latency counts


def test_a_stall_is_charged_to_every_call_that_it_kept_from_being_made() -> None:
    """Calls are due at 0.1, 0.2 … 1.0 s. The third takes 0.5 s: those due meanwhile were late, and waited."""
    clock = TurnedClock()
    load = Workload(borrower(clock, 0, 0, 0.5, 0), rate=10, arrivals="constant", count=10, users=1)

    report = run_load(plain_pool(), load, clock=clock)

    assert report.calls.latency == pytest.approx([0, 0, 0.5, 0.4, 0.3, 0.2, 0.1, 0, 0, 0])
    assert report.calls.service == pytest.approx([0, 0, 0.5, 0, 0, 0, 0, 0, 0, 0])
    assert report.no_free_user == 4
    assert "4 calls began late because every user was busy" in str(report)


def test_a_generator_that_wakes_up_late_says_so() -> None:
    clock = TurnedClock(oversleep=0.03)
    load = Workload(borrower(clock, 0.001), rate=10, arrivals="constant", count=20, users=1)

    report = run_load(plain_pool(), load, clock=clock)

    assert report.overslept.p50 == pytest.approx(0.03)
    assert report.latency.p50 == pytest.approx(0.031), "its lateness is part of the latency"
    assert report.service.p50 == pytest.approx(0.001)
    assert report.generator_was_late
    assert "The generator was late by 30.0 ms for 1 call in 100" in str(report)


def test_a_punctual_generator_says_nothing() -> None:
    clock = TurnedClock()
    load = Workload(borrower(clock, 0.01), rate=10, arrivals="constant", count=20, users=1)

    report = run_load(plain_pool(), load, clock=clock)

    assert not report.generator_was_late
    assert report.notes() == []


def test_more_than_the_limit_can_do_is_no_steady_state() -> None:
    """10 calls a second of 0.25 s keep 2.5 connections busy."""
    clock = TurnedClock()
    load = Workload(borrower(clock, 0.25), rate=10, arrivals="constant", count=8, users=1)

    assert not run_load(plain_pool(3), load, clock=clock).is_overloaded
    report = run_load(plain_pool(2), load, clock=clock)

    assert report.is_overloaded
    assert "keeps 2.50 connections busy, and the limit is 2: no steady state" in str(report)
    assert "Up to 8 calls a second would fit." in str(report)


def test_a_queue_without_end_is_cut_off_and_the_rest_counted() -> None:
    clock = TurnedClock()
    load = Workload(borrower(clock, 1.0), rate=100, arrivals="constant", count=100, users=1)

    report = run_load(plain_pool(), load, clock=clock)

    assert report.done + report.not_begun == 100
    assert report.done == 3, "due within 1 s, given up after 2.5 s"
    assert "97 calls fell due and never began" in str(report)


def test_latency_in_a_closed_loop_is_the_call_alone() -> None:
    clock = TurnedClock()
    load = Workload(borrower(clock, 0.25), users=1, think=0.75, count=8)

    report = run_load(plain_pool(), load, clock=clock)

    assert report.latency == Times(0.25, 0.25, 0.25, 0.25, 0.25)
    assert report.seconds == pytest.approx(7.25), "eight calls and the seven pauses between them"
    assert report.throughput == pytest.approx(8 / 7.25)


def test_a_closed_loop_begins_no_call_after_its_time() -> None:
    clock = TurnedClock()

    report = run_load(plain_pool(), Workload(borrower(clock, 0.3), users=1, duration=1.0), clock=clock)

    assert report.done == 4
    assert report.seconds == pytest.approx(1.2), "the last call, begun in time, is waited for"


# -- waiting and service


def test_waiting_is_told_from_holding() -> None:
    clock = TurnedClock()
    pool = plain_pool()
    pool.get_connection = lambda: (clock.pass_by(0.2), redis.ConnectionPool.get_connection(pool))[1]  # type: ignore

    report = run_load(pool, Workload(borrower(clock, 0.3), users=1, count=4), clock=clock)

    assert report.waiting.mean == pytest.approx(0.2)
    assert report.service.mean == pytest.approx(0.3)
    assert report.latency.mean == pytest.approx(0.5)


def test_two_borrows_in_one_call_are_added_up() -> None:
    clock = TurnedClock()
    once = borrower(clock, 0.3)

    def twice(client: redis.Redis) -> None:
        once(client)
        once(client)

    report = run_load(plain_pool(), Workload(twice, users=1, count=4), clock=clock)

    assert report.service.mean == pytest.approx(0.6)


def test_the_peak_is_how_many_had_a_connection_at_once() -> None:
    all_three = threading.Barrier(3)

    def meet(client: redis.Redis) -> None:
        connection = client.connection_pool.get_connection()
        all_three.wait(SOON)
        client.connection_pool.release(connection)

    assert run_load(plain_pool(5), Workload(meet, users=3, count=3)).peak_in_use == 3


# -- counts


def test_every_call_is_made_once_whoever_makes_it() -> None:
    calls = count()

    report = run_load(plain_pool(8), Workload(lambda client: next(calls), users=8, count=1000))

    assert (report.done, next(calls)) == (1000, 1000)


def test_warm_up_is_made_and_not_reported() -> None:
    calls = count()

    report = run_load(plain_pool(4), Workload(lambda client: next(calls), users=4, count=50, warm_up=30))

    assert (report.done, next(calls)) == (50, 80)


@pytest.mark.parametrize("pool", [plain_pool(1), blocking_pool(1, timeout=0.001)], ids=["plain", "blocking"])
def test_a_pool_at_its_limit_refuses_and_that_is_no_failure(pool: redis.ConnectionPool) -> None:
    pool.get_connection()

    report = run_load(pool, Workload("PING", users=2, count=30))

    assert (report.done, report.refused, report.failed) == (0, 30, {})
    assert math.isnan(report.latency.p50)


def test_failures_are_counted_by_name() -> None:
    calls = count()

    def every_third(client: redis.Redis) -> None:
        if next(calls) % 3 == 1:
            raise redis.TimeoutError("Timeout reading from socket")

    report = run_load(plain_pool(), Workload(every_third, users=1, count=30))

    assert (report.done, report.failed) == (20, {"TimeoutError": 10})
    assert report.first_error == "TimeoutError: Timeout reading from socket"


def test_a_load_without_a_call_in_it_is_an_empty_report() -> None:
    report = run_load(plain_pool(), Workload("PING", rate=0.001, arrivals="constant", duration=0.001))

    assert (report.done, report.throughput, report.not_begun) == (0, 0, 0)
    assert "latency" in str(report)


# -- work that cannot work


def test_a_mistake_in_the_function_is_told_once_and_by_name() -> None:
    calls = count()

    def mistaken(client: redis.Redis) -> object:
        next(calls)
        return client.git("greeting")  # type: ignore[attr-defined]

    with pytest.raises(BadSetting) as error:
        run_load(plain_pool(), Workload(mistaken, users=4, count=10_000))

    assert "The work (mistaken) raised at every call: AttributeError: 'Redis' object has no attribute" in str(
        error.value
    )
    assert "(line 3 of mistaken)" in str(error.value).replace(str(mistaken.__code__.co_firstlineno + 2), "3")
    assert next(calls) < GIVE_UP_AFTER + 2 * 4


def test_a_function_that_takes_no_client_is_told() -> None:
    with pytest.raises(BadSetting, match="takes 0 positional arguments but 1 was given"):
        run_load(plain_pool(), Workload(lambda: None, count=3))  # type: ignore[arg-type, misc]


def test_a_function_that_ends_python_does_not() -> None:
    with pytest.raises(BadSetting, match="SystemExit: 3"):
        run_load(plain_pool(), Workload(lambda client: exit(3), count=100))


async def ask_later(client: redis.Redis) -> None: ...


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda client: ask_later(client), r"returned a coroutine, .* never made. .* redis, not redis.asyncio"),
        (lambda client: client.scan_iter(), r"\(lambda\) returned a generator, .* never made. .* list\(…\)"),
        (lambda client: redis.asyncio.Redis().scan_iter(), "returned an async generator"),
    ],
)
@pytest.mark.parametrize("pace", [{"count": 10_000}, {"rate": 10, "duration": 3600}])
def test_a_call_that_never_ran_does_not_count_as_done(work: Any, said: str, pace: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match=said):
        run_load(plain_pool(), Workload(work, **pace))


def test_a_generator_that_never_ran_is_told_also_after_refusals() -> None:
    calls = count()

    def work(client: redis.Redis) -> object:
        if next(calls) < 3:
            raise redis.exceptions.MaxConnectionsError("Too many connections")
        return client.scan_iter()

    with pytest.raises(BadSetting, match="returned a generator"):
        run_load(plain_pool(), Workload(work, users=1, count=10))


def test_redis_errors_from_the_first_call_on_end_the_run_with_a_report() -> None:
    def down(client: redis.Redis) -> None:
        raise redis.ConnectionError("Error 111 connecting to localhost:1. Connection refused.")

    report = run_load(plain_pool(), Workload(down, users=4, count=10_000))

    assert report.gave_up
    assert GIVE_UP_AFTER + 4 <= report.failed["ConnectionError"] < GIVE_UP_AFTER + 2 * 4
    assert "before any had succeeded. The first: ConnectionError: Error 111 connecting to localhost:1" in str(report)


def test_a_moment_of_trouble_that_hits_every_user_once_is_not_the_end() -> None:
    users, calls = 50, count()

    def reset_at_first(client: redis.Redis) -> None:
        if next(calls) < users:
            raise redis.ConnectionError("Connection reset by peer")

    report = run_load(plain_pool(), Workload(reset_at_first, users=users, count=2 * users))

    assert (report.done, report.failed, report.gave_up) == (users, {"ConnectionError": users}, False)


def test_errors_after_a_success_are_the_result_and_not_the_end() -> None:
    calls = count()

    def once(client: redis.Redis) -> None:
        if next(calls):
            raise redis.ConnectionError("Connection closed by server.")

    report = run_load(plain_pool(), Workload(once, users=1, count=100))

    assert (report.done, report.failed, report.gave_up) == (1, {"ConnectionError": 99}, False)


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
    """Set when an interrupted run begins to end. It has all the patience in the world."""
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
    times = array("d", [0.0] * 1_000_000)
    errors: list[BufferError] = []

    def goes_on() -> None:
        for _ in range(100_000):
            try:
                times.extend((1.0, 1.0, 1.0, 0.0, 0.0))
            except BufferError as error:  # what an array says that may not grow
                errors.append(error)

    user = threading.Thread(target=goes_on)
    user.start()
    while user.is_alive():
        Calls.from_rows([times], 0.0)
        Times.of_arrays([times])
    assert errors == []


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


# -- how it shows itself


def report_of(*latencies: float, **other: Any) -> LoadReport:
    """A report of calls that were due a second apart and got their connection at once."""
    rows = [value for due, took in enumerate(latencies) for value in (due, due, due + took, 0.0, took)]
    settings: dict[str, Any] = {
        **{"workload": Workload("PING", count=3), "limit": 4, "refused": 0, "failed": {}, "first_error": None},
        **{"peak_in_use": 1, "opened": None, "seconds": 2.0, "real": None, "interrupted": False, "gave_up": False},
        **{"not_begun": 0, "no_free_user": 0, "overslept": Times.of_arrays([[]])},
    }
    return LoadReport(calls=Calls.from_rows([rows], 0.0), **{**settings, **other})


def test_the_repr_has_the_facts_and_no_times() -> None:
    report = report_of(0.1, 0.2, refused=2, failed={"TimeoutError": 1}, opened=3)

    assert repr(report) == (
        "LoadReport(done=2, refused=2, failed={'TimeoutError': 1}, peak_in_use=1, limit=4, opened=3)"
    )


def test_the_table_has_the_times() -> None:
    report = report_of(*[0.001] * 99, 0.2, failed={"TimeoutError": 1})

    assert str(report).splitlines() == [
        "load                closed loop, 8 users, 3 calls: PING",
        "done                100 (50.0 a second)",
        "refused             0",
        "failed              1 x TimeoutError",
        "peak in use         1 of 4",
        "",
        "                          mean    median      95 %      99 %     worst",
        "latency                2.99 ms   1.00 ms   1.00 ms   2.99 ms    200 ms",
        "waiting                0.00 ms   0.00 ms   0.00 ms   0.00 ms   0.00 ms",
        "service                2.99 ms   1.00 ms   1.00 ms   2.99 ms    200 ms",
    ]


def test_the_notebook_gets_a_markdown_table_that_shows_commands_as_they_are() -> None:
    shown = report_of(0.1, workload=Workload("KEYS a|b*<i>"))._repr_markdown_()

    assert r"| load | closed loop, 8 users, 1 s: KEYS a\|b\*\<i\> |" in shown
    assert "| latency | 100 ms | 100 ms | 100 ms | 100 ms | 100 ms |" in shown


def test_the_dictionary_is_ready_for_json() -> None:
    due = Workload("PING", rate=2)
    figures = json.loads(json.dumps(report_of(0.1, 0.3, workload=due).to_dict(), allow_nan=False))
    empty = json.loads(json.dumps(report_of().to_dict(), allow_nan=False))

    assert figures["latency"]["mean"] == pytest.approx(0.2)
    assert (figures["done"], figures["throughput"]) == (2, 1.0)
    assert empty["latency"]["p99"] is None
    assert all(name.isidentifier() for name in figures)


def test_the_fallback_is_known_whether_it_is_named_or_not() -> None:
    """Through proxies too: a page that forgets to say where it measures must not pass as a result."""
    with FakeServer() as server, FaultProxy(server) as near, FaultProxy(near) as far:
        for way in (server, near, far):
            pool = redis.ConnectionPool(host="localhost", port=way.port)
            assert run_load(pool, Workload("PING", count=1)).notes() == [FALLBACK_NOTE]
            pool.disconnect()
    assert run_load(plain_pool(), Workload("PING", count=1)).real is None


def test_on_the_fallback_it_says_that_times_are_no_result() -> None:
    report = report_of(0.1, real=False)

    assert FALLBACK_NOTE in str(report)
    assert FALLBACK_NOTE in report._repr_markdown_()
    assert FALLBACK_NOTE in report.to_dict()["notes"]
    assert FALLBACK_NOTE not in str(replace(report, real=True))


# -- what is not a pool, and what is not a server


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (redis.Redis(), "not a pool"),
        (redis.asyncio.ConnectionPool(), "asyncio pool, and the callers here are threads"),
        ("redis://localhost", "not a connection pool but a str"),
        (redis.ConnectionPool, "is a class"),
    ],
)
def test_what_is_not_a_pool_for_threads_is_told(thing: Any, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        run_load(thing, Workload("PING"))


def ping(client: redis.Redis) -> None:
    client.ping()


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (
            "GET greeting",
            r"workload is 'GET greeting', not a Workload. .*: Workload\('GET greeting'\) or .*, rate=100\)",
        ),
        (("SET", "a", 1), r"Workload\(\('SET', 'a', 1\)\) or"),
        (ping, r"Workload\(ping\) or"),
        (lambda client: client.ping(), r"Workload\(work\) or"),
        (200, "workload is 200, not a Workload"),
    ],
)
def test_what_is_not_a_workload_is_told_how_to_make_one(thing: Any, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        run_load(plain_pool(), thing)


def test_what_is_not_a_server_is_told() -> None:
    with pytest.raises(BadSetting, match=r"Pass what start_server\(\) returned"):
        run_load(plain_pool(), Workload("PING"), server="localhost")  # type: ignore[arg-type]


# -- on real sockets


@pytest.mark.parametrize("kind", [FakeServer, pytest.param(RedisProcess, marks=pytest.mark.redis_server)])
def test_server_and_report_tell_the_same(kind: Callable[[], FakeServer | RedisProcess]) -> None:
    with kind() as server:
        pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections=3)
        report = run_load(pool, Workload("ECHO hello", users=6, count=120), server=server)
        pool.disconnect()

        assert server.commands()["ECHO"] == report.done == 120
        assert server.opened() == report.opened
        assert 1 <= report.peak_in_use <= report.opened <= 3  # type: ignore[operator]
        assert report.real is server.is_real


def test_nobody_listens() -> None:
    report = run_load(redis.ConnectionPool(host="127.0.0.1", port=1), Workload("PING", count=1000))

    assert report.gave_up
    assert list(report.failed) == ["ConnectionError"]
