"""Times as a histogram: small, and two of them can be added, which percentiles cannot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutorial_lib.load.report import Seconds, TimeSummary

STEP = 1.01
SHORTEST_COUNTED, LONGEST_COUNTED = 1e-7, 1e5
EDGES = SHORTEST_COUNTED * STEP ** np.arange(math.ceil(math.log(LONGEST_COUNTED / SHORTEST_COUNTED, STEP)) + 1)
"""The upper ends of the buckets, in seconds, from a tenth of a microsecond to a day. The last bucket has none."""


@dataclass(frozen=True)
class Histogram:
    """How many times lie in each bucket. A bucket is 1 % wide, so a percentile is right to half a percent.

    The sum and the longest time are kept as they are, so the mean and the worst are exact.
    """

    counts: NDArray[np.int64]
    total: float
    worst: float

    @classmethod
    def of(cls, seconds: Seconds) -> Histogram:
        """Count ``seconds`` by buckets."""
        counts = np.bincount(np.searchsorted(EDGES, seconds), minlength=len(EDGES) + 1)
        return cls(counts, float(seconds.sum()), float(seconds.max()) if len(seconds) else math.nan)

    @classmethod
    def merged(cls, parts: Iterable[Histogram]) -> Histogram:
        """Put together what was counted apart. The result is what counting all the times at once would give."""
        counts, total, worst = np.zeros(len(EDGES) + 1, dtype=np.int64), 0.0, math.nan
        for part in parts:
            counts, total = counts + part.counts, total + part.total
            worst = float(np.fmax(worst, part.worst))
        return cls(counts, total, worst)

    def __len__(self) -> int:
        return int(self.counts.sum())

    def percentile(self, percent: float) -> float:
        """Return the time that ``percent`` of 100 did not exceed; ``nan`` if there was none."""
        if not len(self):
            return math.nan
        rank = max(1, math.ceil(percent / 100 * len(self)))
        bucket = int(np.searchsorted(self.counts.cumsum(), rank))
        middle = EDGES[bucket] / math.sqrt(STEP) if bucket < len(EDGES) else math.inf
        return min(float(middle), self.worst)

    def summary(self) -> TimeSummary:
        """Return the mean, three percentiles and the worst."""
        mean = self.total / len(self) if len(self) else math.nan
        return TimeSummary(mean, self.percentile(50), self.percentile(95), self.percentile(99), self.worst)
