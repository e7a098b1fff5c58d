"""What a tap notes of one borrow, as little as possible: it is noted for every command."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

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
