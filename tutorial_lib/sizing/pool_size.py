"""size_pool(): how many connections each process needs, and whether the server has so many."""

from __future__ import annotations

from dataclasses import dataclass

from tutorial_lib import arguments
from tutorial_lib.arguments import not_negative, positive, whole
from tutorial_lib.sizing.formulas import (
    MOST_CONNECTIONS,
    MOST_IN_A_FLEET,
    smallest_limit_for,
    wait_that_few_exceed,
)

SHOWN_BEYOND = 6
"""How many limits of the curve lie beyond the last one that matters."""

STEPS_IN_ALL = 2_000_000
"""Of Erlang's formula, which takes one for each connection of each point: a second's worth, about."""


@dataclass(frozen=True)
class PoolSize:
    """What size_pool found. Display it for the sentence."""

    rate: float
    hold: float
    wait_budget: float
    processes: int
    maxclients: int
    percentile: float
    limit: int
    """The smallest limit, for the pool of each process, that keeps the wait within its budget."""
    most: int
    """The largest limit, for each pool, with which the server refuses nobody; 0 if not even one each fits."""

    @property
    def fits(self) -> bool:
        """True if the server lets in as many connections as are needed."""
        return self.limit <= self.most

    @property
    def total(self) -> int:
        """Connections that all the pools may open together."""
        return self.limit * self.processes

    @property
    def rate_each(self) -> float:
        """Borrows per second in one process."""
        return self.rate / self.processes

    @property
    def busy(self) -> float:
        """Connections in use in one process, on average (Little's law)."""
        return self.rate_each * self.hold

    @property
    def rate_that_fits(self) -> float:
        """What the connections that the server allows could carry if they were never idle: stay below it."""
        return self.most * self.processes / self.hold

    def wait(self, limit: int) -> float | None:
        """How long ``percentile`` of 100 callers wait at most, with ``limit`` connections each.

        None where there is no steady state: so few cannot keep up, and the wait grows without end.
        """
        return wait_that_few_exceed(self.rate_each, self.hold, limit, self.percentile) if limit > self.busy else None

    def curve(self) -> list[tuple[int, float]]:
        """Return (limit, wait) for the limits around the knee, from the first that keeps up."""
        first, last = int(self.busy) + 1, min(self.limit + SHOWN_BEYOND, MOST_CONNECTIONS)
        step = max(1, (last - first) // max(8, min(60, STEPS_IN_ALL // last)))
        waits = [(limit, self.wait(limit)) for limit in sorted({*range(first, last + 1, step), self.limit})]
        return [(limit, wait) for limit, wait in waits if wait is not None]

    def sentences(self) -> list[str]:
        """Say what it means: how many are needed, and whether the server allows it."""
        alone = self.processes == 1
        needed = (
            f"{'The process' if alone else f'Each of {self.processes} processes'} needs {_connections(self.limit)}: on "
            f"average {_number(self.busy)} will be in use, and with {self.limit:,} at most {self._few()} longer than "
            f"{_time(self.wait_budget)}."
        )
        together = f"{'It opens' if alone else 'Together they open'} up to {self.total:,}"
        if self.fits:
            return [needed, f"{together} of the {self.maxclients:,} that the server lets in."]
        return [needed, f"{together}, and the server lets in {self.maxclients:,}.", self._with_what_there_is()]

    def _few(self) -> str:
        return f"1 call in {_number(100 / (100 - self.percentile))} waits"

    def _with_what_there_is(self) -> str:
        if self.most == 0:
            return f"That is not one connection each: raise maxclients to {self.total:,}, or run fewer processes."
        wait = self.wait(self.most)
        given = f"With {self.most:,}" + ("" if self.processes == 1 else " each")
        if wait is None:
            return (
                f"{given} there is no steady state: the queue grows without end. Raise maxclients to "
                f"{self.total:,}, shorten the hold, or keep the rate below {_number(self.rate_that_fits)} a second."
            )
        slow = f"{given}, {self._few()} longer than {_time(wait)}."
        return f"{slow} Accept that, or raise maxclients to {self.total:,}."

    def __repr__(self) -> str:
        return f"PoolSize(limit={self.limit}, total={self.total}, most={self.most}, fits={self.fits})"

    def __str__(self) -> str:
        return " ".join(self.sentences())

    def _repr_markdown_(self) -> str:
        return f"**{_connections(self.limit)} for each pool.** {self}"


def size_pool(
    rate: float,
    hold: float,
    wait_budget: float = 0.005,
    processes: int = 1,
    maxclients: int = 10_000,
    percentile: float = 99,
) -> PoolSize:
    """Find the smallest limit for a service's pools, and hold it against what the server lets in.

    ``rate`` is calls per second of all processes together, spread evenly; each keeps a connection for ``hold``
    seconds. ``percentile`` of 100 callers are to wait no longer than ``wait_budget`` seconds. Every one of the
    ``processes`` has a pool of its own, and ``maxclients`` is the server's limit.

    The waits are Erlang's: arrivals at random, holds that vary much, a pool that waits. See ``sizing``.
    """
    rate = positive("rate", rate, "calls per second")
    hold = positive("hold", hold, "seconds")
    wait_budget = not_negative("wait_budget", wait_budget, "seconds")
    processes = whole("processes", processes, "processes", at_least=1, at_most=MOST_IN_A_FLEET)
    maxclients = whole("maxclients", maxclients, "connections", at_least=1, at_most=MOST_IN_A_FLEET)
    percentile = arguments.percentile("percentile", percentile, below_100=True)
    limit = smallest_limit_for(rate / processes, hold, wait_budget, percentile)
    return PoolSize(rate, hold, wait_budget, processes, maxclients, percentile, limit, most=maxclients // processes)


def _connections(number: int) -> str:
    return "1 connection" if number == 1 else f"{number:,} connections"


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"
