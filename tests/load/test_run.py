"""A load: what it counts, from when it measures, and what it says about itself."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.load.fakes import TurnedClock, blocking_pool, borrower, plain_pool
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.report import TimeSummary
from tutorial_lib.load.run import GIVE_UP_AFTER, run_load
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.servers.redis_process import RedisProcess

SOON = 10.0
"""How long a test waits for something that should happen at once."""


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

    assert report.latency == TimeSummary(0.25, 0.25, 0.25, 0.25, 0.25)
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

    def greeting(client: redis.Redis) -> object:
        return client.git("greeting")  # type: ignore[attr-defined]

    def mistaken(client: redis.Redis) -> object:
        next(calls)
        return greeting(client)

    with pytest.raises(BadSetting) as error:
        run_load(plain_pool(), Workload(mistaken, users=4, count=10_000))

    assert "The work (mistaken) raised at every call: AttributeError: 'Redis' object has no attribute" in str(
        error.value
    )
    assert f"(line {mistaken.__code__.co_firstlineno + 2} of mistaken)" in str(error.value)
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
