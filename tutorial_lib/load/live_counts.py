"""What has come of a load that still runs: how many callers got a connection, and how long they waited lately."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from tutorial_lib.pools.borrow import Borrow, End, Held, borrow_of
from tutorial_lib.pools.tap import Listener

REMEMBERED_FOR = 30.0
"""Seconds for which waits are remembered, as long as PoolView's strip shows: older ones may have other settings."""

MOST_REMEMBERED = 2_000


@dataclass(frozen=True)
class Waits:
    """How long callers waited lately, in seconds, whether or not they got a connection in the end."""

    half: float
    """Half of them waited no longer than this."""
    most: float
    """95 of 100 waited no longer than this."""
    longest: float


@dataclass(frozen=True)
class Counts:
    """The counts so far, and the waits of the last half minute: None if no caller came."""

    done: int = 0
    """Callers that got their reply."""
    waited: int = 0
    """Callers that had to wait for a connection."""
    refused: int = 0
    """Callers that got ``MaxConnectionsError`` at once."""
    timed_out: int = 0
    """Callers that waited, and got no connection in time."""
    failed: int = 0
    """Callers that got any other error, with the connection or with their command."""
    last_error: str = ""
    """What was raised last, whether a caller was refused, timed out or failed."""
    waits: Waits | None = None


class LiveCounts(Listener):
    """Hears what happens at a pool, or at several in turn, and adds it up."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Count from zero again."""
        with self._lock:
            self._done = self._waited = self._failed = 0
            self._unserved = {"refused": 0, "timed out": 0}
            self._last_error = ""
            self._recent: deque[tuple[float, float]] = deque(maxlen=MOST_REMEMBERED)

    # -- what the pool tells

    def borrowed(self, held: Held) -> None:
        borrow = borrow_of(held)
        with self._lock:
            self._note_wait(borrow, until=borrow.got)

    def unserved(self, borrow: Borrow, end: End) -> None:
        with self._lock:
            self._note_wait(borrow, until=end.at)
            if end.outcome in self._unserved:
                self._unserved[end.outcome] += 1
            else:
                self._failed += 1

    def _note_wait(self, borrow: Borrow, until: float) -> None:
        self._waited += borrow.queued
        self._recent.append((self._clock(), borrow.waited(until)))

    # -- what the callers tell

    def note_done(self) -> None:
        """Note that a caller has its reply."""
        with self._lock:
            self._done += 1

    def note_failure(self, error: BaseException) -> None:
        """Note that a caller had a connection, and that its command failed."""
        with self._lock:
            self._failed += 1
        self.note_error(error)

    def note_error(self, error: BaseException) -> None:
        """Note what a caller was told. The pool has told that it was unserved already."""
        with self._lock:
            self._last_error = f"{type(error).__name__}: {error}"

    # -- the sums

    def now(self) -> Counts:
        """Return the counts so far."""
        with self._lock:
            old = self._clock() - REMEMBERED_FOR
            while self._recent and self._recent[0][0] < old:
                self._recent.popleft()
            return Counts(
                done=self._done,
                waited=self._waited,
                refused=self._unserved["refused"],
                timed_out=self._unserved["timed out"],
                failed=self._failed,
                last_error=self._last_error,
                waits=_waits([waited for _, waited in self._recent]),
            )


def _waits(seconds: list[float]) -> Waits | None:
    if not seconds:
        return None
    ordered = sorted(seconds)

    def at(percent: int) -> float:
        return ordered[math.ceil(len(ordered) * percent / 100) - 1]

    return Waits(half=at(50), most=at(95), longest=ordered[-1])
