from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tutorial_lib.errors import BadSetting
from tutorial_lib.sizing.formulas import (
    connections_needed,
    erlang_c,
    fleet_budget,
    in_flight,
    mean_wait,
    wait_percentile,
)

NOT_NUMBERS: list[Any] = [
    *[math.nan, math.inf, -math.inf, "5", b"5", bytearray(b"5"), None, True, np.True_],
    *[[5], np.array([5.0]), np.array([[5.0]]), 1j, np.complex128(1)],
]


# -- right


def test_little() -> None:
    assert in_flight(200, 0.05) == pytest.approx(10)
    assert in_flight(200, 0) == 0


@pytest.mark.parametrize(
    ("limit", "load", "published"),
    [
        (14, 10, 0.1741319),  # the README of the R package ErlangC 0.1.0: 100 calls in 30 minutes, 180 s each
        (11, 10, 0.6821182),  # the same
        (2, 1, 1 / 3),  # two servers, by hand: the closed form is load² / (2 + load)
        (3, 2, 4 / 9),  # three servers, by hand
        (1, 0.7, 0.7),  # one server: the load itself
    ],
)
def test_chance_of_waiting_as_published(limit: int, load: float, published: float) -> None:
    assert erlang_c(limit, load) == pytest.approx(published, rel=1e-6)


# J. Dunlop, D. Girma, J. Irvine, Digital Mobile Communications and the TETRA System (1999), appendix A.4: an Erlang C
# table, which rounds the load to three digits, and the example before it, about calls delayed beyond the mean hold.
@pytest.mark.parametrize(("limit", "load", "published"), [(8, 3.87, 0.05), (10, 4.08, 0.01)])
def test_chance_of_waiting_in_a_printed_table(limit: int, load: float, published: float) -> None:
    assert erlang_c(limit, load - 0.005) < published < erlang_c(limit, load + 0.005)


@pytest.mark.parametrize(("limit", "published"), [(8, 0.016), (10, 0.0022)])
def test_share_of_those_who_wait_that_waits_long_in_a_printed_example(limit: int, published: float) -> None:
    """At a load of 3.87, of those who wait 1.6 % wait longer than a hold with 8 channels, and 0.22 % with 10."""
    longer = erlang_c(limit, 3.87) * published

    assert wait_percentile(3.87, 1, limit, 100 * (1 - longer)) == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("limit", [1, 2, 5, 30, 120])
@pytest.mark.parametrize("utilisation", [Fraction(1, 1000), Fraction(1, 2), Fraction(19, 20), Fraction(9999, 10000)])
def test_chance_of_waiting_by_the_definition(limit: int, utilisation: Fraction) -> None:
    load = limit * utilisation
    terms = [load**k / Fraction(math.factorial(k)) for k in range(limit + 1)]
    waiting = terms[limit] / (1 - utilisation)

    assert erlang_c(limit, float(load)) == pytest.approx(float(waiting / (sum(terms[:limit]) + waiting)), rel=1e-9)


@pytest.mark.parametrize("load", [9_000, 9_900, 9_999])
def test_ten_thousand_connections(load: int) -> None:
    """The definition itself overflows a float here; sixty digits and no limit on the exponent do not."""
    with localcontext() as context:
        context.prec = 60
        term = total = Decimal(1)
        for k in range(1, 10_000):
            term = term * load / k
            total += term
        waiting = term * load / 10_000 / (1 - Decimal(load) / 10_000)
        expected = float(waiting / (total + waiting))

    assert erlang_c(10_000, load) == pytest.approx(expected, rel=1e-9)


def test_a_chance_too_small_for_a_float_is_none() -> None:
    assert erlang_c(10_000, 1) == 0
    assert mean_wait(1e-200, 1e-200, 5) == 0


def test_waits_as_published() -> None:
    """In the same README: the average speed of answer, the service level within 20 s, and the agents for 80 %."""
    rate, hold = 100 / 1800, 180

    assert mean_wait(rate, hold, 14) == pytest.approx(7.83593701177724)
    assert wait_percentile(rate, hold, 14, 88.835) == pytest.approx(20, rel=1e-3)
    assert connections_needed(rate, hold, 20, 80) == 14


def test_percentiles_agree_with_the_mean() -> None:
    """The mean is the area under the tail: the percentiles, added up."""
    steps = 20_000
    shares = [100 * (step + 0.5) / steps for step in range(steps) if step >= steps / 100]  # Below 1 nobody waits.
    area = sum(wait_percentile(90, 0.1, 10, share) for share in shares) / steps

    assert area == pytest.approx(mean_wait(90, 0.1, 10), rel=1e-3)


def test_nobody_waits_at_a_percentile_that_finds_a_connection_free() -> None:
    assert erlang_c(14, 10) < 0.2
    assert wait_percentile(10, 1, 14, 80) == 0
    assert wait_percentile(10, 1, 14, 99) > 0


@pytest.mark.parametrize(
    ("rate", "hold", "budget"), [(1000, 0.005, 0.001), (200, 0.05, 0.01), (5, 0.001, 0), (3, 1, 9)]
)
def test_the_smallest_limit_that_keeps_the_budget(rate: float, hold: float, budget: float) -> None:
    limit = connections_needed(rate, hold, budget, 99)

    assert wait_percentile(rate, hold, limit, 99) <= budget
    if limit - 1 > rate * hold:
        assert wait_percentile(rate, hold, limit - 1, 99) > budget


def test_a_small_service_needs_one_connection() -> None:
    assert connections_needed(5, 0.001, 0.01) == 1


def test_a_fleet_shares_the_servers_limit() -> None:
    assert fleet_budget(10_000, 40, 6) == 41
    assert fleet_budget(10_000, 40, 6, reserve=160) == 41
    assert fleet_budget(10_000, 40, 6, reserve=161) == 40
    assert fleet_budget(1, 1) == 1


# -- bad input


@pytest.mark.parametrize("value", [0, -1, *NOT_NUMBERS])
@pytest.mark.parametrize(
    "call",
    [
        lambda value: in_flight(value, 1),
        lambda value: erlang_c(5, value),
        lambda value: mean_wait(value, 0.1, 5),
        lambda value: mean_wait(5, value, 5),
        lambda value: wait_percentile(value, 0.1, 5),
        lambda value: connections_needed(value, 0.1, 1),
        lambda value: connections_needed(5, value, 1),
    ],
)
def test_a_number_above_0_is_needed(call: Any, value: Any) -> None:
    with pytest.raises(BadSetting, match=r"^(rate|hold|load) is .*Give a number above 0, in "):
        call(value)


@pytest.mark.parametrize("value", [-1, *NOT_NUMBERS])
@pytest.mark.parametrize("call", [lambda value: in_flight(5, value), lambda value: connections_needed(5, 0.1, value)])
def test_a_number_that_is_not_negative_is_needed(call: Any, value: Any) -> None:
    with pytest.raises(BadSetting, match="Give 0 or a number above it, in seconds"):
        call(value)


@pytest.mark.parametrize("value", [0, -1, 2.5, 5.0, 1_000_001, *NOT_NUMBERS])
def test_a_limit_is_a_whole_number_of_connections(value: Any) -> None:
    with pytest.raises(BadSetting, match=r"limit is .*whole number of connections: 1 to 1,000,000"):
        erlang_c(value, 0.5)


@pytest.mark.parametrize("value", [100, -1, 1000, *NOT_NUMBERS])
def test_a_percentile_is_below_100(value: Any) -> None:
    with pytest.raises(BadSetting, match=r"percentile is .*0 to below 100"):
        wait_percentile(5, 0.1, 5, value)


@pytest.mark.parametrize("share", [0.99, 0.5, 0.999])
def test_a_share_that_was_meant_as_a_percentile_is_noticed(share: float) -> None:
    """0.99 percent of all callers find a connection free nearly always: a wrong answer that looks like a good one."""
    with pytest.raises(BadSetting, match=rf"percentile is {share}. It counts out of 100: .* give {100 * share:g}\."):
        connections_needed(200, 0.05, 0.005, share)


@pytest.mark.parametrize("limit", [9, 10])
def test_no_steady_state_says_what_fits(limit: int) -> None:
    with pytest.raises(BadSetting, match=rf"never settles.*Give a load below {limit}, or a limit of 11 or more"):
        erlang_c(limit, 10)
    for function in (mean_wait, wait_percentile):
        with pytest.raises(
            BadSetting, match=rf"grows without end. Lower the rate below {limit * 10}, or raise .* 11 or more"
        ):
            function(100, 0.1, limit)


def test_what_fits_fits() -> None:
    assert mean_wait(89.99, 0.1, 9) > 0
    assert mean_wait(100, 0.1, 11) > 0


@pytest.mark.parametrize(("rate", "hold"), [(10_000, 100), (1e12, 1e12)])
def test_milliseconds_taken_for_seconds_are_noticed(rate: float, hold: float) -> None:
    with pytest.raises(BadSetting, match="Check the units"):
        connections_needed(rate, hold, 1)
    with pytest.raises(BadSetting, match="Check the units"):
        mean_wait(rate, hold, 5)


@pytest.mark.parametrize(
    "arguments", [(0, 1), (10, 0), (10, 1, 0), (10, 1, 1, -1), (10.0, 1), ("10", 1), (10, 1, 1, math.nan), (True, 1)]
)
def test_a_fleet_is_counted_in_whole_numbers(arguments: Any) -> None:
    with pytest.raises(BadSetting, match="whole number of"):
        fleet_budget(*arguments)


def test_an_impossible_fleet_says_what_would_do() -> None:
    with pytest.raises(BadSetting, match=r"leaves 180: not one .*40 times 6 in each: 240.*maxclients to 260 or more"):
        fleet_budget(200, 40, 6, reserve=20)
    with pytest.raises(BadSetting, match=r"leaves 0: not one connection for each pool"):
        fleet_budget(10, 1, 1, reserve=20)
    assert fleet_budget(260, 40, 6, reserve=20) == 1


def test_numbers_of_numpy_and_fractions_are_numbers() -> None:
    assert erlang_c(np.int64(2), np.float32(1)) == pytest.approx(1 / 3)
    assert in_flight(Fraction(1, 2), 2) == 1


@pytest.mark.parametrize("number", [Decimal, Fraction, np.float64])
def test_numbers_of_any_kind_give_the_same_floats(number: Any) -> None:
    rate, hold, budget, percentile = (number(one) for one in (12.5, 0.125, 0.25, 99))
    pairs = [
        (mean_wait(rate, hold, 2), mean_wait(12.5, 0.125, 2)),
        (wait_percentile(rate, hold, 2, percentile), wait_percentile(12.5, 0.125, 2)),
        (connections_needed(rate, hold, budget, percentile), connections_needed(12.5, 0.125, 0.25)),
    ]
    for ours, plain in pairs:
        assert ours == plain
        assert type(ours) is type(plain)
    with pytest.raises(BadSetting, match="Lower the rate below 8, or raise the limit to 2 or more"):
        mean_wait(rate, hold, 1)


def test_the_waits_of_a_numpy_limit_are_plain_floats() -> None:
    assert type(mean_wait(10, 0.1, np.int64(2))) is float
    assert type(wait_percentile(10, 0.1, np.int64(2))) is float


# -- too much


def test_more_connections_than_a_million_are_not_an_answer() -> None:
    with pytest.raises(BadSetting, match=r"over 1,000,000 connections.*Raise the wait_budget, lower the rate or"):
        connections_needed(999_999.5, 1, 0, 99.9)
    assert connections_needed(999_999.5, 1, 10) == 1_000_000


@pytest.mark.parametrize("name", ["maxclients", "processes", "pools_per_process", "reserve"])
def test_a_fleet_of_more_than_a_billion_is_a_slip(name: str) -> None:
    numbers = {"maxclients": 10, "processes": 1} | {name: 10**10}
    with pytest.raises(BadSetting, match=rf"^{name} is 10000000000\. .* to 1,000,000,000"):
        fleet_budget(**numbers)
