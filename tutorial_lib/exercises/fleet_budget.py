"""The largest limit for each pool of a fleet, calculated and held against a server."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tutorial_lib.exercises._full_server import refused
from tutorial_lib.exercises._parts import require_number_of_connections
from tutorial_lib.exercises._words import so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "fleet-budget"
LESSON = "07"
TITLE = "The limit for a whole fleet"
NAME = "largest_limit"

PROMPT = """
**Given** a server that accepts `maxclients` connections, and a fleet of `processes` processes. Each process has
`pools` pools, all with the same limit. Besides those of the pools, there are `others` connections: listeners, blocking
commands, redis-cli. All four are whole numbers; `processes` and `pools` are at least 1.

**Write** `largest_limit(maxclients, processes, pools, others)`, which returns the largest limit with which the server
refuses no connection.

**It passes when**
- with your limit in every pool, and all pools exhausted, the server still has room for the `others`. This is tried on
  a server that accepts 42, and calculated for larger fleets;
- the limit is a whole number, and one more in each pool would be too many;
- it raises a `ValueError` if there isn't even **one** connection for each pool. The error's text says how large
  `maxclients` would have to be at least.
"""


def starter(maxclients, processes, pools, others):
    return ...  # your code here


def solution(maxclients, processes, pools, others):
    needed = processes * pools + others
    if maxclients < needed:
        raise ValueError(f"{processes * pools} pools and {others} others need a maxclients of {needed} at least")
    return (maxclients - others) // (processes * pools)


WHY = """
The pools can't use the connections of the others, so subtract those first. Divide the rest by the number of all pools,
and round down, because a pool can't have half a connection. To redis-py, a limit of 0 would mean 100, so the function
raises an error instead.
"""


@dataclass(frozen=True)
class Fleet:
    """A fleet and its server."""

    maxclients: int
    processes: int
    pools: int
    others: int

    @property
    def all_pools(self) -> int:
        return self.processes * self.pools

    @property
    def needed(self) -> int:
        """The smallest maxclients with one connection for each pool."""
        return self.all_pools + self.others

    @property
    def largest(self) -> int:
        return (self.maxclients - self.others) // self.all_pools

    def sum(self, limit: int) -> str:
        return f"{self.processes} * {self.pools} * {limit:,} + {self.others} = {self.all_pools * limit + self.others:,}"

    def __str__(self) -> str:
        return f"`largest_limit({self.maxclients}, {self.processes}, {self.pools}, {self.others})`"


ON_THE_SERVER = Fleet(42, 2, 2, 8)
POSSIBLE = (Fleet(10_000, 40, 6, 200), Fleet(10, 4, 1, 0), Fleet(100, 3, 3, 1), Fleet(9, 4, 2, 1))
EXACT = "That is not one too many: Redis accepts as many as `maxclients` says."
MOST_NUMBERS = 8  # in the text of an error, which has to say one of them
IMPOSSIBLE = (Fleet(8, 4, 2, 1), Fleet(100, 10, 1, 100), Fleet(50, 10, 1, 60), Fleet(1000, 250, 6, 40))


def check(answer: Callable[..., Any], lab: Lab) -> str:
    for fleet in (ON_THE_SERVER, *POSSIBLE):
        _require_limit(answer, fleet, lab)
    for fleet in IMPOSSIBLE:
        _require_refusal(answer, fleet, lab)
    fleet = ON_THE_SERVER
    too_many = _refused(fleet, fleet.largest + 1, lab)
    worked, broken = POSSIBLE[0], IMPOSSIBLE[-1]
    return (
        f"On the server that accepts {fleet.maxclients}, your limit makes {fleet.sum(fleet.largest)} connections, and "
        f"{_refused(fleet, fleet.largest, lab)} were refused. With one more in each pool it refused {too_many}. For "
        "the "
        f"fleet with {worked.all_pools} pools your limit is {worked.largest}, and for one with {broken.all_pools:,} "
        f"pools on a server for {broken.maxclients:,} your function says no before the server does."
    )


def _require_limit(answer: Callable[..., Any], fleet: Fleet, lab: Lab) -> None:
    try:
        limit = lab.call(answer, fleet.maxclients, fleet.processes, fleet.pools, fleet.others)
    except ValueError as error:
        exact = f" {EXACT}" if fleet.largest == 1 else " Which numbers does your function look at?"
        raise Wrong(
            f"{fleet} raised {shown(error)}, and a limit of {fleet.largest} fits: {fleet.sum(fleet.largest)}.{exact}"
        ) from error
    require_number_of_connections(limit, f"{fleet} returned {shown(limit)}")
    if not isinstance(limit, int) and limit == fleet.largest:
        raise Wrong(f"{fleet} returned {shown(limit)}. The number is right, but it is a `float`. It must be an `int`.")
    if not isinstance(limit, int):
        raise Wrong(f"{fleet} returned {shown(limit)}. A pool holds whole connections. Do you round up or down?")
    if limit > fleet.largest:
        raise Wrong(_too_large(fleet, limit, lab))
    if limit < 1:
        raise Wrong(f"{fleet} returned {limit}, but a pool needs at least 1. With 1 in each pool it is {fleet.sum(1)}.")
    if limit < fleet.largest:
        raise Wrong(
            f"{fleet} returned {limit}. That fits, but more would too: with {limit + 1} in each pool it is "
            f"{fleet.sum(limit + 1)}, and the server accepts {fleet.maxclients:,}. {_why_small(fleet, limit)}"
        )


def _too_large(fleet: Fleet, limit: int, lab: Lab) -> str:
    said = f"{fleet} returned {limit}. That makes {fleet.sum(limit)}, and the server accepts {fleet.maxclients:,}."
    if fleet is ON_THE_SERVER:
        said += f" Tried out, it refused {_refused(fleet, min(limit, fleet.maxclients), lab)}."
    ideas = {
        (fleet.maxclients - fleet.others) // fleet.processes: "Is that the share of a process, or of a pool?",
        fleet.maxclients // fleet.all_pools: "Which connections are there besides the pools'?",
        math.ceil((fleet.maxclients - fleet.others) / fleet.all_pools): "Do you round up or down?",
    }
    return (
        f"{said} {ideas.get(limit, 'How many pools are there in total, and how many connections are left for them?')}"
    )


def _why_small(fleet: Fleet, limit: int) -> str:
    if fleet.all_pools * (limit + 1) + fleet.others == fleet.maxclients:
        return EXACT
    too_often = (
        fleet.maxclients // fleet.all_pools - fleet.others,
        (fleet.maxclients // fleet.processes - fleet.others) // fleet.pools,
    )
    if limit in too_often:
        return "The others are there once for the whole server. How often did you subtract them?"
    return "What did you keep in reserve, and what for?"


def _require_refusal(answer: Callable[..., Any], fleet: Fleet, lab: Lab) -> None:
    told = (
        f"There are {so_many(fleet.all_pools, 'pool')} and {so_many(fleet.others, 'other connection')}, and the server "
        f"accepts {fleet.maxclients:,}"
    )
    try:
        limit = lab.call(answer, fleet.maxclients, fleet.processes, fleet.pools, fleet.others)
    except ValueError as error:
        numbers = {int(number[-12:]) for number in re.findall("[0-9]+", re.sub("[,_]", "", str(error)))}
        if fleet.needed not in numbers or len(numbers) > MOST_NUMBERS:
            raise Wrong(
                f"{fleet} raised {shown(error)}. It is right to raise, but a person who reads this text does not know "
                "what to do. How large would `maxclients` have to be for one connection in each pool?"
            ) from error
        return
    except Exception as error:
        raise Wrong(f"{fleet} raised {shown(error)}. It should raise a `ValueError`. {told}.") from error
    zero = " To redis-py a limit of 0 means 100." if limit == 0 else ""
    one = f" With 1 in each pool it would be {fleet.needed:,}." if limit == 1 else ""
    raise Wrong(f"{fleet} returned {shown(limit)}. {told}: no limit fits.{zero}{one} How can your function say so?")


def _refused(fleet: Fleet, limit: int, lab: Lab) -> int:
    """Open on the practice server what the fleet would open with this limit, and return how many were refused."""
    lab.server.set_limit(fleet.maxclients)
    return refused([fleet.others, *[limit] * fleet.all_pools], lab)


HINTS = (
    "Take 40 processes with 6 pools each, 200 others, and a server that accepts 10,000. How many pools are there in "
    "total, and how many connections are left for them?",
    "A pool can't have half a connection. `//` divides and rounds down.",
    "With a limit of 1, how many connections does the whole fleet open? The server has to accept those and the others.",
    "First calculate what the fleet needs at least. If `maxclients` is less, `raise ValueError(...)` with that number "
    "in its text. Otherwise subtract the others, and divide by the number of all pools.",
)
