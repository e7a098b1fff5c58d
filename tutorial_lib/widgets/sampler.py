"""One thread that looks at every pool that is on show, ten times a second, and at nothing when none is."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable

SEND_EVERY = 0.1
LARGEST_SHARE = 0.02
"""Of one processor. When looking takes longer than usual, one looks less often."""

Look = Callable[[], None]


class Sampler:
    """Calls each of its ``looks`` every tenth of a second while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: list[Look] = []
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, look: Look) -> None:
        """Begin to call ``look``, now and then regularly."""
        with self._lock:
            if look not in self._looks:
                self._looks.append(look)
            if self._thread is None:
                self._wake = threading.Event()
                self._thread = threading.Thread(target=self._run, args=(self._wake,), name="pool view", daemon=True)
                self._thread.start()

    def remove(self, look: Look) -> None:
        """Stop calling ``look``. The thread ends with the last of them."""
        with self._lock:
            if look in self._looks:
                self._looks.remove(look)
            if not self._looks:
                self._wake.set()
                self._thread = None

    def stop(self) -> None:
        """End at once, even if views are looked at."""
        with self._lock:
            self._looks.clear()
            self._wake.set()
            self._thread = None

    @property
    def thread(self) -> threading.Thread | None:
        """The thread, while it runs."""
        return self._thread

    def _run(self, wake: threading.Event) -> None:
        pause = 0.0
        while not wake.wait(pause):
            began = time.thread_time()
            for look in list(self._looks):
                look()
            pause = max(SEND_EVERY, (time.thread_time() - began) / LARGEST_SHARE)


sampler = Sampler()
atexit.register(sampler.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=sampler.__init__)  # type: ignore[misc]  # The thread stays with the parent.
