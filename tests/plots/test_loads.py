"""Measurements as pictures: what stands above them, what is marked, and the words for those who do not see them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import redis

from tests.load.fakes import TurnedClock, borrower, plain_pool, report_of
from tests.plots.test_recordings import headline, words
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.report import FALLBACK_NOTE
from tutorial_lib.load.sweep import Sweep, sweep
from tutorial_lib.load.workload import Workload
from tutorial_lib.plots.knee import plot_pool_size
from tutorial_lib.plots.loads import plot_load, plot_rtt_curve, plot_sweep
from tutorial_lib.plots.picture import Picture
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.sizing.pool_size import size_pool


def texts(picture: Picture) -> set[str]:
    return words(picture) | {text.get_text() for text in picture.figure.findobj(lambda it: hasattr(it, "get_text"))}


def swept(limits: list[int], hold: float = 0.25) -> Sweep:
    """Ten calls a second of 0.25 s: 2.5 connections are in use on average."""
    clock = TurnedClock()
    load = Workload(borrower(clock, hold), rate=10, arrivals="constant", count=6, users=1)
    return sweep(limits, load, plain_pool, rounds=2, clock=clock)


# -- one load


def test_a_load_tells_a_stall_from_the_service_time() -> None:
    picture = plot_load(report_of(*[0.001] * 98, 0.2, 0.2))

    assert headline(picture) == "99 in 100 calls: 0.20 s since they were due, 0.20 s with a connection"
    assert {"since it was due", "with a connection"} <= words(picture)
    assert picture.alt.startswith("Calls by the time when they were due. 99 in 100")
    assert repr(picture) == "<load of 100 calls>"


def test_a_load_without_a_call_is_a_picture_too() -> None:
    picture = plot_load(report_of())

    assert headline(picture) == "No call was done"
    assert picture.png().startswith(b"\x89PNG")


# -- a sweep


def test_a_sweep_has_what_was_measured_and_what_was_predicted() -> None:
    picture = plot_sweep(swept([3, 4]))

    assert {"measured (bar: 2 rounds)", "predicted", "2.5 in use\non average", "10 come"} <= words(picture)
    assert "cannot keep up" not in words(picture)
    assert "Measured: limit 3: 0 µs, limit 4: 0 µs. Predicted: 3: " in picture.alt


def test_a_limit_without_a_steady_state_has_a_mark_of_its_own() -> None:
    picture = plot_sweep(swept([2, 3]))

    assert "cannot keep up" in words(picture)
    crosses = [line for line in picture.figure.axes[0].lines if line.get_marker() == "X"]
    assert [list(line.get_xdata()) for line in crosses] == [[2]]  # type: ignore[arg-type]


def test_bars_span_the_rounds() -> None:
    measured = swept([3])
    for report, mean in zip(measured.reports[3], (0.002, 0.005), strict=True):
        report.calls.waiting[:] = mean
    picture = plot_sweep(Sweep(measured.workload, measured.reports))

    (bar,) = picture.figure.axes[0].collections[0].get_segments()  # type: ignore[attr-defined]
    assert bar[:, 1] == pytest.approx([2.0, 5.0]), "milliseconds"


def with_waits(waits: dict[int, float]) -> Picture:
    """Draw a sweep in which callers waited for so many seconds with each limit."""
    measured = swept(list(waits))
    for limit, seconds in waits.items():
        for report in measured.reports[limit]:
            report.calls.waiting[:] = seconds
    return plot_sweep(Sweep(measured.workload, measured.reports))


def test_a_wait_without_an_end_leaves_the_others_their_room() -> None:
    picture = with_waits({2: 1.5, 3: 0.01, 4: 0.001})

    axes = picture.figure.axes[0]
    (cross,) = [line for line in axes.lines if line.get_marker() == "X"]
    assert list(cross.get_ydata()) == [50.0], "five times the longest that lasts"  # type: ignore[arg-type]
    assert axes.get_ylim()[1] > 50
    assert "↑ 1.50 s" in words(picture)


def test_what_has_room_stands_where_it_was_measured() -> None:
    picture = with_waits({2: 0.04, 3: 0.01})

    (cross,) = [line for line in picture.figure.axes[0].lines if line.get_marker() == "X"]
    assert list(cross.get_ydata()) == [pytest.approx(40.0)]  # type: ignore[arg-type]
    assert not any("↑" in text for text in words(picture))


def test_waits_have_an_axis_of_even_steps() -> None:
    assert plot_sweep(swept([3, 4])).figure.axes[0].get_yscale() == "linear"


def test_a_closed_loop_has_no_prediction_and_its_rate_is_the_headline() -> None:
    clock = TurnedClock()
    measured = sweep([1, 2], Workload(borrower(clock, 0.25), users=1, count=4), plain_pool, clock=clock)
    picture = plot_sweep(measured)

    assert headline(picture) == "From limit 1 to 2 calls per second go from 4 to 4"
    assert "predicted" not in words(picture)


@pytest.mark.parametrize("pace", [{"count": 3}, {"count": 3, "rate": 1000}])
def test_a_sweep_in_which_no_call_was_done_is_told_why(pace: dict[str, Any]) -> None:
    def down(client: redis.Redis) -> None:
        raise redis.ResponseError("unknown command 'GTE'")

    with pytest.raises(BadSetting) as error:
        plot_sweep(sweep([1, 2], Workload(down, **pace), plain_pool))

    assert str(error.value) == (
        "No call was done with limit 1. The first: ResponseError: unknown command 'GTE'. Try the work by itself."
    )


def test_a_limit_that_refused_every_call_is_told() -> None:
    refused = sweep([1, 2], Workload(two_at_once, users=1, count=3), plain_pool)

    with pytest.raises(BadSetting, match=r"limit 1\. The pool refused them all: try a larger limit"):
        plot_sweep(refused)


def two_at_once(client: redis.Redis) -> None:
    pool = client.connection_pool
    first = pool.get_connection()
    try:
        pool.release(pool.get_connection())
    finally:
        pool.release(first)


def test_a_sweep_in_which_no_call_fell_due_is_told() -> None:
    measured = sweep([1, 2], Workload("PING", rate=0.001, duration=0.001), plain_pool)

    with pytest.raises(BadSetting, match="None fell due: raise the rate or the duration"):
        plot_sweep(measured)


# -- distance


def test_distance_and_what_it_costs() -> None:
    picture = plot_rtt_curve([0, 0.001, 0.02], [0.0012, 0.01, 0.12], [0.0001, 0.0016, 0.02])

    assert headline(picture) == "Without a pool: 12 times as long here, 6 times as long 20 ms away"
    assert {"new", "pooled", "ratio"} <= words(picture)
    assert "1 ms away: 10 ms new, 2 ms pooled" in picture.alt


def test_points_may_come_in_any_order() -> None:
    picture = plot_rtt_curve([0.02, 0], [0.12, 0.0012], [0.02, 0.0001])

    assert headline(picture).endswith("12 times as long here, 6 times as long 20 ms away")


def test_one_distance_is_enough() -> None:
    assert headline(plot_rtt_curve([0.01], [0.06], [0.01])).endswith(": 6 times as long 10 ms away")


def test_points_may_be_arrays() -> None:
    lists = [0.02, 0], [0.12, 0.0012], [0.02, 0.0001]
    assert plot_rtt_curve(*map(np.array, lists)).alt == plot_rtt_curve(*lists).alt  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([], [], []), "Give as many of each, one at least"),
        (([0, 1], [1], [1]), "2 round trips, 1 new and 1 pooled times"),
        ((0.01, [1], [1]), "round_trips is 0.01. Give a list of seconds, one for each distance."),
        (([-1], [1], [1]), "round_trips is -1"),
        (([0], [0], [1]), "new is 0"),
        (([0], [1], [math.nan]), "pooled is nan"),
        (([0.001, None], [1, 2], [1, 2]), "round_trips is None. Give 0 or a number above it, in seconds"),
        (([0, 0], [1, "2"], [1, 2]), "new is '2'"),
        ((np.array(0.01), [1], [1]), "round_trips is .*Give a list of seconds, one for each distance"),
        (([0], np.array([[1.0]]), [1]), r"new is array\(\[1"),
        (([0], [1e308], [1]), r"new is 1e\+308. Give 1e\+12 at most, in seconds"),
        (([1e308], [1], [1]), r"round_trips is 1e\+308"),
        (([0], [1], [1], "x"), "server is 'x'"),
    ],
)
def test_points_that_make_no_sense_are_told(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        plot_rtt_curve(*arguments)


# -- the size of a pool


@pytest.mark.parametrize(
    ("settings", "title", "marked"),
    [
        ({"processes": 4, "maxclients": 50}, "7 connections each will do, and the server allows 12 each", "allows 12"),
        (
            {"processes": 4, "maxclients": 20},
            "7 connections each will do, and the server allows only 5 each",
            "allows 5",
        ),
        ({"processes": 1}, "18 connections will do, and the server allows 10,000", None),
        (
            {"processes": 4, "maxclients": 3},
            "7 connections each will do, and the server allows only 0 each",
            "allows 0",
        ),
    ],
)
def test_the_knee_and_what_the_server_allows(settings: dict[str, int], title: str, marked: str | None) -> None:
    size = size_pool(200, 0.05, **settings)  # type: ignore[arg-type]
    picture = plot_pool_size(size)

    assert headline(picture) == title
    assert [text for text in words(picture) if "allows" in text] == ([f"the server\n{marked}"] if marked else [])
    assert {"budget 5 ms", f"{size.limit}"} <= words(picture)
    assert picture.alt == f"Wait by limit. {size}"


@pytest.mark.parametrize("rate", [0.01, 1, 20_000])
def test_small_and_large_services_can_be_drawn(rate: float) -> None:
    assert plot_pool_size(size_pool(rate, 0.05)).png().startswith(b"\x89PNG")


# -- what cannot be drawn


@pytest.mark.parametrize(
    ("plot", "said"),
    [
        (plot_load, r"report is 3, not a LoadReport. run_load\(pool, workload\) returns one."),
        (plot_sweep, r"measured is 3, not a Sweep. sweep\(limits, workload, make_pool\) returns one."),
        (plot_pool_size, r"size is 3, not a PoolSize. size_pool\(rate, hold\) returns one."),
    ],
)
def test_what_cannot_be_drawn_is_told(plot: Callable[[Any], Picture], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        plot(3)


def test_a_report_is_told_from_a_sweep() -> None:
    with pytest.raises(BadSetting, match="not a Sweep"):
        plot_sweep(report_of(0.1))  # type: ignore[arg-type]


# -- on the fallback


def test_on_the_fallback_every_picture_says_that_times_are_no_result() -> None:
    with FakeServer() as server:
        distance = plot_rtt_curve([0.01], [0.06], [0.01], server)
    fallback = Sweep(Workload("PING", rate=5), {1: [report_of(0.1, workload=Workload("PING", rate=5), real=False)]})

    for picture in (distance, plot_load(report_of(0.1, real=False)), plot_sweep(fallback)):
        assert FALLBACK_NOTE in texts(picture)
        assert picture.alt.endswith(FALLBACK_NOTE), "whoever cannot see it is told as well"
    assert FALLBACK_NOTE not in texts(plot_load(report_of(0.1, real=True)))


@pytest.mark.parametrize(
    "make",
    [lambda: plot_load(report_of(0.1)), lambda: plot_sweep(swept([2, 3])), lambda: plot_rtt_curve([0], [2], [1])],
)
def test_colour_is_never_the_only_difference(make: Callable[[], Picture]) -> None:
    """Whatever has another colour has another marker, another line or its name beside it."""
    axes = make().figure.axes[0]
    kinds = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in axes.lines}

    assert len({colour for colour, _, _ in kinds}) <= len({(marker, line) for _, marker, line in kinds})
