"""The largest limit for each pool of a fleet, on paper and held against a server."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tutorial_lib.exercises._full_server import refused
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "fleet-budget"
LESSON = "06"
TITLE = "A limit for all"
NAME = "largest_limit"

MORE_THAN_ANY = 10**9  # connections
PROMPT = """
A server lets in `maxclients` connections. A fleet has `processes` processes and in each `pools` pools, all with the
same limit; `others` connections are outside of the pools: listeners, blocking commands, redis-cli.

Write `largest_limit(maxclients, processes, pools, others)`. It returns the largest limit, a whole number, with which
the server refuses nobody, even if all pools are full and the others are there.

If there is not even **one** connection for each pool, it raises a `ValueError`, and the error's text says how large
`maxclients` would have to be at least.

All four are whole numbers, `processes` and `pools` at least 1. Your limit is tried on a server that lets in 42.
"""


def starter(maxclients, processes, pools, others):
    return ...  # your code here


def solution(maxclients, processes, pools, others):
    needed = processes * pools + others
    if maxclients < needed:
        raise ValueError(f"{processes * pools} pools and {others} others need a maxclients of {needed} at least")
    return (maxclients - others) // (processes * pools)


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
EXACT = "That is not one too many: Redis lets in as many as `maxclients` says, and refuses the next."
IMPOSSIBLE = (Fleet(8, 4, 2, 1), Fleet(100, 10, 1, 100), Fleet(50, 10, 1, 60), Fleet(1000, 250, 6, 40))


def check(answer: Callable[..., Any], lab: Lab) -> str:
    for fleet in (ON_THE_SERVER, *POSSIBLE):
        _require_limit(answer, fleet, lab)
    for fleet in IMPOSSIBLE:
        _require_refusal(answer, fleet, lab)
    fleet = ON_THE_SERVER
    none, too_many = _refused(fleet, fleet.largest, lab), _refused(fleet, fleet.largest + 1, lab)
    if none:  # pragma: no cover - the server would have to let in fewer than it was told
        raise Wrong(f"The server refused {none}, and had room. Please report this exercise.")
    worked, broken = POSSIBLE[0], IMPOSSIBLE[-1]
    return (
        f"On the server: {fleet.sum(fleet.largest)}, and it lets in {fleet.maxclients}: none refused. With one more "
        f"each it refused {too_many}. For the shop with {worked.all_pools} pools you say {worked.largest}, and for one "
        f"with {broken.all_pools:,} on a server for {broken.maxclients:,} you say no before the server does."
    )


def _require_limit(answer: Callable[..., Any], fleet: Fleet, lab: Lab) -> None:
    try:
        limit = lab.call(answer, fleet.maxclients, fleet.processes, fleet.pools, fleet.others)
    except ValueError as error:
        exact = f" {EXACT}" if fleet.largest == 1 else ""
        raise Wrong(
            f"{fleet} raised {shown(error)}, and a limit of {fleet.largest} fits: {fleet.sum(fleet.largest)}.{exact}"
        ) from error
    if isinstance(limit, bool) or not isinstance(limit, (int, float)):
        raise Wrong(f"{fleet} returned {shown(limit)}. Asked for is a number.")
    if not isinstance(limit, int) and limit == fleet.largest:
        raise Wrong(f"{fleet} returned {shown(limit)}. The number is right, as a `float`. It must be an `int`.")
    if not isinstance(limit, int):
        raise Wrong(f"{fleet} returned {shown(limit)}. A pool holds whole connections. Which way is it rounded?")
    if abs(limit) > MORE_THAN_ANY:
        raise Wrong(f"{fleet} returned {shown(limit)}, which is more than any server ever let in.")
    if limit > fleet.largest:
        raise Wrong(_too_large(fleet, limit, lab))
    if limit < 1:
        raise Wrong(f"{fleet} says {limit}, and no pool lends so few. With 1 each it is {fleet.sum(1)}.")
    if limit < fleet.largest:
        raise Wrong(
            f"{fleet} says {limit}. That is safe, and more would be: with {limit + 1} each it is "
            f"{fleet.sum(limit + 1)}, and the server lets in {fleet.maxclients:,}. {_why_small(fleet, limit)}"
        )


def _too_large(fleet: Fleet, limit: int, lab: Lab) -> str:
    said = f"{fleet} says {limit}. All together: {fleet.sum(limit)}, and the server lets in {fleet.maxclients:,}."
    if fleet is ON_THE_SERVER:
        said += f" On a real one, {_refused(fleet, min(limit, fleet.maxclients), lab)} were refused."
    ideas = {
        (fleet.maxclients - fleet.others) // fleet.processes: "Whose share is that, a process's or a pool's?",
        fleet.maxclients // fleet.all_pools: "Who needs a connection besides the pools?",
        math.ceil((fleet.maxclients - fleet.others) / fleet.all_pools): "Which way is it rounded?",
    }
    return f"{said} {ideas.get(limit, 'How many pools are there in all, and what is left for them?')}"


def _why_small(fleet: Fleet, limit: int) -> str:
    if fleet.all_pools * (limit + 1) + fleet.others == fleet.maxclients:
        return EXACT
    if limit == fleet.maxclients // fleet.all_pools - fleet.others:
        return "How often were the others taken away?"
    return "What was left over, and why?"


def _require_refusal(answer: Callable[..., Any], fleet: Fleet, lab: Lab) -> None:
    told = f"{fleet.all_pools:,} pools, {fleet.others} besides, and a server that lets in {fleet.maxclients:,}"
    try:
        limit = lab.call(answer, fleet.maxclients, fleet.processes, fleet.pools, fleet.others)
    except ValueError as error:
        plain = str(error).replace(",", "").replace("_", "")
        if str(fleet.needed) not in plain:
            raise Wrong(
                f"{fleet} raised {shown(error)}. Right, and whoever reads it at night still has to work out what to "
                f"do. How large would `maxclients` have to be, with one connection for each pool?"
            ) from error
        return
    except Exception as error:
        raise Wrong(f"{fleet} raised {shown(error)}. Asked for is a `ValueError`: {told}.") from error
    zero = " To redis-py a limit of 0 means 100." if limit == 0 else ""
    one = f" With one each they are {fleet.needed:,}." if limit == 1 else ""
    raise Wrong(
        f"{fleet} returned {shown(limit)}: {told}.{zero}{one} There is no limit that fits. "
        "Who should learn that, and how?"
    )


def _refused(fleet: Fleet, limit: int, lab: Lab) -> int:
    """Open on the practice server what the fleet would open with this limit, and return how many were refused."""
    lab.server.set_limit(fleet.maxclients)
    return refused([fleet.others, *[limit] * fleet.all_pools], lab)


HINTS = (
    "Take the lesson's fleet: 40 processes, 6 pools each, 200 others, 10,000 at the server. How many pools are there "
    "in all, and how many connections are left for them?",
    "Nobody gets a part of a connection. `//` divides and leaves the rest over.",
    "With a limit of 1, how many connections does the whole fleet open? A server that lets in fewer cannot have it.",
    "First work out what the fleet needs at least. If `maxclients` is less, `raise ValueError(...)` with that number "
    "in its text. Otherwise take the others away, and divide by the number of all pools.",
)
