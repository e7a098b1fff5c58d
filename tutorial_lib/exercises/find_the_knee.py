"""The knee of a sweep: the smallest limit that is good enough, and not by luck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from statistics import fmean
from typing import Any

from tutorial_lib.load.sweep import Spread, SweepRow
from tutorial_lib.load.workload import Workload
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.sizing.simulation import replay

ID = "find-the-knee"
LESSON = "07"
TITLE = "The knee, in a table of measurements"
NAME = "find_knee"

RATE = 100
HOLD = 0.02
ROUNDS = 3

PROMPT = """
Write `find_knee(rows, budget)`. `rows` is a list of what a `sweep` measured, in no particular order. Each row has

- `row.limit`, the limit of the pool;
- `row.waiting.middle`, the mean wait for a connection, in seconds;
- `row.refused`, how many callers got no connection.

A row is *good* if the mean wait is at most `budget` seconds and nobody was refused. Return the **smallest limit**
such that its row, and each row with a larger limit, is good: one lucky measurement does not make a knee. Return `None`
if there is no such limit.
"""


def starter(rows, budget):
    knee = ...  # your code here
    return knee


def solution(rows, budget):
    knee = None
    for row in sorted(rows, key=lambda row: row.limit, reverse=True):
        if row.waiting.middle > budget or row.refused:
            break
        knee = row.limit
    return knee


@dataclass(frozen=True)
class Table:
    """A sweep's rows, what was measured there, and the budget."""

    about: str
    rows: list[SweepRow]
    budget: float


def check(answer: Callable[..., Any], lab: Lab) -> str:
    right: Callable[..., int | None] = solution
    found = []
    for table in _tables():
        knee = lab.call(answer, list(table.rows), table.budget)
        wanted = right(table.rows, table.budget)
        if knee != wanted or isinstance(knee, (bool, float)):
            raise Wrong(f"{_scene(table)} `{lab.name}` returned {shown(knee)}. {_why(knee, wanted, table)}")
        found.append(knee)
    steady, refusing, lucky, _, busy = found
    return (
        f"Five tables. Waiting callers: knee at {steady}, though {max(_by_limit(_tables()[0]))} waits even less. "
        f"Refused ones: at {refusing}, though nobody ever waited. A lucky row did not fool you ({lucky}), and where "
        f"no limit was enough you said {busy}. A pool that refuses looks fast: only those whom it served are timed."
    )


def _tables() -> list[Table]:
    # In such orders that whoever does not sort is wrong somewhere, from whichever end he begins.
    steady = [_played(limit) for limit in (6, 2, 12, 8, 4, 10, 3, 5)]
    lucky = [_played(limit) for limit in (5, 8, 2, 12, 4, 6)] + [_with_a_wait(0.0004, 3)]
    return [
        Table("A pool that waits, in three rounds", steady, 0.001),
        Table("A plain pool, which refuses", [_played(limit, timeout=0) for limit in (8, 2, 12, 4, 6, 10)], 0.001),
        Table("A pool that waits, and one lucky row", lucky, 0.001),
        Table(
            "A pool that waits, and one row on the very budget", [_played(6), _with_a_wait(0.001, 5), _played(4)], 0.001
        ),
        Table("A pool that waits, of few connections", [_played(limit) for limit in (3, 2)], 0.001),
    ]


@cache
def _played(limit: int, timeout: float | None = None) -> SweepRow:
    """What a sweep would have measured, played on paper so that it is the same each time."""
    waits, done, refused = [], [], 0
    for seed in range(1, ROUNDS + 1):
        arrivals = Workload("GET greeting", rate=RATE, duration=5, seed=seed).due_times()
        waited = replay(arrivals, [HOLD] * len(arrivals), limit, timeout)
        served = [wait for wait in waited if wait <= 5]
        refused += len(waited) - len(served)
        waits.append(fmean(served))
        done.append(len(served) / 5)
    spread = Spread.of(waits)
    return SweepRow(limit, Spread.of(done), spread, Spread(HOLD, HOLD, HOLD), spread, refused, 0, limit)


def _with_a_wait(seconds: float, limit: int) -> SweepRow:
    return replace(_played(limit), waiting=Spread(seconds / 2, seconds, 2 * seconds))


def _by_limit(table: Table) -> dict[int, SweepRow]:
    return {row.limit: row for row in sorted(table.rows, key=lambda row: row.limit)}


def _scene(table: Table) -> str:
    rows = ", ".join(
        f"{limit}: {row.waiting.middle * 1000:.2f} ms" + (f" and {row.refused} refused" if row.refused else "")
        for limit, row in _by_limit(table).items()
    )
    return f"{table.about}, budget {table.budget * 1000:g} ms ({rows})."


def _why(knee: Any, wanted: int | None, table: Table) -> str:
    rows = _by_limit(table)
    if wanted is None:
        return "No row of this table is good, so there is no knee to be found; `None` says so."
    if knee is None:
        return (
            "The largest limit is good: nobody was refused and the wait is within the budget. So there is a knee. "
            "Is the largest the first that you look at?"
        )
    if isinstance(knee, SweepRow):
        return f"That is the whole row. Which of its parts is asked for? The knee is at {wanted}."
    if not isinstance(knee, int) or isinstance(knee, bool) or knee not in rows:
        return "That is not a limit of this table. Is it a place in the list, or a wait?"
    row = rows[knee]
    if row.refused:
        return f"With {knee}, {row.refused} callers were refused. Whoever is refused does not wait; is that good?"
    if row.waiting.middle > table.budget:
        return f"With {knee} callers waited {row.waiting.middle * 1000:.2f} ms, which is over the budget."
    if knee < wanted:
        worse = next(limit for limit, row in rows.items() if limit > knee and row.waiting.middle > table.budget)
        return (
            f"{knee} looks good, and {worse}, with more connections, does not: that cannot be. Which of the two "
            "rows would you trust tomorrow?"
        )
    if rows[wanted].waiting.middle == table.budget:
        return f"With {wanted} callers waited exactly as long as the budget, and good is what waits *at most* so long."
    if knee == min((row.limit for row in table.rows if row.waiting.middle * 1000 <= table.budget), default=None):
        return "So it would be if the waits came in milliseconds. Both they and the budget come in seconds."
    if row.waiting.middle == min(row.waiting.middle for row in table.rows):
        return (
            f"It waits the least. So little that nobody feels it is also waited with {wanted}: {knee - wanted} fewer."
        )
    return f"It is good, and so is {wanted}, and all that is above it. Does the order of the rows matter to you?"


HINTS = (
    "Sort the rows by their limit first. Which end of the table is the safe one to begin at?",
    "Begin with the largest limit and go down. As long as rows are good, each is a better answer than the one before.",
    "At the first row that is not good, stop: what is below it may be lucky, and is not to be trusted.",
    "`sorted(rows, key=lambda row: row.limit, reverse=True)` gives the order. Keep the last good limit in a name that "
    "is `None` at first, and `break` where the wait is over the budget or somebody was refused.",
)
