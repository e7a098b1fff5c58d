"""Percentiles of any number of waits in a fixed amount of memory."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tutorial_lib import arguments

SHORTEST = 1e-9
"""Waits below a nanosecond are rounding errors of the clock, and count as none."""

GROWTH = math.log1p(0.001)
"""Each bin is 0.1 % wider than the one before, so a percentile is right to 0.05 % of itself."""

BINS = math.ceil(math.log(1e9 / SHORTEST) / GROWTH)
"""Up to thirty years; anything longer falls into the last bin."""


class WaitHistogram:
    """Counts waits, in seconds, by their size: 330 KB however many there are."""

    def __init__(self) -> None:
        self.zeros = 0
        self.longest = 0.0
        self._sum = 0.0
        self._bins = np.zeros(BINS, dtype=np.int64)

    def add(self, waits: NDArray[np.float64]) -> None:
        """Count these in. None may be negative, infinite or NaN."""
        real = waits[waits >= SHORTEST]
        self.zeros += len(waits) - len(real)
        if len(real):
            self._sum += float(real.sum())
            self.longest = max(self.longest, float(real.max()))
            places = (np.log(real / SHORTEST) / GROWTH).astype(np.int64)
            self._bins += np.bincount(np.minimum(places, BINS - 1), minlength=BINS)

    @property
    def count(self) -> int:
        return self.zeros + int(self._bins.sum())

    @property
    def mean(self) -> float:
        return self._sum / self.count if self.count else 0.0

    def percentile(self, percentile: float) -> float:
        """Return the smallest wait that ``percentile`` (0 to 100) of 100 do not exceed."""
        rank = max(1, math.ceil(arguments.percentile("percentile", percentile, below_100=False) / 100 * self.count))
        if rank <= self.zeros:
            return 0.0
        if rank == self.count:
            return self.longest
        place = int(np.searchsorted(np.cumsum(self._bins), rank - self.zeros))
        middle = SHORTEST * math.exp((place + 0.5) * GROWTH)
        return min(middle, self.longest)
