"""From rate, hold and a budget for the wait to the smallest limit, held against a simulation and a real pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, isclose
from numbers import Integral
from random import Random
from statistics import fmean
from time import sleep
from typing import Any

import redis

from tutorial_lib.load.run import run_load
from tutorial_lib.load.workload import Workload
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.sizing.formulas import connections_needed, mean_wait
from tutorial_lib.sizing.simulation import replay, simulate

ID = "size-a-service"
LESSON = "07"
TITLE = "The smallest limit that keeps a promise"
NAME = "smallest_limit"
USES = ("mean_wait",)

BORROWS = 20_000
REAL_CALLS = 40

MORE_THAN_ANY = 10**9  # connections
PROMPT = """
Write `smallest_limit(rate, hold, wait_budget)`. A service borrows `rate` times a second, at random moments, and keeps a
connection for `hold` seconds, now longer, now shorter. Your function returns the smallest limit with which callers wait
no longer than `wait_budget` seconds **on average**, those who do not wait at all included.

The lesson's `mean_wait(rate, hold, limit)` is imported for you. It raises `tutorial_lib.errors.BadSetting` for a limit
that can never keep up. Your limits are tried on 20,000 simulated callers, and one of them on a real pool.
"""


def starter(rate, hold, wait_budget):
    limit = ...  # your code here
    return limit


def solution(rate, hold, wait_budget):
    limit = int(rate * hold) + 1
    while mean_wait(rate, hold, limit) > wait_budget:
        limit += 1
    return limit


@dataclass(frozen=True)
class Case:
    """A service, and its promise."""

    rate: float
    hold: float
    budget: float

    @property
    def load(self) -> float:
        return self.rate * self.hold

    def __str__(self) -> str:
        return f"`smallest_limit({self.rate:g}, {self.hold:g}, {self.budget:g})`"


CASES = (
    Case(100, 0.02, 0.005),
    Case(2000, 0.005, 0.0007),
    Case(100, 0.02, 0.02),
    Case(12, 0.03, 0.1),
    Case(300, 0.1, 0.001),
)


def check(answer: Callable[..., Any], lab: Lab) -> str:
    limits = [_require_right(answer, case, lab) for case in CASES]
    first, limit = CASES[0], limits[0]
    real = _real_wait(limit, first, lab)
    played = _simulated(limit, first)
    return (
        f"{len(CASES)} services, each with its smallest limit. For a load of {first.load:g} and a budget of "
        f"{_ms(first.budget)} you gave {limit}: simulated callers waited {_ms(played)} on average, the {REAL_CALLS} of "
        f"a real pool {_ms(real)}, and with {limit - 1} it would have been {_ms(_simulated(limit - 1, first))}."
    )


def _require_right(answer: Callable[..., Any], case: Case, lab: Lab) -> int:
    right: Callable[..., int] = solution
    returned, wanted = lab.call(answer, case.rate, case.hold, case.budget), right(case.rate, case.hold, case.budget)
    if isinstance(returned, bool) or not isinstance(returned, Integral):
        raise Wrong(f"{case} returned {shown(returned)}. A limit is a whole number of connections, an `int`.")
    limit = int(returned)
    if abs(limit) > MORE_THAN_ANY:
        raise Wrong(f"{case} returned {shown(limit)}, which is more than any server ever let in.")
    if limit == wanted:
        return limit
    if limit <= case.load:
        raise Wrong(_never_settles(limit, case))
    if limit < wanted:
        raise Wrong(
            f"{case} returned {limit}. With so few, {BORROWS:,} simulated callers waited "
            f"{_ms(_simulated(limit, case))} on average, and {_ms(case.budget)} are allowed. "
            f"{_why_too_few(limit, case)}"
        )
    spare = limit - wanted
    raise Wrong(
        f"{case} returned {limit}. With {wanted} connections {BORROWS:,} simulated callers waited "
        f"{_ms(_simulated(wanted, case))} on average, and {_ms(case.budget)} are allowed: {spare} of yours "
        f"{'is' if spare == 1 else 'are'} not needed. {_why_too_many(limit, spare, case)}"
    )


def _simulated(limit: int, case: Case) -> float:
    return simulate(case.rate, case.hold, limit, borrows=BORROWS).mean_wait


def _real_wait(limit: int, case: Case, lab: Lab) -> float:
    """The mean wait of a few callers of a real pool, who keep what they borrow as the formula wants it."""
    chance = Random(7)

    def page(r: redis.Redis) -> None:
        connection = r.connection_pool.get_connection()
        try:
            sleep(chance.expovariate(1 / case.hold))
        finally:
            r.connection_pool.release(connection)

    with redis.BlockingConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=limit) as pool:
        load = Workload(page, rate=case.rate, count=REAL_CALLS, warm_up=5)
        return run_load(pool, load).waiting.mean


def _never_settles(limit: int, case: Case) -> str:
    if limit < 1:
        return f"{case} returned {limit}. With no connection nobody is ever served; 1 is the least."
    seen = (
        f"{case} returned {limit}. With so few the queue grows and grows: of {BORROWS:,} simulated callers the last "
        f"thousand waited {_wait_of_the_last(limit, case):.3g} s on average."
    )
    if isclose(limit, case.load):
        return (
            f"{seen} {case.load:g} are in use on average, so none is to spare. The average is where the limit begins, "
            "not where it ends."
        )
    return f"{seen} If nobody waited, {case.load:g} would be in use on average. Are rate and hold both in seconds?"


def _wait_of_the_last(limit: int, case: Case) -> float:
    chance = Random(7)
    arrivals = list(accumulate(chance.expovariate(case.rate) for _ in range(BORROWS)))
    holds = [chance.expovariate(1 / case.hold) for _ in arrivals]
    return fmean(replay(arrivals, holds, limit)[-1000:])


def _why_too_few(limit: int, case: Case) -> str:
    if limit == ceil(case.load) or limit == floor(case.load) + 1:
        return "So many keep up with the load, and that was all that you asked of them. What became of the budget?"
    return "How long would callers wait with one connection more, and how does a program find out?"


def _why_too_many(limit: int, spare: int, case: Case) -> str:
    if limit >= case.rate:
        return "That is one for everybody who comes within a second. Who is served brings it back, long before that."
    if limit == connections_needed(case.rate, case.hold, case.budget):
        return "With your limit 99 callers in 100 stay within the budget. Asked for is the mean."
    if spare == 1:
        return "One step back still keeps the promise."
    if limit >= 2 * case.load:
        return "Twice the load, or more, is safe, and more than a large service needs: the spare grows more slowly."
    return "Which is the first limit that keeps the promise? One step back must break it."


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


HINTS = (
    "Two bounds: how many are in use on average, and how long callers wait. The first says where to begin, the second "
    "where to stop.",
    "The first limit that keeps up at all is the next whole number above `rate * hold`. `int` cuts off what is "
    "behind the point.",
    "From there, ask `mean_wait` for each limit in turn. It gets shorter each time; stop when it is within the budget.",
    "`while` the mean wait with `limit` connections is above `wait_budget`, add 1 to `limit`.",
)
