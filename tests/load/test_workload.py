"""What a load is, before any of it happens."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pytest
import redis

from tests.load.fakes import plain_pool
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.workload import Workload


def test_evenly_spaced_calls_fall_due_one_gap_apart() -> None:
    due = Workload("PING", rate=10, arrivals="constant", duration=0.5).due_times()

    assert due == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


def test_random_arrivals_are_the_same_for_the_same_seed() -> None:
    once, again, other = (Workload("PING", rate=50, duration=4, seed=seed).due_times() for seed in (7, 7, 8))

    assert once == again != other
    assert once == sorted(once)


def test_random_arrivals_keep_their_rate_and_are_random() -> None:
    """Poisson: as many as the rate says, with gaps whose spread equals their mean."""
    due = Workload("PING", rate=100, count=20_000).due_times()
    gaps = [later - earlier for earlier, later in itertools.pairwise(due)]
    mean = sum(gaps) / len(gaps)

    assert mean == pytest.approx(0.01, rel=0.03)
    assert math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) == pytest.approx(0.01, rel=0.03)


def test_warm_up_comes_before_the_time_that_is_reported() -> None:
    counted = Workload("PING", rate=10, arrivals="constant", count=3, warm_up=2).due_times()
    timed = Workload("PING", rate=10, arrivals="constant", duration=0.35, warm_up=2).due_times()

    assert len(counted) == len(timed) == 5


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("PING", ["PING"]),
        ("SET greeting 'good day'", ["SET", "greeting", "good day"]),
        (("SET", "greeting", 5), ["SET", "greeting", 5]),
    ],
)
def test_a_command_is_sent_as_it_was_meant(work: Any, expected: list[object]) -> None:
    sent: list[object] = []

    class Client(redis.Redis):
        def execute_command(self, *args: Any, **options: Any) -> None:
            sent.extend(args)

    Workload(work).bound_to(Client(connection_pool=plain_pool()))()

    assert sent == expected


def test_an_open_loop_brings_users_for_a_second_of_calls() -> None:
    assert Workload("PING", rate=20).users_for(1000) == 64
    assert Workload("PING", rate=200).users_for(1000) == 200
    assert Workload("PING", rate=5000).users_for(5000) == 512
    assert Workload("PING", rate=200).users_for(3) == 3
    assert Workload("PING", rate=200, users=5).users_for(1000) == 5


@pytest.mark.parametrize(
    ("workload", "line"),
    [
        (Workload("PING"), "closed loop, 8 users, 1 s: PING"),
        (Workload("PING", users=1, think=0.5, count=9), "closed loop, 1 user who thinks 0.5 s, 9 calls: PING"),
        (Workload("PING", rate=20, duration=2), "open loop, 20 calls a second (Poisson, seed 1), 2 s: PING"),
        (Workload(lambda r: r.ping(), rate=2, arrivals="constant"), "open loop, 2 calls a second (evenly spaced), 1 s"),
    ],
)
def test_it_says_what_it_is(workload: Workload, line: str) -> None:
    assert workload.describe().startswith(line)


@pytest.mark.parametrize(
    "settings", [{"duration": 2, "think": 0.5}, {"rate": 4, "duration": 2}, {"rate": 4, "count": 3}]
)
@pytest.mark.parametrize("kind", [Decimal, np.float32, np.float64])
def test_numbers_of_any_kind_are_kept_as_those_that_a_thread_can_wait_for(settings: dict[str, Any], kind: Any) -> None:
    """Decimals and numpy's numbers compare well and fail later, in the threads of the users."""
    given = {name: np.int64(value) if name == "count" else kind(value) for name, value in settings.items()}
    load = Workload("PING", **given, users=np.int64(2), warm_up=np.int64(1), seed=np.int64(3))  # type: ignore[arg-type]

    plain = Workload("PING", **settings, users=2, warm_up=1, seed=3)
    assert load == plain
    assert {type(value) for value in asdict(load).values()} <= {int, float, str, type(None)}
    if load.is_open:
        assert load.due_times() == plain.due_times()


async def ask_later(client: redis.Redis) -> None: ...


def ask_when_read(client: redis.Redis) -> Iterator[None]:
    client.ping()
    yield


async def ask_and_yield(client: redis.Redis) -> Any:
    yield client.ping()


class AskLater:
    async def __call__(self, client: redis.Redis) -> None: ...


class AskNow:
    """Its instances would be called later; calling the class itself is plain work."""

    def __init__(self, client: redis.Redis) -> None: ...

    async def __call__(self, client: redis.Redis) -> None: ...


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rate": 0}, "rate is 0. Give a number above 0, in calls per second."),
        ({"rate": -5}, "rate is -5"),
        ({"rate": math.nan}, "rate is nan"),
        ({"rate": math.inf}, "rate is inf"),
        ({"rate": "fast"}, "rate is 'fast'"),
        ({"rate": True}, "rate is True"),
        ({"duration": 0}, "duration is 0"),
        ({"duration": -1}, "duration is -1"),
        ({"duration": math.nan}, "duration is nan"),
        ({"count": 0}, "count is 0. Give a whole number of calls: 1 to 1,000,000."),
        ({"count": 1.5}, "count is 1.5"),
        ({"users": 0}, "users is 0"),
        ({"users": 10_000}, "Give a whole number of threads: 1 to 512."),
        ({"think": -1}, "think is -1. Give 0 or a number above it, in seconds."),
        ({"think": math.nan}, "think is nan"),
        ({"warm_up": -1}, "warm_up is -1"),
        ({"count": 5, "duration": 5}, "A run ends by one of them"),
        ({"rate": 5, "think": 1}, "think is for a closed loop"),
        ({"arrivals": "constant"}, "Give a rate as well, or leave it out."),
        ({"rate": 5, "arrivals": "random"}, "It is 'poisson' or 'constant'."),
        ({"rate": 1e6, "duration": 60}, "more than 1,000,000 calls"),
        ({"seed": "one"}, "seed is 'one'"),
        ({"rate": Decimal("NaN")}, "rate is Decimal('NaN')"),
        ({"count": Decimal(5)}, "count is Decimal('5'). Give a whole number of calls"),
        ({"think": 1e20}, "think is 1e+20. Give 86400 at most, in seconds."),
        ({"duration": 1e20}, "duration is 1e+20. Give 86400 at most, in seconds."),
        (
            {"rate": 1e-20, "count": 1},
            "rate is 1e-20 per second: the last call would be due in more than a day.",
        ),
        ({"count": 10**9}, "count is 1000000000. Give a whole number of calls: 1 to 1,000,000."),
        ({"rate": 1e-5, "warm_up": 900_000, "duration": 1}, "rate is 1e-05 per second"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSetting) as error:
        Workload("PING", **settings)

    assert said in str(error.value)


@pytest.mark.parametrize(
    "work",
    [
        None,
        5,
        "",
        "   ",
        (),
        "SET 'greeting",
        ask_later,
        ask_when_read,
        ask_and_yield,
        AskLater(),
        partial(ask_when_read),
        "SET greeting " + "x" * 10**6,
        ["x" * 10**6],
    ],
)
def test_work_that_cannot_be_done_is_told(work: Any) -> None:
    with pytest.raises(BadSetting, match=r"[Gg]ive a") as error:
        Workload(work)

    assert len(str(error.value)) < 250


def test_a_large_value_is_written_in_short() -> None:
    assert Workload(("SET", "page", "x" * 10**6)).describe() == "closed loop, 8 users, 1 s: SET page " + "x" * 50 + "…"


@pytest.mark.parametrize("work", [ask_when_read, ask_and_yield, partial(ask_when_read)])
def test_a_generator_function_is_told_that_nothing_of_it_would_run(work: Any) -> None:
    with pytest.raises(BadSetting, match=r"generator function: calling it runs nothing .* without yield"):
        Workload(work)


def test_a_class_is_work_like_any_function() -> None:
    assert Workload(AskNow).name == "AskNow"
