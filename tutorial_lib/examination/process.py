"""The evidence of one process, written to a file while the program runs: once a second, at its end, in each fork."""

from __future__ import annotations

import atexit
import json
import os
import threading
from contextlib import suppress
from pathlib import Path

from tutorial_lib.examination.attach import attach
from tutorial_lib.examination.witness import Witness

EVERY = 1.0
"""Seconds between two writings, once a process is older. What SIGKILL loses is younger than that."""
SOONEST = 0.05


def watch(folder: str) -> Witness:
    """Watch this process, and what it forks, and keep a file of its evidence in ``folder``."""
    witness = Witness()
    attach(witness)
    writer = _Writer(witness, Path(folder))
    writer.start()
    return witness


class _Writer:
    def __init__(self, witness: Witness, folder: Path) -> None:
        self._witness = witness
        self._folder = folder
        self._lock = threading.Lock()

    def start(self) -> None:
        atexit.register(self.write)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)
        self._leave, os._exit = os._exit, self._exit  # type: ignore[assignment]
        self._start_thread()

    def _start_thread(self) -> None:
        threading.Thread(target=self._go_on, name="examine", daemon=True).start()

    def _go_on(self) -> None:
        wake, pause = threading.Event(), SOONEST
        while not wake.wait(pause):
            self.write()
            pause = min(2 * pause, EVERY)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._witness.after_fork()
        self._start_thread()

    def _exit(self, status: int) -> None:
        """Write before ``os._exit``: the children of multiprocessing end with it, and atexit is not asked there."""
        self.write()
        self._leave(status)

    def write(self) -> None:
        """Write the evidence, or let it be: the program must not suffer from a full disk."""
        with suppress(Exception), self._lock:
            text = json.dumps(self._witness.evidence().to_json(), default=str)
            path = self._folder / f"{os.getpid()}.json"
            unfinished = path.with_suffix(".new")
            unfinished.write_text(text, "utf-8")
            unfinished.replace(path)
