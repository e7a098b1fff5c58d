"""One borrow of a connection as a recording shows it, and what many add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tutorial_lib.notebook.lines import Line
from tutorial_lib.pools.borrow import Outcome


@dataclass(frozen=True, repr=False)
class Lease:
    """One borrow: who, from which line, how long it waited, how long it was held, and how it ended.

    Times are seconds, ``asked`` since the recording began. ``waited`` counts from the moment when the pool had
    no connection left; ``opening`` is the time to open or check the connection for a caller who did not have to wait.
    ``connection`` numbers the connections in the order in which they were first borrowed; it is None for a caller who
    got none, and ``error`` is the class of the error that was raised instead.

    ``was_cut`` says that the connection was closed while it was borrowed: redis-py noticed that the server or the
    network had cut it, disconnected it after an error, or closed it with its PubSub. Python learns that at the return,
    so a connection that is still held, or that the server closed after its last command, does not count.
    ``reopened`` says that redis-py had opened it again before the return, as a retry does.
    """

    who: str
    line: Line
    asked: float
    waited: float
    opening: float
    held: float
    outcome: Outcome
    connection: int | None
    error: str = ""
    was_cut: bool = False
    reopened: bool = False

    @property
    def where(self) -> str:
        """The line that borrowed it: ``cell 3, line 2, in checkout()``."""
        return str(self.line) if self.line.file else f"{self.line} of {self.who}"

    @property
    def got(self) -> float:
        """When the caller had its connection, or gave up."""
        return self.asked + self.waited + self.opening

    @property
    def ended(self) -> float:
        """When the connection was back, or the recording ended."""
        return self.got + self.held

    def __repr__(self) -> str:
        # The line's own text: a cell's number depends on how often cells were run.
        code = f'"{self.line.text}"' if self.line.text else str(self.line)
        function = f" in {self.line.function}()" if self.line.function.isidentifier() else ""
        return f"Lease({self.who}, {self.outcome}, {code}{function})"


@dataclass(frozen=True)
class Moment:
    """How many connections were in use and how many callers waited, from ``at`` until the next moment."""

    at: float
    in_use: int
    waiting: int


def moments(leases: Iterable[Lease], earlier: int, earlier_returns: Iterable[float]) -> list[Moment]:
    """Count who holds and who waits after each change, beginning at 0.

    ``earlier`` connections were in use at the beginning and came back at ``earlier_returns``.
    """
    changes: list[tuple[float, int, int]] = [(at, -1, 0) for at in earlier_returns]
    for lease in leases:
        if lease.waited:
            changes += [(lease.asked, 0, 1), (lease.got, 0, -1)]
        if lease.connection is not None:
            changes.append((lease.got, 1, 0))
            if lease.outcome != "still held":
                changes.append((lease.ended, -1, 0))
    in_use, waiting = earlier, 0
    found = [Moment(0.0, in_use, waiting)]
    for at, more_in_use, more_waiting in sorted(changes):  # Returns sort before borrows of the same instant.
        in_use += more_in_use
        waiting += more_waiting
        if found[-1].at == at:
            found.pop()
        found.append(Moment(at, in_use, waiting))
    return found
