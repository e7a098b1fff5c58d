"""A histogram of times: what it gives away, and that two can be added."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from tutorial_lib.load.histogram import Histogram

TIMES = np.random.default_rng(1).lognormal(-7, 1.5, 5000)


def order_statistic(seconds: np.ndarray, percent: float) -> float:
    return float(np.percentile(seconds, percent, method="inverted_cdf"))


@pytest.mark.parametrize("percent", [1, 50, 95, 99, 99.9])
def test_a_percentile_is_right_to_half_a_percent(percent: float) -> None:
    assert Histogram.of(TIMES).percentile(percent) == pytest.approx(order_statistic(TIMES, percent), rel=0.0051)


def test_mean_and_worst_are_exact() -> None:
    summary = Histogram.of(TIMES).summary()

    assert summary.mean == pytest.approx(TIMES.mean(), rel=1e-12)
    assert summary.worst == TIMES.max()


def test_two_that_are_added_are_one_of_all_the_times() -> None:
    """Percentiles of parts cannot be averaged: a slow part of one in ten would move the median of nothing."""
    slow = TIMES[:500] * 1000
    together, apart = np.concatenate([TIMES, slow]), [Histogram.of(TIMES), Histogram.of(slow)]

    merged = Histogram.merged(pickle.loads(pickle.dumps(part)) for part in apart)

    assert (merged.counts == Histogram.of(together).counts).all()
    assert merged.summary().mean == pytest.approx(together.mean())
    assert merged.summary().worst == together.max()
    assert merged.percentile(99) == pytest.approx(order_statistic(together, 99), rel=0.0051)
    middle = (apart[0].percentile(99) + apart[1].percentile(99)) / 2
    assert abs(middle / merged.percentile(99) - 1) > 0.3, "what averaging them would have given"


def test_no_times_have_no_figures() -> None:
    nothing = Histogram.of(np.array([]))

    assert all(math.isnan(figure) for figure in vars(nothing.summary()).values())
    assert Histogram.merged([nothing, Histogram.of(np.array([0.25]))]).summary().worst == 0.25
    assert all(math.isnan(figure) for figure in vars(Histogram.merged([]).summary()).values())


def test_what_is_outside_of_all_buckets_is_counted() -> None:
    odd = Histogram.of(np.array([0.0, 1e-9, 1e7]))

    assert len(odd) == 3
    assert odd.percentile(1) < 1e-6
    assert odd.percentile(100) == 1e7
