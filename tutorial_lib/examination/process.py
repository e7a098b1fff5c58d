"""The evidence of one process, written to a file while the program runs: once a second, at its end, in each fork."""

from __future__ import annotations

import _thread
import atexit
import json
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

from tutorial_lib.examination.asking import ask_once
from tutorial_lib.examination.attach import attach
from tutorial_lib.examination.witness import Witness
from tutorial_lib.pools.frames import leave_no_frame

EVERY = 1.0
"""Seconds between two writings, once a process is older. What SIGKILL loses is younger than that."""
SOONEST = 0.05


def watch(folder: str, ask: bool = False) -> Witness:
    """Watch this process, and what it forks, and keep a file of its evidence in ``folder``.

    With ``ask`` each server that a pool has connected to is asked once for its maxclients.
    """
    witness = Witness()
    attach(witness)
    writer = _Writer(witness, Path(folder), ask)
    writer.start()
    return witness


class _Writer:
    def __init__(self, witness: Witness, folder: Path, ask: bool) -> None:
        self._witness = witness
        self._folder = folder
        self._ask = ask
        self._renew_locks()

    def _renew_locks(self) -> None:
        self._lock, self._asking = threading.RLock(), threading.Lock()
        self._is_writing = False
        self._has_ended = threading.Event()

    def start(self) -> None:
        atexit.register(self._end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)
        # The children of multiprocessing end so, and atexit is not asked.
        self._before(os, "_exit", lambda *_, **__: True)
        # A server that has shut down ends itself by the signal that it got: uvicorn does so.
        self._before(signal, "raise_signal", lambda *_, **__: True)
        self._before(os, "kill", lambda pid, *_, **__: pid == os.getpid())
        self._start_thread()

    def _before(self, module: Any, name: str, is_the_end: Callable[..., bool]) -> None:
        """Write before a function that may end this process, and then do as it did."""
        original = getattr(module, name)

        @wraps(original)
        def write_first(*args: Any, **kwargs: Any) -> Any:
            if is_the_end(*args, **kwargs):
                self.write()
            try:
                return original(*args, **kwargs)
            except BaseException as error:
                leave_no_frame(error)
                raise

        setattr(module, name, write_first)

    def _start_thread(self) -> None:
        # No threading.Thread: the program may count its threads, and gevent that patches late asks after each of them.
        _thread.start_new_thread(self._go_on, ())

    def _go_on(self) -> None:
        has_ended, pause = self._has_ended, SOONEST
        while not has_ended.wait(pause):
            # To tell each of the last borrows takes longer than all the rest, so only the end does it.
            self.write(recent=False)
            self._ask_servers()
            pause = min(2 * pause, EVERY)

    def _end(self) -> None:
        self._has_ended.set()
        self.write()
        self._ask_servers()

    def _after_fork(self) -> None:
        self._renew_locks()
        self._witness.after_fork()
        self._start_thread()

    def _ask_servers(self) -> None:
        if self._ask:
            # Python must not end while our thread asks: TLS in a thread that goes on then may crash the process.
            with suppress(Exception), self._asking:
                for pool in self._witness.connected():
                    ask_once(pool, self._folder)

    def write(self, *, recent: bool = True) -> None:
        """Write the evidence, or let it be: the program must not suffer from a full disk."""
        with suppress(Exception), self._lock:
            if self._is_writing:  # A signal came meanwhile, and its handler ends the process.
                return
            self._is_writing = True
            try:
                self._write(recent)
            finally:
                self._is_writing = False

    def _write(self, recent: bool) -> None:
        text = json.dumps(self._witness.evidence(recent=recent).to_json(), default=str)
        path = self._folder / f"{os.getpid()}.json"
        unfinished = path.with_suffix(".new")
        unfinished.write_text(text, "utf-8")
        unfinished.replace(path)
