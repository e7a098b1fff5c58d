"""One borrow of a connection: as it is noted while it lasts, as a recording shows it, and what many add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from tutorial_lib.notebook.lines import Line, Site

Outcome: TypeAlias = Literal[
    "returned",  # the connection is back in the pool
    "still held",  # not back when the recording ended
    "borrowed again",  # by a second caller meanwhile: it had been returned twice, or the pool was reset
    "refused",  # MaxConnectionsError: Too many connections
    "timed out",  # ConnectionError: No connection available.
    "failed",  # any other error: the server is down, an argument is wrong
    "cancelled",  # the waiting task was cancelled, or the cell interrupted
    "still waiting",  # neither served nor refused when the recording ended
    "borrowed earlier",  # a return: the connection was borrowed before the tap was there
    "returned twice",  # a return: the connection was not in use
]

Return: TypeAlias = Literal[
    "returned",  # open, as it was when it was borrowed
    "closed",  # it was closed meanwhile, and came back so
    "reopened",  # it was closed meanwhile, and redis-py had opened it again when it came back
    "borrowed again",  # not at all: another caller got it
]
"""How a connection came back."""


class End(NamedTuple):
    """How it ended for a caller that got no connection."""

    at: float
    outcome: Outcome
    error: str
    """The class of the error that the caller got instead."""


class Borrow(NamedTuple):
    """One borrow, from when a caller asked. Times are by the tap's clock."""

    who: str
    """The name of a thread or task."""
    site: Site
    """The line that asked."""
    asked: float
    queued: bool
    """Whether a blocking pool had nothing left when the caller came."""
    got: float = 0.0
    """0 for a caller that has no connection."""
    connection: int = 0
    """The connection's ``id``."""

    def waited(self, until: float) -> float:
        """Return how long the caller waited until it had a connection or gave up. Opening one is not waiting."""
        return until - self.asked if self.queued else 0.0


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
