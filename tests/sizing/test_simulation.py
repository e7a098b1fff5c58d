from __future__ import annotations

import math
import random
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import simpy

from tutorial_lib.errors import BadSetting
from tutorial_lib.sizing.formulas import erlang_c, mean_wait, wait_percentile
from tutorial_lib.sizing.simulation import BORROWS_AT_A_TIME, Simulation, _Totals, replay, simulate


def waits_in_simpy(arrivals: list[float], holds: list[float], limit: int, timeout: float | None = None) -> list[float]:
    """The same callers in an independent simulator: every one a process that asks for a connection."""
    world = simpy.Environment()
    pool = simpy.Resource(world, limit)
    waits = [math.nan] * len(arrivals)

    def caller(number: int) -> Any:
        yield world.timeout(arrivals[number])
        with pool.request() as request:
            gives_up = world.timeout(math.inf if timeout is None else timeout)
            served = yield request | gives_up
            if request not in served:
                waits[number] = math.inf
                return
            waits[number] = world.now - arrivals[number]
            yield world.timeout(holds[number])

    for number in range(len(arrivals)):
        world.process(caller(number))
    world.run()
    return waits


def callers(kind: str, count: int, load: float) -> tuple[list[float], list[float]]:
    """Arrivals at random, and holds that average 1 s and vary in one way or another."""
    chance = random.Random(f"{kind} {load}")
    draw = {
        "exponential": lambda: chance.expovariate(1),
        "constant": lambda: 1.0,
        "uniform": lambda: chance.uniform(0, 2),
        "mostly short": lambda: 11.0 if chance.random() < 1 / 12 else 1 / 11,
    }[kind]
    arrivals, now = [], 0.0
    for _ in range(count):
        now += chance.expovariate(load)
        arrivals.append(now)
    return arrivals, [draw() for _ in range(count)]


# -- right


@pytest.mark.parametrize("timeout", [None, 0.0, 0.3, 2.0])
@pytest.mark.parametrize(("limit", "load"), [(1, 0.8), (4, 3.6), (30, 33.0)])
@pytest.mark.parametrize("kind", ["exponential", "constant", "uniform", "mostly short"])
def test_every_caller_waits_as_long_as_in_simpy(kind: str, limit: int, load: float, timeout: float | None) -> None:
    arrivals, holds = callers(kind, 1500, load)

    ours, theirs = replay(arrivals, holds, limit, timeout), waits_in_simpy(arrivals, holds, limit, timeout)

    assert ours == pytest.approx(theirs, abs=1e-9)
    assert any(wait > 0 for wait in ours), "a run in which nobody waits compares nothing"


@pytest.mark.parametrize(("rate", "hold", "limit"), [(8, 0.1, 1), (100, 0.04, 6), (1000, 0.01, 12)])
def test_a_long_run_agrees_with_the_formulas(rate: float, hold: float, limit: int) -> None:
    run = simulate(rate, hold, limit, borrows=3_000_000, seed=4)

    assert run.mean_wait == pytest.approx(mean_wait(rate, hold, limit), rel=0.01)
    assert run.waited / run.borrows == pytest.approx(erlang_c(limit, rate * hold), rel=0.01)
    assert run.wait_percentile(99) == pytest.approx(wait_percentile(rate, hold, limit, 99), rel=0.01)
    assert run.in_use == pytest.approx(rate * hold, rel=0.01)


def test_constant_holds_wait_half_as_long() -> None:
    """One server, by Pollaczek and Khinchine: the mean wait is proportional to 1 + the variance of the holds."""
    run = simulate(8, [0.1], 1, borrows=1_000_000)

    assert run.mean_wait == pytest.approx(mean_wait(8, 0.1, 1) / 2, rel=0.01)


def test_a_pool_that_never_waits_refuses_as_erlang_says() -> None:
    """Without a queue it is Erlang's loss formula, which holds for any distribution of holds."""
    load, limit = 8, 10
    terms = [load**k / math.factorial(k) for k in range(limit + 1)]

    for hold in (0.1, [0.1], [0.02, 0.18]):
        run = simulate(80, hold, limit, timeout=0, borrows=1_000_000)
        assert run.gave_up / run.borrows == pytest.approx(terms[-1] / sum(terms), rel=0.01)
        assert run.longest_wait == 0


def test_those_who_give_up_waited_for_the_timeout() -> None:
    run = simulate(100, 1.0, 2, timeout=0.5, borrows=20_000)

    assert run.gave_up > 0.9 * run.borrows
    assert run.longest_wait == run.wait_percentile(100) == 0.5
    assert run.wait_percentile(50) == pytest.approx(0.5, rel=1e-3)
    assert run.in_use == pytest.approx(2, rel=0.01), "a pool that is overrun is never idle"


def test_evenly_spaced_callers_who_just_fit_never_wait() -> None:
    assert simulate(99.99, [0.1], 10, arrivals="constant").waited == 0
    assert simulate(99.99, [0.1], 10).waited > 0


def test_arrivals_and_holds_may_be_anything() -> None:
    spike = replay([0.0] * 50, [0.1] * 50, 5)

    assert spike == pytest.approx([0.1 * (number // 5) for number in range(50)])


def test_a_function_draws_the_holds() -> None:
    drawn = simulate(100, lambda random, count: random.uniform(0.0, 0.1, count), 8, borrows=200_000)
    listed = simulate(100, np.linspace(0, 0.1, 1000), 8, borrows=200_000)

    assert drawn.mean_wait == pytest.approx(listed.mean_wait, rel=0.1)


def test_the_same_seed_gives_the_same_run() -> None:
    first, again, other = (simulate(100, 0.04, 5, borrows=5000, seed=seed) for seed in (1, 1, 2))

    assert repr(first) == repr(again) != repr(other)


@pytest.mark.parametrize("borrows", [1, 10, BORROWS_AT_A_TIME - 1, BORROWS_AT_A_TIME, 2 * BORROWS_AT_A_TIME + 1])
def test_exactly_so_many_are_played(borrows: int) -> None:
    assert simulate(100, 0.04, 5, borrows=borrows).borrows == borrows


def test_the_chunks_are_one_run() -> None:
    """A queue at the end of one chunk is there at the start of the next."""
    run = simulate(100, 0.0998, 10, borrows=8 * BORROWS_AT_A_TIME, seed=1)

    assert run.longest_wait > 0.5
    assert run.mean_wait > 0.1


def totals_of(*parts: Any) -> Simulation:
    totals = _Totals(math.inf)
    for part in parts:
        totals.add(np.zeros(len(part)), part)
    return totals.result(1.0)


def test_waits_are_counted_by_size_and_percentiles_right_to_a_thousandth() -> None:
    waits = np.random.default_rng(0).lognormal(-6, 3, 100_001)
    run = totals_of(*np.array_split(waits, 7), np.zeros(50_000))

    everything = np.concatenate([waits, np.zeros(50_000)])
    assert (run.borrows, run.waited) == (150_001, 100_001)
    assert run.mean_wait == pytest.approx(everything.mean())
    assert run.longest_wait == waits.max()
    for percentile in (0, 10, 33.3, 34, 50, 90, 99, 99.99, 100):
        exact = np.percentile(everything, percentile, method="inverted_cdf")
        assert run.wait_percentile(percentile) == pytest.approx(exact, rel=1e-3)


def test_waits_of_any_size_are_counted() -> None:
    run = totals_of(np.array([1e-12, 1e30]))

    assert run.waited == 1
    assert run.wait_percentile(100) == 1e30


# -- bad input


def test_a_share_that_was_meant_as_a_percentile_is_noticed() -> None:
    with pytest.raises(BadSetting, match=r"percentile is 0.99. It counts out of 100: for 0.99 of all give 99\."):
        simulate(20, 0.1, 3, borrows=100).wait_percentile(0.99)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rate": 0}, "rate is 0. Give a number above 0"),
        ({"rate": math.nan}, "rate is nan. Give a number above 0"),
        ({"hold": -1}, "hold is -1. Give a number above 0, in seconds, a list of them, or a function"),
        ({"hold": "0.1"}, "hold is '0.1'"),
        ({"hold": []}, "without a single hold above 0"),
        ({"hold": [0, 0.0]}, "without a single hold above 0"),
        ({"hold": [0.1, math.inf]}, "hold is inf"),
        ({"hold": [0.1, None]}, "hold is None"),
        ({"hold": lambda random, count: np.zeros(3)}, r"returned shape \(3,\) for 65536"),
        ({"hold": lambda random, count: -np.ones(count)}, r"returned array\(\[-1\., .* 0 or more each"),
        ({"hold": lambda random, count: ["x"] * count}, "The function given as hold failed"),
        ({"hold": lambda: 1}, "The function given as hold failed: .* It is called with numpy's random generator"),
        ({"limit": 0}, "limit is 0. Give a whole number"),
        ({"limit": 2.5}, "limit is 2.5. Give a whole number"),
        ({"timeout": -1}, "timeout is -1. Give 0 or a number above it"),
        ({"timeout": math.inf}, "timeout is inf. Give 0 or a number above it"),
        ({"arrivals": "normal"}, "arrivals is 'normal'. It is 'poisson' or 'constant'"),
        ({"borrows": 0}, "borrows is 0. Give a whole number"),
        ({"borrows": 1e6}, "borrows is 1000000.0. Give a whole number"),
        ({"seed": -1}, "seed is -1. Give a whole number"),
        ({"hold": np.array(1.0)}, "hold is .*Give a list of seconds"),
        ({"hold": np.array([[0.1], [0.1]])}, "hold is array"),
        ({"hold": [1e308, 1e308]}, r"hold is 1e\+308. Give 1e\+12 at most, in seconds"),
        ({"hold": 1e308}, r"hold is 1e\+308. Give 1e\+12 at most, in seconds, a list"),
        ({"hold": lambda random, count: np.full(count, 1e308)}, r"returned array\(\[1\.e\+308"),
        ({"borrows": 10**9}, "borrows is 1000000000. Give a whole number of borrows: 1 to 100,000,000"),
        ({"rate": 1e308}, r"rate is 1e\+308. Give 1e\+12 at most, in callers per second"),
        ({"rate": 50}, "Lower the rate below 50, or raise the limit to 6 or more"),
        ({"hold": [0.2]}, "Lower the rate below 25, or raise the limit to 9 or more"),
        ({"hold": lambda random, count: np.full(count, 0.25)}, "Lower the rate below 20, or raise"),
    ],
)
def test_bad_arguments_get_a_sentence(changed: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"rate": 40, "hold": 0.1, "limit": 5, "borrows": 100} | changed

    with pytest.raises(BadSetting, match=message):
        simulate(**arguments)


def test_with_a_timeout_no_rate_is_too_high() -> None:
    assert simulate(1000, 0.1, 5, timeout=1, borrows=1000).gave_up > 0


@pytest.mark.parametrize(
    ("arrivals", "holds", "message"),
    [
        ([1, 2], [1], "2 arrivals and 1 holds"),
        ([2, 1], [1, 1], "not in order of time"),
        ([1, -1], [1, 1], "arrivals is -1"),
        ([1, 2], [1, math.nan], "holds is nan"),
        (5, [1], "arrivals is 5. Give a list of seconds, one for each caller"),
        ([1], None, "holds is None. Give a list of seconds"),
        (np.array(1.0), [1], "arrivals is .*Give a list of seconds"),
        ("12", [1, 1], "arrivals is '1'. Give 0 or a number above it, in seconds"),
        (range(10**9), [1, 1], "arrivals is longer than 10,000,000. Give fewer"),
        ([[1], [2]], [1, 1], r"arrivals is \[1\]"),
        ([1e308, 1e308], [1, 1], r"arrivals is 1e\+308. Give 1e\+12 at most, in seconds"),
        ([1, 1], [1e308, 1], r"holds is 1e\+308"),
    ],
)
def test_a_replay_needs_a_hold_for_each_arrival(arrivals: Any, holds: Any, message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        replay(arrivals, holds, 1)


@pytest.mark.parametrize("number", [np.float64, Decimal])
def test_numbers_of_any_kind_are_numbers(number: Any) -> None:
    same = simulate(number(10), number(0.125), 2, borrows=100)
    assert repr(same) == repr(simulate(10, 0.125, 2, borrows=100))
    assert same.wait_percentile(number(99)) == same.wait_percentile(99)


def test_a_replay_of_nobody() -> None:
    assert replay([], [], 3) == []
