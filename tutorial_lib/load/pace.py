"""When the next call of a load begins: as soon as a caller is free (closed loop), or when it is due (open loop)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from itertools import count as counting
from typing import Protocol, TypeAlias

from tutorial_lib.load.workload import MOST_CALLS, Workload


class Clock:
    """The real time. Tests bring their own."""

    now = staticmethod(time.perf_counter)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Sleep for ``seconds``, or until ``stop`` is set."""
        stop.wait(seconds)


Turn: TypeAlias = "tuple[bool, float | None, float]"
"""One call to make: whether it counts (a warm-up call does not); when it is due, None for as soon as it begins; and
when its user was free. A plain tuple, as it is handed out for every call."""

AT_ONCE: Turn = (True, None, 0.0)
WARM_UP: Turn = (False, None, 0.0)


class Pace(Protocol):
    """Hands out turns to all users. ``next`` on their shared counter is never interrupted, so it needs no lock."""

    @property
    def expected(self) -> int | None:
        """How many calls are to be reported, where that is known beforehand."""

    def begin(self) -> None:
        """Let the users begin. The second time does nothing."""

    def turns(self) -> Iterator[Turn]:
        """For one user: wait until the next call is to begin, and yield it, until there are no more."""

    def is_over(self) -> bool:
        """True when no user may begin another call."""

    def part_done(self) -> float:
        """Return which part of the run is over, from 0 to 1."""

    def window(self) -> float:
        """Return when the reported part of the run began."""


class ClosedLoop:
    """The next call begins as soon as a user is free."""

    def __init__(self, workload: Workload, clock: Clock) -> None:
        self.expected = workload.count
        self._seconds = workload.seconds
        self._first = -workload.warm_up
        self._clock = clock
        self._tickets = counting(self._first)
        self._ticket = self._first
        self._go = threading.Event()
        self._window: float | None = None
        self._over = False

    def begin(self) -> None:
        self._go.set()

    def turns(self) -> Iterator[Turn]:
        self._go.wait()
        now, last = self._clock.now, self.expected or MOST_CALLS
        for ticket in self._tickets:
            if ticket == 0:
                self._window = now()
            if ticket >= last or (self.expected is None and self._time_is_up(now())):
                self._over = True
                return
            self._ticket = ticket
            yield AT_ONCE if ticket >= 0 else WARM_UP

    def _time_is_up(self, now: float) -> bool:
        return self._window is not None and now >= self._window + self._seconds

    def is_over(self) -> bool:
        # Asked for the sake of users who are still thinking.
        return self._over

    def part_done(self) -> float:
        if self.expected is not None:
            return (self._ticket - self._first) / (self.expected - self._first)
        return (self._clock.now() - self.window()) / self._seconds

    def window(self) -> float:
        return self._clock.now() if self._window is None else self._window


class OpenLoop:
    """A call begins when it is due or, if all users are busy then, as soon as one is free."""

    HEAD_START = 0.02
    """The schedule begins when the threads, which wake up one by one, can be expected to be awake."""

    GRACE = 1.0

    def __init__(self, workload: Workload, clock: Clock, stop: threading.Event) -> None:
        self._due = workload.due_times()
        self._warm_up = workload.warm_up
        self.expected = len(self._due) - workload.warm_up
        self._length = self._due[-1] if self._due else 0.0
        self._clock = clock
        self._stop = stop
        self._tickets = counting()
        self._go = threading.Event()
        self._start = math.inf

    def begin(self) -> None:
        if not self._go.is_set():  # An interrupted start begins twice.
            self._start = self._clock.now() + self.HEAD_START
            self._go.set()

    def turns(self) -> Iterator[Turn]:
        for ticket in self._tickets:
            free = self._clock.now()
            if ticket >= len(self._due):
                return
            # A user who is here before the start was free, however late the threads wake up.
            self._go.wait()
            due, now = self._start + self._due[ticket], self._clock.now()
            if self.is_over():
                return
            if now < due:
                self._clock.wait(due - now, self._stop)
            yield ticket >= self._warm_up, due, free

    def is_over(self) -> bool:
        # Half the length of the run and a second after the last call was due: a queue that is left by then is growing.
        return self._clock.now() > self._start + 1.5 * self._length + self.GRACE

    def part_done(self) -> float:
        return (self._clock.now() - self._start) / self._length if self._length else 1.0

    def window(self) -> float:
        return self._start + (self._due[self._warm_up - 1] if self._warm_up else 0.0)


def pace_of(workload: Workload, clock: Clock, stop: threading.Event) -> Pace:
    """Return the pace that ``workload`` asks for."""
    return OpenLoop(workload, clock, stop) if workload.is_open else ClosedLoop(workload, clock)
