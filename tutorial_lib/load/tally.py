"""What one user of a load did."""

from __future__ import annotations

import threading
from array import array
from collections import Counter

import numpy as np

from tutorial_lib.load.report import Seconds


class Tally:
    """What one user did. Only that user writes it; the cell that waits may ask for ``times()`` at any moment."""

    def __init__(self) -> None:
        self.who = ""
        """The name under which the meter knows the user's thread."""
        self.refused = 0
        self.failures = 0
        self.failed: Counter[str] = Counter()
        self.fresh: list[float] = []
        """Three numbers for each of the last calls that were done: due, begun, ended."""
        self._kept = array("d")
        self._lock = threading.Lock()
        self.overslept = array("d")
        """For each call that had a user waiting for it: how late that user woke up."""
        self.no_free_user = 0
        self.first_error: BaseException | None = None
        self.finished = threading.Event()
        """Set when this user will do nothing more. Waited for in place of the thread: up to Python 3.12 a Ctrl-C in
        join() makes a thread that goes on look as if it had ended."""

    def keep(self) -> None:
        """Put the fresh numbers to those of earlier calls, in an array, where they take a quarter of the memory.

        Many at once: call by call, an array takes them seven times as slowly as a list.
        """
        with self._lock:
            self._kept.fromlist(self.fresh)
            self.fresh.clear()

    def times(self) -> tuple[Seconds, Seconds, Seconds]:
        """Return three arrays with a number for each call that was done: due, begun, ended."""
        with self._lock:
            due, begun, ended = np.concatenate([self._kept, self.fresh]).reshape(-1, 3).T
        return due, begun, ended

    def note_start(self, due: float, free: float, begun: float) -> None:
        """Note how punctual a call of an open loop was, whatever became of it."""
        if free <= due:
            self.overslept.append(begun - due)
        else:
            self.no_free_user += 1
