"""The knee of a sweep: the smallest limit that is good enough, and not by luck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from statistics import fmean
from typing import Any

from tutorial_lib.exercises._words import so_many
from tutorial_lib.load.sweep import Spread, SweepRow
from tutorial_lib.load.workload import Workload
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.sizing.simulation import replay

ID = "find-the-knee"
LESSON = "08"
TITLE = "The knee in a table of measurements"
NAME = "find_knee"

RATE = 100
HOLD = 0.02
ROUNDS = 3

PROMPT = """
**Given** `rows`, a list of measurements in no particular order. Each row tells what happened when a pool with one
limit was put under load. (This course's `sweep` makes such rows; lesson 09 runs it.) Each row has

- `row.limit`, the limit of the pool;
- `row.waiting.middle`, the mean wait for a connection, in seconds;
- `row.refused`, the number of callers that got no connection.

A row is *good* if the mean wait is at most `budget` seconds and no caller was refused.

**Write** `find_knee(rows, budget)`. It returns the **smallest limit** such that its row, and every row with a larger
limit, is good. Measurements are sometimes lucky, so a good row below a bad one does not count.

**It passes when**
- it finds the limit in six tables of measurements;
- it returns `None` for a table in which no limit is good enough.
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


WHY = """
From the largest limit downwards, each good row is a better answer than the one before, and the first bad row ends the
search. A good row below that one was luck, because a pool with more connections was too slow.
"""


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
        wanted = right(table.rows, table.budget)
        knee = _ask(answer, table, wanted, lab)
        if knee != wanted or isinstance(knee, (bool, float)):
            raise Wrong(f"{_scene(table)} `{lab.name}` returned {shown(knee)}. {_why(knee, wanted, table)}")
        found.append(knee)
    steady, refusing, lucky, *_ = found
    return (
        f"All {len(found)} tables are right. The pool that waits has its knee at {steady}, although with "
        f"{max(_by_limit(_tables()[0]))} callers wait even less. The pool that refuses has it at {refusing}, although "
        "none of its callers ever waited: only those that got a connection are timed. You didn't trust the lucky rows "
        f"({lucky}), and where no limit was good enough you returned `None`."
    )


def _ask(answer: Callable[..., Any], table: Table, wanted: int | None, lab: Lab) -> Any:
    try:
        return lab.call(answer, list(table.rows), table.budget)
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        if wanted is not None:
            raise
        raise Wrong(
            f"{_scene(table)} No row of this table is good, and `{lab.name}` raised `{type(error).__name__}: {error}`. "
            "What does it return when there is nothing to return?"
        ) from error


def _tables() -> list[Table]:
    # In such orders that an answer which does not sort is wrong somewhere, whichever end it begins at.
    steady = [_played(limit) for limit in (6, 2, 12, 8, 4, 10, 3, 5)]
    lucky = [_played(limit) for limit in (5, 8, 2, 12, 4, 6)] + [_with_a_wait(0.0004, 3)]
    twice_lucky = [_with_a_wait(0.0004, limit) for limit in (3, 2)] + [_played(limit) for limit in (8, 5, 4, 6)]
    return [
        Table("A pool that waits, measured in three rounds", steady, 0.001),
        Table("A plain pool, which refuses", [_played(limit, timeout=0) for limit in (8, 2, 12, 4, 6, 10)], 0.001),
        Table("A pool that waits, with one lucky row", lucky, 0.001),
        Table("A pool that waits, with two lucky rows", twice_lucky, 0.001),
        Table(
            "A pool that waits, with one row exactly at the budget",
            [_played(6), _with_a_wait(0.001, 5), _played(4)],
            0.001,
        ),
        Table("A pool that waits, with few connections", [_played(limit) for limit in (3, 2)], 0.001),
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
        return "No row of this table is good, so there is no knee. Say so with `None`."
    if knee is None:
        return (
            "But the row with the largest limit is good: no caller was refused, and the wait is within the budget. Is "
            "that the row you look at first?"
        )
    if isinstance(knee, SweepRow):
        return f"That is the whole row. Return only its limit, {wanted}."
    if not isinstance(knee, int) or isinstance(knee, bool) or knee not in rows:
        return (
            "No row of this table has that limit. Is it a place in the list, a wait, or a limit that was not measured?"
        )
    row = rows[knee]
    if row.refused:
        refused = so_many(row.refused, "caller was", "callers were")
        return f"With {knee}, {refused} refused. A refused caller does not wait at all; does that make the row good?"
    if row.waiting.middle > table.budget:
        return f"With {knee} callers waited {row.waiting.middle * 1000:.2f} ms, which is over the budget."
    if knee < wanted:
        worse = next(limit for limit, row in rows.items() if limit > knee and row.waiting.middle > table.budget)
        return (
            f"{knee} looks good, but {worse}, with more connections, is not, so {knee} was luck. Which rows have to be "
            "good besides its own?"
        )
    if rows[wanted].waiting.middle == table.budget:
        return f"With {wanted} callers waited exactly as long as the budget, and *at most* includes that."
    if knee == min((row.limit for row in table.rows if row.waiting.middle * 1000 <= table.budget), default=None):
        return "That would be right if the waits were in milliseconds. They and the budget are both in seconds."
    if row.waiting.middle == min(row.waiting.middle for row in table.rows):
        return f"Its callers wait the least, but {wanted} is within the budget too, with {knee - wanted} fewer."
    return f"It is good, but so is {wanted}, and so are all above it. Does your answer depend on the order of the rows?"


HINTS = (
    "Sort the rows by their limit first. Which end of the table is the safe one to begin at?",
    "Begin with the largest limit and go down. As long as rows are good, each is a better answer than the one before.",
    "Stop at the first row that is not good. What is below it may be lucky, and cannot be trusted.",
    "`sorted(rows, key=lambda row: row.limit, reverse=True)` gives the order. Keep the last good limit in a variable "
    "that is `None` at first, and `break` where the wait is over the budget or a caller was refused.",
)
