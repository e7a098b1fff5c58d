"""Three nights in a shop that leaks connections. The one that screams is not the one that took."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import redis

from tutorial_lib.exercises._night_shift import LIMIT, NightShift
from tutorial_lib.pools.lease import Lease
from tutorial_lib.pools.recording import record
from tutorial_lib.pools.snapshot import snapshot
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
At night eight programs share a pool of **3**: `banner`, `bookkeeper`, `cashier`, `courier`, `inventory`, `newsletter`,
`packer` and `stockroom`. Each is a function; two worker threads run them, now one, now another. In the morning
connections are missing, the log says `banner: MaxConnectionsError: Too many connections` over and over, and nobody may
read the code.

Write `find_culprits(pool, run_night)`. Let **one** night pass with `run_night()`, which returns the log, a list of
lines. Return the names of the functions whose connection is **not back in the morning**, as a list or a set. You are
called for **three** nights: after each the shop mends what you have found. A quiet night has no culprit.
"""


def starter(pool, run_night):
    log = run_night()
    return ...  # your code here


def solution(pool, run_night):
    with record(pool) as recording:
        run_night()
    return {lease.line.function for lease in recording.still_held()}


def check(answer: Callable[..., Any], lab: Lab) -> str:
    screams, mended = 0, frozenset[str]()
    for number, culprits in enumerate(NIGHTS, start=1):
        pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=LIMIT)
        night = NightShift(pool, mended)
        try:
            found = lab.call(answer, pool, night.run)
            _Court(number, night, set(culprits)).hear(found, lab)
        finally:
            night.close()
        screams += night.screams("banner")
        mended |= set(culprits)
    return (
        "Night 1: `bookkeeper`, whose `release` stood below a line that failed, and `newsletter`, which "
        "unsubscribed and did not close. Night 2: `stockroom`, which called `unwatch` and kept its pipeline. "
        f"Night 3: nobody. `banner` had cried `Too many connections` {screams} times and taken nothing: whoever "
        "finds the pool empty is the victim, and a log names victims. You asked who has not come back."
    )


class _Court:
    """Hears whom the answer accuses of one night."""

    def __init__(self, number: int, night: NightShift, culprits: set[str]) -> None:
        self._number = number
        self._night = night
        self._culprits = culprits

    def hear(self, found: Any, lab: Lab) -> None:
        """Raise Wrong unless those who are found are those who did it."""
        if not self._night.has_been:
            raise Wrong(
                f"`{lab.name}` returned {shown(found)}, and the night has not passed: `run_night()` was never "
                "called. Nobody has borrowed anything yet."
            )
        names = self._names(found, lab)
        for name in sorted(names - self._culprits, key=lambda name: (-self._night.screams(name), name)):
            raise Wrong(f"Night {self._number}: you accuse {self._accused(names)}. {self._acquit(name)}")
        if missing := len(self._culprits - names):
            kept = snapshot(self._night.pool).in_use
            raise Wrong(
                f"Night {self._number}: you accuse {self._accused(names)}. In the morning in_use is {kept}, and "
                f"{missing} of those who borrowed {'is' if missing == 1 else 'are'} not among them. Who knows of "
                "every borrow, and of every return?"
            )

    def _names(self, found: Any, lab: Lab) -> set[str]:
        if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
            raise Wrong(f"`{lab.name}` returned {shown(found)}. Asked for are names, in a list or a set.")
        names = list(found)
        if any(isinstance(name, Lease) for name in names):
            raise Wrong(
                f"`{lab.name}` returned leases, the first of them {shown(names[0])}. They are the right thing to "
                "look at; asked for are the names of the functions. What does a lease know of the code that borrowed?"
            )
        for name in names:
            if name not in PROGRAMS:
                raise self._unknown(name)
        return set(names)

    def _unknown(self, name: Any) -> Wrong:
        if str(name).startswith("worker"):
            return Wrong(
                f"Night {self._number}: you accuse {shown(name)}. That is a thread, and it runs whatever it is "
                f"handed: two of them ran {len(PROGRAMS)} programs. What does a lease know besides who borrowed?"
            )
        return Wrong(
            f"Night {self._number}: you accuse {shown(name)}, and no program is called so. One is called `banner`."
        )

    def _accused(self, names: set[str]) -> str:
        return ", ".join(f"`{name}`" for name in sorted(names)) or "nobody"

    def _acquit(self, name: str) -> str:
        screams = self._night.screams(name)
        if screams > 1:
            return (
                f"`{name}` came {screams} times to a pool that had nothing left, and holds nothing: it is a "
                "victim. A log names those who found the pool empty. Who had emptied it?"
            )
        reasons = {
            "banner": "`banner` borrows most often, and brings back each time, within the call.",
            "cashier": "`cashier` has locked the till, and a lock is a key in Redis: it holds no connection.",
            "inventory": "`inventory` held a connection longer than anybody, all night, and brought it back at dawn.",
            "packer": "`packer` borrowed one and gave it to `courier`, who brought it back.",
            "courier": "`courier` brings back what `packer` has borrowed.",
            "bookkeeper": "`bookkeeper` still fails, and says so in the log; but it has been mended, and gives back.",
        }
        reason = reasons.get(name, f"`{name}` has been mended by now, and gave back what it had borrowed.")
        return f"{reason} Who has borrowed what is not back in the morning?"


HINTS = (
    "The log names those who found the pool empty. You look for those who emptied it: who has borrowed, and has "
    "not brought back?",
    "`record(pool)` hears every borrow and every return. Let the night pass inside of it, and print what "
    "`still_held()` says afterwards.",
    "A lease knows `who`, which here is a worker's thread, and its `line`: the file, the number, the text and the "
    "`function`.",
    "Collect `lease.line.function` of everything that is still held when the night is over.",
)
