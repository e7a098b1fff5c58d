"""The calculator's arithmetic and what it says."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from tutorial_lib.errors import BadSetting
from tutorial_lib.sizing.formulas import wait_percentile
from tutorial_lib.sizing.pool_size import size_pool

SERVICE = {"rate": 200.0, "hold": 0.05, "wait_budget": 0.005, "processes": 4}
"""Each process: 50 calls a second of 0.05 s, 2.5 connections in use."""


def test_the_limit_is_the_smallest_that_keeps_the_budget() -> None:
    size = size_pool(**SERVICE)

    assert wait_percentile(50, 0.05, size.limit) <= 0.005 < wait_percentile(50, 0.05, size.limit - 1)
    assert (size.limit, size.total, size.busy) == (7, 28, 2.5)


def test_one_pool_needs_less_than_several_that_share_the_same_rate() -> None:
    assert size_pool(**{**SERVICE, "processes": 1}).total < size_pool(**SERVICE).total


@pytest.mark.parametrize(("maxclients", "most", "fits"), [(28, 7, True), (27, 6, False), (3, 0, False)])
def test_it_fits_if_the_server_lets_in_all_pools_at_their_limit(maxclients: int, most: int, fits: bool) -> None:
    size = size_pool(**SERVICE, maxclients=maxclients)

    assert (size.most, size.fits) == (most, fits)


def test_the_curve_begins_where_a_steady_state_begins_and_falls() -> None:
    size = size_pool(**SERVICE)
    limits, waits = zip(*size.curve(), strict=True)

    assert limits[0] == 3
    assert limits == tuple(sorted(limits))
    assert size.limit in limits
    assert list(waits) == sorted(waits, reverse=True)
    assert size.wait(2) is None


def test_a_large_service_has_a_curve_of_few_points() -> None:
    size = size_pool(20_000, 0.1)

    assert len(size.curve()) < 100
    assert size.limit in dict(size.curve())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"maxclients": 50},
            "Each of 4 processes needs 7 connections: on average 2.5 will be in use, and with 7 at most 1 call in 100 "
            "waits longer than 5 ms. Together they open up to 28 of the 50 that the server lets in.",
        ),
        (
            {"maxclients": 20},
            "Together they open up to 28, and the server lets in 20. With 5 each, 1 call in 100 waits longer than "
            "51.4 ms. Accept that, or raise maxclients to 28.",
        ),
        (
            {"maxclients": 8},
            "With 2 each there is no steady state: the queue grows without end. Raise maxclients to 28, shorten the "
            "hold, or keep the rate below 160 a second.",
        ),
        ({"maxclients": 3}, "That is not one connection each: raise maxclients to 28, or run fewer processes."),
        ({"processes": 1, "maxclients": 10}, "the server lets in 10. With 10 there is no steady state"),
        ({"processes": 1, "rate": 0.1}, "The process needs 1 connection: on average 0.005 will be in use"),
        ({"wait_budget": 2, "rate": 240}, "at most 1 call in 100 waits longer than 2 s."),
        ({"percentile": 99.9}, "at most 1 call in 1,000 waits"),
    ],
)
def test_it_says_so_in_words(settings: dict[str, Any], sentence: str) -> None:
    assert sentence in str(size_pool(**{**SERVICE, **settings}))


def test_what_a_terminal_shows() -> None:
    size = size_pool(**SERVICE, maxclients=20)

    assert repr(size) == "PoolSize(limit=7, total=28, most=5, fits=False)"
    assert size._repr_markdown_().startswith("**7 connections for each pool.** Each of 4 processes needs 7")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rate": 0}, "rate is 0. Give a number above 0, in calls per second."),
        ({"rate": -1}, "rate is -1"),
        ({"rate": math.nan}, "rate is nan"),
        ({"hold": 0}, "hold is 0"),
        ({"hold": math.inf}, "hold is inf"),
        ({"wait_budget": -0.1}, "wait_budget is -0.1"),
        ({"processes": 0}, "processes is 0"),
        ({"processes": 2.5}, "processes is 2.5"),
        ({"maxclients": 0}, "maxclients is 0"),
        ({"percentile": 100}, "percentile is 100"),
        ({"rate": 1e6, "hold": 1000, "processes": 1}, "Check the units"),
        ({"processes": 10**30}, f"processes is {10**30}. Give a whole number of processes: 1 to 1,000,000,000."),
        ({"maxclients": 10**30}, f"maxclients is {10**30}"),
        ({"wait_budget": 1e308}, "wait_budget is 1e+308. Give 1e+12 at most, in seconds."),
        ({"hold": 1e308}, "hold is 1e+308. Give 1e+12 at most, in seconds."),
    ],
)
def test_settings_that_make_no_sense_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSetting) as error:
        size_pool(**{**SERVICE, **settings})

    assert said in str(error.value)


def test_the_curve_ends_at_the_most_that_a_pool_may_have() -> None:
    size = size_pool(999_997, 1, 10, maxclients=10**9)

    assert size.curve()[-1][0] <= 1_000_000


def test_numbers_of_any_kind_give_a_size_in_floats() -> None:
    size = size_pool(Decimal(100), Decimal("0.1"), Decimal("0.01"))  # type: ignore[arg-type]

    assert size == size_pool(100, 0.1, 0.01)
    assert [type(one) for one in (size.rate, size.hold, size.wait_budget)] == [float] * 3
