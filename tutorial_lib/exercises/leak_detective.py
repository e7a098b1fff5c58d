"""Three nights in a shop that leaks connections. The program that complains is not the one that leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import redis

from tutorial_lib.exercises._night_shift import NIGHT_LIMIT, NightShift
from tutorial_lib.pools.lease import Lease
from tutorial_lib.pools.recording import record
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "leak-detective"
LESSON = "05"
TITLE = "The leak detective"
NAME = "find_culprits"
USES = ("record",)

PROGRAMS = ("banner", "bookkeeper", "cashier", "courier", "inventory", "newsletter", "packer", "stockroom")
NIGHTS = (("bookkeeper", "newsletter"), ("stockroom",), ())

PROMPT = """
**Given** eight programs that share a pool of **3** connections at night: `banner`, `bookkeeper`, `cashier`, `courier`,
`inventory`, `newsletter`, `packer` and `stockroom`. Each is a function, and two worker threads run them in turn. In the
morning connections are missing, and the log is full of `banner: MaxConnectionsError: Too many connections`. You can't
read the code of the programs.

**Write** `find_culprits(pool, run_night)`. Call `run_night()` once: it lets the night pass and returns the log, a list
of lines. Return the names of the functions that borrowed what is **not returned in the morning**, in a list or a set.

**It passes when**
- it names the right functions in each of **3** nights; after each night the shop fixes those that you have named;
- it names no function in a night after which nothing is missing.
"""


def starter(pool, run_night):
    log = run_night()
    return ...  # your code here


def solution(pool, run_night):
    with record(pool) as recording:
        run_night()
    return {lease.line.function for lease in recording.still_held()}


WHY = """
A program that meets an exhausted pool complains, but the one that leaks does not. So you have to see every borrow and
every return: `record` does, and `still_held()` is what was borrowed and never returned, with the line that borrowed it.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    refused, fixed = 0, frozenset[str]()
    for number, culprits in enumerate(NIGHTS, start=1):
        pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=NIGHT_LIMIT)
        night = NightShift(pool, fixed)
        try:
            _Night(number, night, set(culprits)).compare(lab.call(answer, pool, night.run), lab)
        finally:
            night.close()
        refused += night.refused("banner")
        fixed |= set(culprits)
    return (
        "Night 1: `bookkeeper`, whose `release` stood below a line that raised, and `newsletter`, which unsubscribed "
        "and did not close. Night 2: `stockroom`, which called `unwatch` and kept its pipeline. Night 3: no one. "
        f"`banner` met an exhausted pool {refused} times and never kept a connection: a log names those who suffer "
        "from a leak, not its cause."
    )


class _Night:
    """Compares the names that were found after one night with those of the programs that leaked."""

    def __init__(self, number: int, night: NightShift, culprits: set[str]) -> None:
        self._number = number
        self._night = night
        self._culprits = culprits

    def compare(self, found: Any, lab: Lab) -> None:
        """Raise Wrong unless the two are the same."""
        if not self._night.nights:
            raise Wrong(
                f"`{lab.name}` returned {shown(found)} and never called `run_night()`: the night has not passed, and "
                "no program has borrowed anything yet. What do you want to watch?"
            )
        if self._night.nights > 1:
            raise Wrong(
                f"`run_night()` was called {self._night.nights} times for one night. In the shop a second night would "
                "leak more connections. How can you see everything in one night?"
            )
        names = self._names(found, lab)
        named = f"Night {self._number}: you named {', '.join(f'`{name}`' for name in sorted(names)) or 'no one'}."
        innocent = sorted(names - self._culprits, key=lambda name: (-self._night.refused(name), name))
        if innocent:
            raise Wrong(f"{named} {self._why_not(innocent[0])}")
        if missing := len(self._culprits - names):
            in_use = self._night.in_use_in_the_morning
            raise Wrong(
                f"{named} In the morning {in_use} connections were still in use, and {missing} of the functions that "
                f"borrowed them {'is' if missing == 1 else 'are'} not among your names. What sees every borrow and "
                "every return?"
            )

    def _names(self, found: Any, lab: Lab) -> set[str]:
        if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
            raise Wrong(f"`{lab.name}` returned {shown(found)}. It has to return names, in a list or a set.")
        names = list(found)
        if any(isinstance(name, Lease) for name in names):
            raise Wrong(
                f"`{lab.name}` returned leases, the first of them {shown(names[0])}. Leases are the right thing to "
                "look at, but it has to return the names of functions. What does a lease know about the code that "
                "borrowed?"
            )
        for name in names:
            if name not in PROGRAMS:
                raise self._unknown(name)
        return set(names)

    def _unknown(self, name: Any) -> Wrong:
        if str(name).startswith("worker"):
            return Wrong(
                f"Night {self._number}: you named {shown(name)}. That is a thread, and each of the two threads ran "
                f"several of the {len(PROGRAMS)} programs. What does a lease know besides the thread that borrowed?"
            )
        return Wrong(
            f"Night {self._number}: you named {shown(name)}, and none of the programs has that name. Return "
            "names such as `banner`."
        )

    def _why_not(self, name: str) -> str:
        refused = self._night.refused(name)
        if refused > 1:
            return (
                f"`{name}` met an exhausted pool {refused} times and keeps no connection: it suffers from the leak. A "
                "log names those who found no connection. Who had borrowed them all?"
            )
        reasons = {
            "banner": "`banner` borrows most often, and returns its connection each time, within the call.",
            "cashier": "`cashier` has locked the checkout, but a lock is a key in Redis: it keeps no connection.",
            "inventory": "`inventory` kept a connection longest, all night, and returned it in the morning.",
            "packer": "`packer` borrowed a connection and passed it on to `courier`, which returned it.",
            "courier": "`courier` returns the connection that `packer` has borrowed.",
            "bookkeeper": "`bookkeeper` still fails, and the log says so; but it has been fixed, and returns its "
            "connection.",
        }
        reason = reasons.get(name, f"`{name}` has been fixed, and returned what it had borrowed.")
        return f"{reason} Which functions borrowed what is not returned in the morning?"


HINTS = (
    "The log names the programs that found no idle connection. You are looking for those that borrowed and did not "
    "return.",
    "`record(pool)` sees every borrow and every return. Let the night pass inside it, and print what `still_held()` "
    "returns afterwards.",
    "A lease knows `who`, which here is a worker thread, and its `line`: the file, the number, the text and the "
    "`function`.",
    "Collect `lease.line.function` of everything that is still held when the night is over.",
)
