"""A pool that waits, played through on paper: for holds, arrivals and timeouts that no formula covers.

Callers are served in the order in which they come, each by the connection that is free first. That makes one heap
enough: the moments at which the connections will next be free (J. Kiefer and J. Wolfowitz, "On the theory of
queues with many servers", 1955).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapreplace
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tutorial_lib import arguments
from tutorial_lib.arguments import LARGEST, in_short, not_negative, positive, several, whole
from tutorial_lib.errors import BadSetting
from tutorial_lib.sizing.formulas import MOST_CONNECTIONS, load_that_settles

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
Hold = float | Sequence[float] | Floats | Draw
Arrivals = Literal["poisson", "constant"]

BORROWS_AT_A_TIME = 65_536
"""Borrows that are drawn and played at a time: it bounds the memory, whatever the length of the run."""

SHORTEST_WAIT = 1e-9
"""Waits below a nanosecond are rounding errors of the clock, and count as none."""

GROWTH = math.log1p(0.001)
WAITS: Floats = SHORTEST_WAIT * np.exp((np.arange(math.ceil(math.log(1e9 / SHORTEST_WAIT) / GROWTH)) - 0.5) * GROWTH)
"""Seconds: up to thirty years, each 0.1 % more than the one before. Counting waits by size takes 330 KB, however many
there are, and a percentile is right to 0.05 % of itself."""
WAITS[0] = 0.0

MOST_BORROWS = 100_000_000
"""Of one simulation: a minute's work or two."""

MOST_REPLAYED = 10_000_000
"""Callers of one replay: some seconds' work, and a gigabyte."""


@dataclass(frozen=True)
class Simulation:
    """What a simulated pool did. Times are seconds; a caller who gave up waited for ``timeout``."""

    borrows: int
    """Callers who came, those who gave up among them."""
    gave_up: int
    waited: int
    """Callers who did not find a connection free."""
    mean_wait: float
    longest_wait: float
    in_use: float
    """Connections in use, on average."""
    _counts: NDArray[np.int64] = field(repr=False, compare=False)
    """How many waited for each of WAITS."""

    def wait_percentile(self, percentile: float) -> float:
        """The seconds within which ``percentile`` (0 to 100) of 100 callers stopped waiting, to 0.1 %."""
        share = arguments.percentile("percentile", percentile, below_100=False) / 100
        rank = max(1, math.ceil(share * self.borrows))
        if rank == self.borrows:
            return self.longest_wait
        place = int(np.searchsorted(np.cumsum(self._counts), rank))
        return min(float(WAITS[place]), self.longest_wait)


def simulate(
    rate: float,
    hold: Hold,
    limit: int,
    *,
    timeout: float | None = None,
    arrivals: Arrivals = "poisson",
    borrows: int = 100_000,
    seed: int = 0,
) -> Simulation:
    """Play ``borrows`` of a pool with ``limit`` connections, after a tenth as many to warm up.

    ``rate`` is callers per second, at random moments (``"poisson"``) or evenly spaced (``"constant"``).

    ``hold``, in seconds, is a number (exponential with that mean: what the formulas in ``sizing`` assume), a
    list of holds that you measured (drawn at random; a list of one is a constant hold), or a function
    ``draw(random, count)`` that returns ``count`` of them, given numpy's random generator.

    ``timeout`` is how long a caller waits before giving up: None waits for ever, 0 is a pool that never waits.

    The same ``seed`` gives the same run. Memory does not grow with ``borrows``. BadSetting if nobody gives up
    and ``limit`` connections cannot keep up with ``rate``, and for more than a hundred million ``borrows``.
    """
    rate = positive("rate", rate, "callers per second")
    limit = whole("limit", limit, "connections", at_least=1, at_most=MOST_CONNECTIONS)
    borrows = whole("borrows", borrows, "borrows", at_least=1, at_most=MOST_BORROWS)
    gives_up_after = math.inf if timeout is None else not_negative("timeout", timeout, "seconds")
    random = np.random.default_rng(whole("seed", seed, "any kind", at_least=0))
    clock = _Arrivals(arrivals, rate, random)
    draw, mean_hold = _how_to_draw(hold, random)
    if timeout is None:
        load_that_settles(rate, mean_hold, limit)

    free = [0.0] * limit
    for size in _chunks(borrows // 10):
        play(clock.next(size).tolist(), draw(random, size).tolist(), free, gives_up_after)

    started, totals = clock.now, _Totals(gives_up_after)
    for size in _chunks(borrows):
        moments, holds = clock.next(size), draw(random, size)
        totals.add(holds, np.array(play(moments.tolist(), holds.tolist(), free, gives_up_after)))
    return totals.result(clock.now - started)


def replay(arrivals: Sequence[float], holds: Sequence[float], limit: int, timeout: float | None = None) -> list[float]:
    """Play the callers that came at ``arrivals`` and held for ``holds`` seconds; return how long each waited.

    ``math.inf`` marks a caller who gave up after ``timeout`` seconds. Give arrivals in seconds from any start,
    the earliest first; ten million callers at most.
    """
    limit = whole("limit", limit, "connections", at_least=1, at_most=MOST_CONNECTIONS)
    gives_up_after = math.inf if timeout is None else not_negative("timeout", timeout, "seconds")
    moments, held = _times("arrivals", arrivals), _times("holds", holds)
    if len(moments) != len(held):
        raise BadSetting(f"There are {len(moments)} arrivals and {len(held)} holds. Give one hold for each arrival.")
    if any(later < earlier for earlier, later in pairwise(moments)):
        raise BadSetting("The arrivals are not in order of time. Sort them, together with their holds.")
    return play(moments, held, [0.0] * limit, gives_up_after)


def _times(name: str, values: Any) -> list[float]:
    how = "Give a list of seconds, one for each caller."
    return [not_negative(name, seconds, "seconds") for seconds in several(name, values, how, at_most=MOST_REPLAYED)]


def play(arrivals: list[float], holds: list[float], free: list[float], gives_up_after: float) -> list[float]:
    """Serve the callers in turn and return their waits, inf for those who gave up.

    ``free`` is a heap of the moments at which each connection is next free; it is left as the last caller found
    it. Names are bound outside the loop because it runs tens of millions of times.
    """
    waits: list[float] = []
    note, occupy = waits.append, heapreplace
    for now, hold in zip(arrivals, holds, strict=True):
        start = free[0]
        if start <= now:
            occupy(free, now + hold)
            note(0.0)
        elif start - now <= gives_up_after:
            occupy(free, start + hold)
            note(start - now)
        else:
            note(math.inf)
    return waits


def _chunks(borrows: int) -> Iterator[int]:
    for start in range(0, borrows, BORROWS_AT_A_TIME):
        yield min(BORROWS_AT_A_TIME, borrows - start)


class _Arrivals:
    """The moments at which callers come, chunk after chunk."""

    def __init__(self, arrivals: Arrivals, rate: float, random: np.random.Generator) -> None:
        if arrivals not in get_args(Arrivals):
            raise BadSetting(f"arrivals is {in_short(arrivals)}. It is 'poisson' or 'constant'.")
        self.now = 0.0
        self._mean_gap = 1 / rate
        self._random = random if arrivals == "poisson" else None

    def next(self, count: int) -> Floats:
        gaps = self._random.exponential(self._mean_gap, count) if self._random else np.full(count, self._mean_gap)
        moments = self.now + np.cumsum(gaps)
        self.now = float(moments[-1])
        return moments


class _Totals:
    """Adds up what became of the callers, chunk by chunk."""

    def __init__(self, gives_up_after: float) -> None:
        self._gives_up_after = gives_up_after
        self._gave_up = 0
        self._held = self._waited = self._longest = 0.0
        self._counts = np.zeros(len(WAITS), dtype=np.int64)

    def add(self, holds: Floats, waits: Floats) -> None:
        lost = np.isinf(waits)
        self._gave_up += int(np.count_nonzero(lost))
        self._held += float(holds[~lost].sum())
        waits = np.where(lost, self._gives_up_after, waits)
        self._waited += float(waits.sum())
        self._longest = max(self._longest, float(waits.max()))
        real = waits[waits >= SHORTEST_WAIT]
        places = 1 + (np.log(real / SHORTEST_WAIT) / GROWTH).astype(np.int64)
        self._counts += np.bincount(np.minimum(places, len(WAITS) - 1), minlength=len(WAITS))
        self._counts[0] += len(waits) - len(real)

    def result(self, seconds: float) -> Simulation:
        borrows = int(self._counts.sum())
        return Simulation(
            borrows=borrows,
            gave_up=self._gave_up,
            waited=borrows - int(self._counts[0]),
            mean_wait=self._waited / borrows,
            longest_wait=self._longest,
            in_use=self._held / seconds,
            _counts=self._counts,
        )


def _how_to_draw(hold: Hold, random: np.random.Generator) -> tuple[Draw, float]:
    """Return a function that draws holds, and their mean."""
    if callable(hold):
        draw = _checked(hold)
        return draw, float(draw(random, BORROWS_AT_A_TIME).mean())
    if isinstance(hold, (Sequence, np.ndarray)) and not isinstance(hold, (str, bytes)):
        measured = np.array(_times("hold", hold))
        if not measured.any():
            raise BadSetting("hold is a list without a single hold above 0. Give seconds, such as [0.004, 0.006].")
        return lambda random, count: random.choice(measured, count), float(measured.mean())
    mean = positive("hold", hold, "seconds, a list of them, or a function that draws them")
    return lambda random, count: random.exponential(mean, count), mean


def _checked(draw: Callable[[np.random.Generator, int], Any]) -> Draw:
    """Wrap a function that is not ours, so that what it returns are holds."""

    def checked(random: np.random.Generator, count: int) -> Floats:
        try:
            holds = np.asarray(draw(random, count), dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise BadSetting(f"The function given as hold failed: {error}. {_EXPECTED}") from error
        if holds.shape != (count,):
            raise BadSetting(f"The function given as hold returned shape {holds.shape} for {count}. {_EXPECTED}")
        if not ((holds >= 0) & (holds <= LARGEST)).all():
            raise BadSetting(f"The function given as hold returned {in_short(holds)}. {_EXPECTED}")
        return holds

    return checked


_EXPECTED = (
    "It is called with numpy's random generator and a count, and returns that many holds in seconds, 0 or more each."
)
