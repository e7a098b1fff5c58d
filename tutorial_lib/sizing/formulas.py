"""How big a pool should be, by formula: Little's law, Erlang's waiting formula, and a fleet's arithmetic.

Words: ``rate`` is borrows per second; ``hold`` is the mean number of seconds that a connection is held;
``limit`` is the most connections the pool may hold. ``rate * hold`` is the load: the connections that would be
in use, on average, if nobody ever waited. Telephone engineers measure it in erlangs.

The formulas about waiting describe a pool that waits (BlockingConnectionPool) under these conditions, which
is the queue that textbooks call M/M/c:

* callers arrive at random moments, independent of each other and of how busy the pool is (Poisson);
* holds vary, as an exponential distribution does; holds that vary less make for shorter waits;
* nobody gives up, and it has gone on for long enough to settle.

Where yours differs, ask ``tutorial_lib.sizing.simulation`` instead.
"""

from __future__ import annotations

import math

from tutorial_lib import arguments
from tutorial_lib.arguments import not_negative, positive, whole
from tutorial_lib.errors import BadSetting

MOST_CONNECTIONS = 1_000_000
"""A load or a limit above this is a slip of the unit, such as milliseconds given as seconds."""

MOST_IN_A_FLEET = 1_000_000_000
"""Of processes, pools in each, or the connections that a server lets in: more is a slip."""


def in_flight(rate: float, seconds: float) -> float:
    """How many are under way at once, on average: ``in_flight(200, 0.05)`` is 10.0.

    ``rate`` is arrivals per second and each takes ``seconds``. With the hold it counts connections in use; with
    a wait, callers waiting. It needs no assumption about how arrivals or times vary, only that things last.

    Source: J. D. C. Little, "A proof for the queuing formula L = λW", Operations Research 9 (1961).
    """
    return positive("rate", rate, "arrivals per second") * not_negative("seconds", seconds, "seconds")


def erlang_c(limit: int, load: float) -> float:
    """The chance that a caller finds every connection in use and has to wait, from 0 to 1.

    ``load`` is ``rate * hold``. BadSetting if it is not below ``limit``: such a queue never settles.

    Source: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
    telephone exchanges" (1917). Counted up one connection at a time, in the form that neither overflows nor
    cancels (R. B. Cooper, Introduction to Queueing Theory, 1981, chapter 3).
    """
    limit = _whole_limit(limit)
    load = positive("load", load, "connections (rate times hold)")
    if load >= limit:
        raise BadSetting(
            f"A load of {load:g} on a limit of {limit} never settles: the queue grows without end. "
            f"Give a load below {limit}, or a limit of {_first_that_settles(load)} or more."
        )
    return _chance_of_waiting(_erlang_b(limit, load), limit, load)


def mean_wait(rate: float, hold: float, limit: int) -> float:
    """The mean seconds that a caller waits for a connection, counting those who do not wait at all.

    BadSetting if ``limit`` connections cannot keep up with ``rate``. The mean is the same whether the pool
    serves its queue in order or not; percentiles are not.

    Source: L. Kleinrock, Queueing Systems, volume 1 (1975), section 3.5, with Little's law.
    """
    rate, hold, limit = *_rate_and_hold(rate, hold), _whole_limit(limit)
    load = load_that_settles(rate, hold, limit)
    waiting = _chance_of_waiting(_erlang_b(limit, load), limit, load)
    return waiting * hold / (limit - load)


def wait_percentile(rate: float, hold: float, limit: int, percentile: float = 99) -> float:
    """The seconds within which ``percentile`` of 100 callers have their connection, served in order.

    0.0 when more than that find one free. BadSetting if ``limit`` connections cannot keep up with ``rate``.

    Source: the wait of those who do wait is exponential, with mean ``hold / (limit - load)``
    (D. Gross and C. M. Harris, Fundamentals of Queueing Theory, 1998, section 2.3).
    """
    rate, hold, limit = *_rate_and_hold(rate, hold), _whole_limit(limit)
    load_that_settles(rate, hold, limit)
    return wait_that_few_exceed(rate, hold, limit, _percentile(percentile))


def connections_needed(rate: float, hold: float, wait_budget: float, percentile: float = 99) -> int:
    """The smallest limit with which ``percentile`` of 100 callers wait no longer than ``wait_budget`` seconds.

    A budget of 0 asks that so many find a connection free. BadSetting if it would take over a million.
    """
    rate, hold = _rate_and_hold(rate, hold)
    budget = not_negative("wait_budget", wait_budget, "seconds")
    return smallest_limit_for(rate, hold, budget, _percentile(percentile))


def smallest_limit_for(rate: float, hold: float, budget: float, percentile: float) -> int:
    """Do what connections_needed does, with arguments that were checked before."""
    load, slower = _plausible_load(rate, hold), 1 - percentile / 100
    limit, blocked, wait = 0, 1.0, math.inf
    while wait > budget:
        if limit == MOST_CONNECTIONS:
            raise BadSetting(
                f"{rate:g} borrows per second, each held {hold:g} s, would take over {MOST_CONNECTIONS:,} connections "
                f"to wait no longer than {budget:g} s. Raise the wait_budget, lower the rate or shorten the hold."
            )
        limit += 1
        blocked = _one_more(blocked, limit, load)
        if limit > load:
            wait = _tail(_chance_of_waiting(blocked, limit, load), slower, hold / (limit - load))
    return limit


def fleet_budget(maxclients: int, processes: int, pools_per_process: int = 1, reserve: int = 0) -> int:
    """The largest limit that every pool of a fleet may have, so that the server refuses nobody.

    ``maxclients`` is the server's own limit; ``reserve`` is what to keep free for connections outside the
    pools: pub/sub, blocking commands, monitoring, redis-cli. BadSetting if not even one connection each fits, or
    for a number above a billion.
    """
    maxclients = whole("maxclients", maxclients, "connections", at_least=1, at_most=MOST_IN_A_FLEET)
    processes = whole("processes", processes, "processes", at_least=1, at_most=MOST_IN_A_FLEET)
    pools_per_process = whole("pools_per_process", pools_per_process, "pools", at_least=1, at_most=MOST_IN_A_FLEET)
    reserve = whole("reserve", reserve, "connections", at_least=0, at_most=MOST_IN_A_FLEET)
    pools = processes * pools_per_process
    limit = (maxclients - reserve) // pools
    if limit < 1:
        raise BadSetting(
            f"maxclients {maxclients:,} less a reserve of {reserve:,} leaves {max(maxclients - reserve, 0):,}: not one "
            f"connection for each pool (processes {processes:,} times {pools_per_process:,} in each: {pools:,}). "
            f"Raise maxclients to {pools + reserve:,} or more, or run fewer pools."
        )
    return limit


def wait_that_few_exceed(rate: float, hold: float, limit: int, percentile: float) -> float:
    """Do what wait_percentile does, with arguments that were checked before."""
    load, slower = rate * hold, 1 - percentile / 100
    waiting = _chance_of_waiting(_erlang_b(limit, load), limit, load)
    return _tail(waiting, slower, hold / (limit - load))


def load_that_settles(rate: float, hold: float, limit: int) -> float:
    """Return ``rate * hold``. BadSetting, with the rate and the limit that fit, if ``limit`` cannot keep up.

    The three were checked before.
    """
    load = _plausible_load(rate, hold)
    if load >= limit:
        fits = limit / hold
        raise BadSetting(
            f"A limit of {limit} with holds of {hold:g} s serves fewer than {fits:g} borrows per second, "
            f"and {rate:g} arrive: the queue grows without end. Lower the rate below {fits:g}, "
            f"or raise the limit to {_first_that_settles(load)} or more."
        )
    return load


def _whole_limit(limit: int) -> int:
    return whole("limit", limit, "connections", at_least=1, at_most=MOST_CONNECTIONS)


def _percentile(percentile: float) -> float:
    return arguments.percentile("percentile", percentile, below_100=True)


def _rate_and_hold(rate: float, hold: float) -> tuple[float, float]:
    return positive("rate", rate, "borrows per second"), positive("hold", hold, "seconds")


def _plausible_load(rate: float, hold: float) -> float:
    load = rate * hold
    if load >= MOST_CONNECTIONS:
        raise BadSetting(
            f"{rate:g} borrows per second, each held {hold:g} s, keep {load:,.10g} connections in use. "
            "Check the units: rate is per second, hold is in seconds."
        )
    return load


def _first_that_settles(load: float) -> int:
    return math.floor(load) + 1


def _erlang_b(limit: int, load: float) -> float:
    """The chance that a caller is refused, in a pool where callers may not wait."""
    blocked = 1.0
    for connections in range(1, limit + 1):
        blocked = _one_more(blocked, connections, load)
    return blocked


def _one_more(blocked: float, connections: int, load: float) -> float:
    """Erlang B, one step: from the chance that all but one are in use to the chance that all are."""
    return load * blocked / (connections + load * blocked)


def _chance_of_waiting(blocked: float, limit: int, load: float) -> float:
    """Erlang C from Erlang B: callers who find everything in use stay, and add to the load."""
    return limit * blocked / (limit - load * (1 - blocked))


def _tail(waiting: float, slower: float, mean_of_waiters: float) -> float:
    """The wait that a share ``slower`` of all callers exceeds, if a share ``waiting`` waits at all."""
    return mean_of_waiters * math.log(waiting / slower) if waiting > slower else 0.0
