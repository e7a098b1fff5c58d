"""What a tap notes of one borrow, as little as possible: it is noted for every command."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from tutorial_lib.notebook.lines import Site

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


Held: TypeAlias = "tuple[str, Site, float, bool, float, int, object]"
"""What a tap keeps of a connection that is in use: the fields of its Borrow, and what it spoke through then.

A plain tuple: with a Borrow in its place, a recording would cost a GET on loopback 3 % more of its throughput.
``borrow_of(held)`` makes one for those who look.
"""

Ended: TypeAlias = "tuple[str, Site, float, bool, float, int, float, Return]"
"""A borrow that is over: its fields, when it ended, and how.

A plain tuple of plain values: Python's garbage collector looks at it once, and at 100,000 Borrows again and again.
"""


Finished: TypeAlias = "tuple[Borrow, float, Return]"
"""A borrow that is over, when it ended, and how: what ``finished_of(ended)`` makes for those who look."""


def finished_of(ended: Ended) -> Finished:
    """Return a borrow that is over, when it ended, and how."""
    *_, at, how = ended
    return borrow_of(ended), at, how


def borrow_of(fields: tuple[Any, ...]) -> Borrow:
    """Return the borrow of a connection that is in use, or of one that was returned."""
    return Borrow(*fields[:6])
