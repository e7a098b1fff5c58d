"""A sweep: every limit gets the same, in turns, and the table says how far the rounds lie apart."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import redis

from tests.load.fakes import TurnedClock, blocking_pool, borrower, plain_pool, report_of
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.report import FALLBACK_NOTE, LoadReport
from tutorial_lib.load.sweep import Spread, Sweep, sweep
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.fake import FakeServer

LOAD = Workload("PING", rate=100)


def test_all_limits_take_turns_up_and_then_down() -> None:
    seen: list[int] = []

    def work(client: redis.Redis) -> None:
        seen.append(client.connection_pool.max_connections)

    sweep([4, 1, 2], Workload(work, users=1, count=1), blocking_pool, rounds=3)

    assert seen == [1, 2, 4, 4, 2, 1, 1, 2, 4]


def test_in_a_round_all_limits_get_the_same_arrivals_and_each_round_its_own() -> None:
    clock = TurnedClock()
    load = Workload(borrower(clock, 0), rate=100, count=5, users=1, seed=40)

    done = sweep([1, 2], load, plain_pool, rounds=2, clock=clock)

    first, second = ([list(report.calls.due) for report in done.reports[limit]] for limit in (1, 2))
    assert first == [pytest.approx(times) for times in second]
    assert first[0] != pytest.approx(first[1])


def test_a_round_is_not_checked_again_though_its_seed_is_beyond_the_largest_that_may_be_given() -> None:
    assert sweep([1], Workload("PING", users=1, count=1, seed=10**18), plain_pool, rounds=2).rounds == 2


def test_every_connection_is_open_before_the_first_round_and_closed_at_the_end() -> None:
    opened = []
    with FakeServer() as server:

        def make_pool(limit: int) -> redis.ConnectionPool:
            return redis.ConnectionPool(host=server.host, port=server.port, max_connections=limit)

        def work(client: redis.Redis) -> None:
            client.ping()
            opened.append(server.opened())

        done = sweep([2, 3], Workload(work, users=1, count=2), make_pool, rounds=2, server=server)

        assert opened == [5] * 8
        assert [report.opened for report in done.reports[3]] == [0, 0]
    assert done.notes() == [FALLBACK_NOTE]


def test_pools_are_closed_when_the_sweep_fails() -> None:
    pools = []

    def make_pool(limit: int) -> redis.ConnectionPool:
        pools.append(plain_pool(limit))
        pools[-1].disconnect = lambda: closed.append(limit)  # type: ignore[method-assign, misc]
        return pools[-1]

    closed: list[int] = []
    with pytest.raises(BadSetting, match="ZeroDivisionError"):
        sweep([1, 2], Workload(lambda client: 1 / 0, count=5), make_pool)

    assert sorted(closed) == [1, 2]


def test_an_interrupt_brings_the_rounds_that_were_completed() -> None:
    calls = count(1)

    def work(client: redis.Redis) -> None:
        if next(calls) == 6:
            signal.raise_signal(signal.SIGINT)
            client.connection_pool.release(client.connection_pool.get_connection())

    done = sweep([1, 2], Workload(work, users=1, count=1), plain_pool, rounds=100)

    assert done.rounds in (2, 3)  # The sixth call ends the third round; the signal may be noticed just before or after.


def test_an_interrupt_in_the_first_round_is_an_interrupt() -> None:
    calls = count()

    def work(client: redis.Redis) -> None:
        if next(calls) == 0:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        sweep([1, 2], Workload(work, users=1, duration=3600), plain_pool)


# -- the table


def made_of(reports: dict[int, list[LoadReport]]) -> Sweep:
    return Sweep(LOAD, reports)


def waits(*means: float, **other: Any) -> list[LoadReport]:
    """Reports of rounds in which the one call waited so long."""
    reports = [report_of(0.01, workload=LOAD, limit=99, **other) for _ in means]
    for report, mean in zip(reports, means, strict=True):
        report.calls.waiting[:] = mean
    return reports


def test_a_row_has_the_median_round_and_the_spread() -> None:
    row = made_of({3: waits(0.004, 0.001, 0.002)})[0]

    assert (row.limit, row.waiting) == (3, Spread(0.001, 0.002, 0.004))
    assert row.service.middle == pytest.approx(0.01)


def test_a_round_without_a_call_says_nothing_about_the_times_of_the_others() -> None:
    empty = [report_of(workload=LOAD, limit=99)]
    row = made_of({3: [*waits(0.004), *empty, *waits(0.002)]})[0]

    assert row.waiting == Spread(0.002, 0.003, 0.004)
    assert row.throughput.low == 0
    assert made_of({3: empty}).to_dicts()[0]["throughput"] == [0, 0, 0]


def test_the_table_reads_from_the_smallest_limit_up() -> None:
    shown = made_of({2: waits(0.001, 0.002, 0.003), 1: waits(0.1, 0.2, 0.4, refused=2)})

    assert [row.limit for row in shown] == shown.limits == [1, 2]
    assert repr(shown) == "Sweep(limits=[1, 2], rounds=3)"
    assert str(shown).splitlines()[1:4] == [
        "limit          calls a second                     mean wait          99 % of calls within  refused",
        "    1        0.5 (0.5 to 0.5)           200 ms (100 to 400)        10.0 ms (10.0 to 10.0)        6",
        "    2        0.5 (0.5 to 0.5)        2.00 ms (1.00 to 3.00)        10.0 ms (10.0 to 10.0)        0",
    ]
    assert "| 1 | 0.5 (0.5 to 0.5) | 200 ms (100 to 400) | 10.0 ms (10.0 to 10.0) | 6 |" in shown._repr_markdown_()


def test_plain_numbers_for_those_who_compute_on() -> None:
    (row,) = json.loads(json.dumps(made_of({2: waits(0.001, 0.002, 0.003)}).to_dicts()))

    assert row["limit"] == 2
    assert row["waiting"] == [0.001, 0.002, 0.003]


@pytest.mark.parametrize(("wait", "limit"), [(1, 1), (0.05, 2), (0.004, 4), (0.0001, None)])
def test_the_smallest_limit_is_the_one_from_which_on_waits_stay_short(wait: float, limit: int | None) -> None:
    measured = made_of({1: waits(0.5), 2: waits(0.04), 3: waits(0.05), 4: waits(0.004), 5: waits(0.001)})

    assert measured.smallest_limit(wait) == limit


def test_a_limit_that_refuses_is_not_enough_however_short_its_waits() -> None:
    measured = made_of({1: waits(0.0, refused=3), 2: waits(0.0)})

    assert measured.smallest_limit(0.1) == 2


def test_it_says_where_there_is_no_steady_state() -> None:
    busy = [report_of(0.02, workload=LOAD, limit=1)]

    assert made_of({1: busy, 4: waits(0.0)}).notes() == [
        "No steady state with limit 1: more is asked than so few connections can do, and the waits grow with the "
        "length of the run."
    ]


def test_it_says_what_failed() -> None:
    failed = waits(0.0, failed={"TimeoutError": 2}, first_error="TimeoutError: too slow")

    assert made_of({1: failed}).notes() == ["Limit 1: 2 failed. The first: TimeoutError: too slow."]


# -- bad input


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (8, "limits is 8. Give several"),
        ("12", "A limit is '1'"),
        ([], "There is no limit to try"),
        (range(1, 10**9), "limits is longer than 100. Give fewer"),
        ([0], "A limit is 0"),
        ([2, -1], "A limit is -1"),
        ([1.5], "A limit is 1.5"),
    ],
)
def test_limits_that_make_no_sense_are_told(limits: list[Any], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        sweep(limits, LOAD, plain_pool)


@pytest.mark.parametrize(
    ("make_pool", "said"),
    [
        (lambda limit: plain_pool(3), r"make_pool\(8\) made a pool whose limit is 3. Pass the number on"),
        (lambda limit: redis.Redis(), "is a client"),
        (redis.ConnectionPool(), "make_pool is <redis.connection.ConnectionPool.* Give a function that makes a pool"),
        (lambda limit: None, "not a connection pool but a NoneType"),
        (lambda: plain_pool(8), r"make_pool\(8\) failed: .* It is called with a limit and returns a pool"),
    ],
)
def test_a_pool_with_another_limit_than_asked_is_told(make_pool: Callable[[int], Any], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        sweep([8], LOAD, make_pool)


@pytest.mark.parametrize("wait", ["x", None, -1, [0.1]])
def test_a_wait_that_is_no_time_is_told(wait: Any) -> None:
    with pytest.raises(BadSetting, match=r"wait is .*Give 0 or a number above it, in seconds"):
        made_of({2: waits(0.001)}).smallest_limit(wait)


def test_what_is_not_a_workload_is_told() -> None:
    with pytest.raises(BadSetting, match=r"Workload\('PING'\)"):
        sweep([1], "PING", plain_pool)  # type: ignore[arg-type]


def test_one_round_is_one_round() -> None:
    assert str(made_of({2: waits(0.001)})).splitlines()[0].endswith(", 1 round")


def test_rounds_below_one_are_told() -> None:
    with pytest.raises(BadSetting, match="rounds is 0"):
        sweep([1], LOAD, plain_pool, rounds=0)
