"""What a failover cost, from the log of the writes around it: which of them are gone, and who noticed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tutorial_lib.exercises._parts import require_several
from tutorial_lib.exercises._words import so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "read-the-failover"
LESSON = "14"
TITLE = "Read a failover's log"
NAME = "read_failover"

PROMPT = """
**Given** the log of a program that counts orders with `INCR`, through a client from `master_for`, while Sentinel
replaces the master. Each entry of `log` is `(seconds, node, reply)`. `reply` is the new value of the counter, or, where
the command raised, the text of the error; then `node` is `None`. The log begins on the old master and ends on the new
one. `promoted` says at which second the sentinels named the new master.

```
(12.21, "redis-1", 556)
(12.23, "redis-1", 557)
(12.25, "redis-2", 53)
```

**Write** `read_failover(log, promoted)`, which returns three numbers, `lost, late, errors`:
- `lost`: how many **acknowledged** writes, those with a reply, are missing from the new master's counter;
- `late`: for how many seconds after `promoted` the old master still acknowledged writes, or 0;
- `errors`: how many commands raised.

**It passes when** all three are right for **3** logs: a failover by hand, and two masters that were killed. No other
program writes to this counter, and it doesn't begin at 0 in every log.
"""


def starter(log, promoted):
    lost = ...  # your code here
    late = ...
    errors = ...
    return lost, late, errors


def solution(log, promoted):
    written = [entry for entry in log if isinstance(entry[2], int)]
    counted = written[-1][2] - written[0][2] + 1
    lost = len(written) - counted
    old_master = written[0][1]
    last = max(seconds for seconds, node, reply in written if node == old_master)
    late = max(0, last - promoted)
    errors = len(log) - len(written)
    return lost, late, errors


WHY = """
The new master's counter says how many writes it knows, and any other acknowledged write is gone. After a failover by
hand the old master keeps running, so the client's open connection still works, and no error tells the program that its
writes will be thrown away. When a master is killed, only those writes are lost that it hadn't replicated yet.
"""

LogEntry = tuple[float, "str | None", "int | str"]


@dataclass(frozen=True)
class Failover:
    """A log, and what is in it. The first two have the numbers of a Sentinel lab; the third is made up."""

    what: str
    old: str
    new: str
    first: int
    """The counter's first reply in the log."""
    acknowledged: int
    """Writes on the old master."""
    until: float
    replicated: int
    """How many of them the new master knows."""
    errors: int
    after: int
    """Writes on the new master."""
    promoted: float

    @property
    def log(self) -> list[LogEntry]:
        step = self.until / self.acknowledged
        old: list[LogEntry] = [(round((n + 1) * step, 2), self.old, self.first + n) for n in range(self.acknowledged)]
        gap = old[-1][0]
        refused: list[LogEntry] = [(round(gap + 0.02 * (n + 1), 2), None, self._error(n)) for n in range(self.errors)]
        gap += 0.02 * (self.errors + 1)
        begins = self.first + self.replicated
        return old + refused + [(round(gap + 0.02 * n, 2), self.new, begins + n) for n in range(self.after)]

    def _error(self, place: int) -> str:
        refused = "Error 111 connecting to 127.0.0.1:6379. Connection refused."
        return refused if place < self.errors // 2 else "No master found for 'mymaster'"

    @property
    def lost(self) -> int:
        return self.acknowledged - self.replicated

    @property
    def late(self) -> float:
        return max(0.0, self.log[self.acknowledged - 1][0] - self.promoted)

    @property
    def last(self) -> int:
        return self.first + self.replicated + self.after - 1


BY_HAND = Failover("a failover by hand", "redis-1", "redis-2", 1, 557, 12.23, 52, 0, 157, 2.2)
KILLED = Failover("a master that was killed", "redis-2", "redis-1", 4001, 41, 1.0, 41, 110, 124, 3.2)
LAGGING = Failover(
    "a master that was killed while its replica lagged behind", "redis-1", "redis-2", 1001, 300, 6.6, 290, 105, 90, 8.7
)


def check(answer: Callable[..., Any], lab: Lab) -> str:
    for failover in (BY_HAND, KILLED, LAGGING):
        value = lab.call(answer, failover.log, failover.promoted)
        lost, late, errors = require_several(value, ("lost", "late", "errors"), "three numbers", lab)
        _require_number("lost", lost, failover)
        if lost != failover.lost:
            raise Wrong(f"{_said(failover, 'lost', lost)} {_why_lost(lost, failover)}")
        _require_number("late", late, failover)
        if abs(late - failover.late) > 0.011:
            raise Wrong(f"{_said(failover, 'late', late)} {_why_late(late, failover)}")
        _require_number("errors", errors, failover)
        if errors != failover.errors:
            raise Wrong(
                f"{_said(failover, 'errors', errors)} What does `reply` hold where a command raised, and how many such "
                "entries are there?"
            )
    return (
        f"After the failover by hand {BY_HAND.lost} acknowledged writes are missing: the client wrote to the old "
        f"master for {BY_HAND.late:.1f} s more, with {BY_HAND.errors} errors. The master that was killed cost "
        f"{KILLED.errors} errors and {so_many(KILLED.lost, 'write')}; with a replica that lagged, "
        f"{so_many(LAGGING.lost, 'write')} too."
    )


def _said(failover: Failover, name: str, value: object) -> str:
    return f"In the log of {failover.what}, `{NAME}` returned {shown(value)} as `{name}`, which is wrong."


def _require_number(name: str, value: object, failover: Failover) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Wrong(f"{_said(failover, name, value)} It should be a number.")


def _why_lost(lost: float, failover: Failover) -> str:
    after = sum(node == failover.old and seconds > failover.promoted for seconds, node, _ in failover.log)
    acknowledged = failover.acknowledged + failover.after
    ideas = {
        failover.errors: "The program knows about a write that raised, and can repeat it. A lost write is one that "
        "it believes was saved. How many were acknowledged, and how many did the new master count?",
        failover.acknowledged: "The new master's first reply shows that it knows some of the old one's writes. How "
        "many?",
        after: "A write before the promotion can be lost too, if the replica didn't have it yet. How many writes does "
        "the new master's counter include?",
        acknowledged - failover.last: f"The counter's first reply is {failover.first}. How many writes has it counted "
        "since then?",
        failover.lost - 1: "The new master's first reply includes the write that it answers. Which value did it have "
        "before?",
    }
    return ideas.get(
        int(lost), "Compare two numbers: the writes with a reply, and the writes that the last reply includes."
    )


def _why_late(late: float, failover: Failover) -> str:
    log = failover.log
    first_on_new = next(seconds for seconds, node, _ in log if node == failover.new) - failover.promoted
    if late < 0:
        return "The old master's last reply came before the promotion. What should `late` be in that case?"
    if abs(late - first_on_new) < 0.011:
        return "That is when the new master answered first. When did the old one answer for the last time?"
    if abs(late - log[failover.acknowledged - 1][0]) < 0.011:
        return (
            "That is the time of the old master's last reply, since the log began. From which moment should you count?"
        )
    return "When did the old master, the node of the first entry, answer for the last time?"


HINTS = (
    "Keep only the entries whose `reply` is a number: `isinstance(reply, int)`. Those are the acknowledged writes.",
    "Each write adds 1 to the counter. If the first reply is 1001 and the last one 1380, how many writes does the new "
    "master's counter include? Compare that with the number of acknowledged writes.",
    "The old master is the node of the first entry. Look for the last entry that has its name, and subtract `promoted` "
    "from its time. `max(0, …)` turns a negative result into 0.",
)
