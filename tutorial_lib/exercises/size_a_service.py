"""From rate, hold and a budget for the wait to the smallest limit, held against a simulation and a real pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil, floor, isclose
from numbers import Integral
from random import Random
from statistics import fmean
from time import sleep
from typing import Any

import redis

from tutorial_lib.errors import BadSetting
from tutorial_lib.exercises._parts import require_number_of_connections
from tutorial_lib.exercises._words import so_many
from tutorial_lib.load.run import run_load
from tutorial_lib.load.workload import Workload
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.sizing.formulas import connections_needed, mean_wait
from tutorial_lib.sizing.simulation import replay, simulate

ID = "size-a-service"
LESSON = "08"
TITLE = "The smallest limit within a wait budget"
NAME = "smallest_limit"
USES = ("mean_wait",)

BORROWS = 20_000
REAL_CALLS = 40

PROMPT = """
**Given** a service that borrows `rate` times a second, at random moments, and holds a connection for `hold` seconds on
average, sometimes longer, sometimes shorter. The lesson's `mean_wait(rate, hold, limit)` is imported for you. For a
limit that can't keep up with the load, `mean_wait` raises `tutorial_lib.errors.BadSetting`.

**Write** `smallest_limit(rate, hold, wait_budget)`, which returns the smallest limit with which callers wait at most
`wait_budget` seconds **on average**. Callers that don't wait at all count too.

**It passes when**
- it returns the smallest limit, a whole number, for five services of different size. Your limits are tried on 20,000
  simulated callers, and one of them on a real pool.
"""


def starter(rate, hold, wait_budget):
    limit = ...  # your code here
    return limit


def solution(rate, hold, wait_budget):
    limit = int(rate * hold) + 1
    while mean_wait(rate, hold, limit) > wait_budget:
        limit += 1
    return limit


WHY = """
The load, `rate * hold`, says how many connections are in use on average, so the limit has to be larger. From there
on, each further connection shortens the wait, so the first limit within the budget is the smallest. A binary search
works too.
"""


@dataclass(frozen=True)
class Service:
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
    Service(100, 0.02, 0.005),
    Service(2000, 0.005, 0.0007),
    Service(100, 0.02, 0.02),
    Service(12, 0.03, 0.1),
    Service(300, 0.1, 0.001),
)


def check(answer: Callable[..., Any], lab: Lab) -> str:
    limits = [_require_right(answer, case, lab) for case in CASES]
    first, limit = CASES[0], limits[0]
    real = _real_wait(limit, first, lab)
    played = _simulated(limit, first)
    return (
        f"You found the smallest limit for {len(CASES)} services. For a load of {first.load:g} and a budget of "
        f"{_ms(first.budget)} it is {limit}: simulated callers waited {_ms(played)} on average, the {REAL_CALLS} "
        "callers "
        f"of a real pool {_ms(real)}. With {limit - 1} it would have been {_ms(_simulated(limit - 1, first))}."
    )


def _require_right(answer: Callable[..., Any], case: Service, lab: Lab) -> int:
    limit, wanted = _ask(answer, case, lab), _smallest(case)
    if limit == wanted:
        return limit
    if limit <= case.load:
        raise Wrong(_never_settles(limit, case))
    if limit < wanted:
        raise Wrong(
            f"{case} returned {limit}. With that limit {BORROWS:,} simulated callers waited "
            f"{_ms(_simulated(limit, case))} on average, and {_ms(case.budget)} are allowed. "
            f"{_why_too_few(limit, case)}"
        )
    spare = limit - wanted
    raise Wrong(
        f"{case} returned {limit}. With {wanted} connections {BORROWS:,} simulated callers waited "
        f"{_ms(_simulated(wanted, case))} on average, and {_ms(case.budget)} are allowed, so "
        f"{so_many(spare, 'connection is', 'connections are')} not needed. {_why_too_many(limit, spare, case)}"
    )


def _ask(answer: Callable[..., Any], case: Service, lab: Lab) -> int:
    try:
        returned = lab.call(answer, case.rate, case.hold, case.budget)
    except BadSetting as error:
        raise Wrong(
            f"{case} raised `BadSetting`: {error} `mean_wait` was asked about a limit that is not above the load of "
            f"{case.load:g}. Which is the first limit that it can answer for?"
        ) from error
    if returned is None:
        raise Wrong(f"{case} returned `None`, and a limit of {_smallest(case)} fits. Does it stop looking too early?")
    if isinstance(returned, bool) or not isinstance(returned, Integral):
        raise Wrong(f"{case} returned {shown(returned)}. A limit is a whole number of connections, an `int`.")
    require_number_of_connections(int(returned), f"{case} returned {shown(returned)}")
    return int(returned)


def _smallest(case: Service) -> int:
    right: Callable[..., int] = solution
    return right(case.rate, case.hold, case.budget)


def _simulated(limit: int, case: Service) -> float:
    return simulate(case.rate, case.hold, limit, borrows=BORROWS).mean_wait


def _real_wait(limit: int, case: Service, lab: Lab) -> float:
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


def _never_settles(limit: int, case: Service) -> str:
    if limit < 1:
        return f"{case} returned {limit}. Without a connection no caller is ever served; 1 is the least."
    seen = (
        f"{case} returned {limit}. With that limit the queue grows without end: of {BORROWS:,} simulated callers the "
        f"last thousand waited {_wait_of_the_last(limit, case):.3g} s on average."
    )
    if isclose(limit, case.load):
        return (
            f"{seen} {case.load:g} connections are in use on average, so all are busy all the time and the queue never "
            "shrinks. What does the limit have to be larger than?"
        )
    return (
        f"{seen} If no caller waited, {case.load:g} connections would be in use on average, and `mean_wait` raises "
        "`BadSetting` for a limit that is not above that. Was that taken for an answer, or is a number not in seconds?"
    )


def _wait_of_the_last(limit: int, case: Service) -> float:
    chance = Random(7)
    arrivals = list(accumulate(chance.expovariate(case.rate) for _ in range(BORROWS)))
    holds = [chance.expovariate(1 / case.hold) for _ in arrivals]
    return fmean(replay(arrivals, holds, limit)[-1000:])


def _why_too_few(limit: int, case: Service) -> str:
    if limit == ceil(case.load) or limit == floor(case.load) + 1:
        return "That limit keeps up with the load, but callers wait too long. Where does your function use the budget?"
    return "How long would callers wait with one more connection? `mean_wait` knows."


def _why_too_many(limit: int, spare: int, case: Service) -> str:
    if limit >= case.rate:
        return "That is one for each caller of a second, but a caller returns the connection after the hold."
    if limit == connections_needed(case.rate, case.hold, case.budget):
        return "With your limit 99 callers in 100 stay within the budget. The budget is for the mean."
    if limit == _smallest(replace(case, budget=case.budget / 1000)):
        return "That would be right for a budget in milliseconds. `mean_wait` and the budget are both in seconds."
    if spare == 1:
        return "With one connection less the wait is still within the budget."
    if limit == ceil(2 * case.load):
        return "Twice the load is more than a large service needs, because headroom grows more slowly than the load."
    return "With one connection less, is the wait still within the budget? `mean_wait` knows."


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


HINTS = (
    "Two numbers matter: how many connections are in use on average, and how long callers wait. The first says where "
    "to start, the second where to stop.",
    "The first limit that keeps up is the next whole number above `rate * hold`. `int` drops the decimals.",
    "From there, ask `mean_wait` for each limit in turn. The wait gets shorter each time; stop when it is within the "
    "budget.",
    "`while` the mean wait with `limit` connections is above `wait_budget`, add 1 to `limit`.",
)
