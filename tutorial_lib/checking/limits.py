"""What one notebook may use while it is checked."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass

import psutil

LARGEST_FILE = 100_000_000  # bytes that a learner's code may write into one file
ROOM_FOR_THREADS = 400  # that the user may start beyond those that run already
THREADS_STACK = 1_048_576  # bytes; usually 8 MB, all of which counts as memory, and a hundred threads would be too many


@dataclass(frozen=True)
class Limits:
    """What one notebook may use. Times are in seconds, memory and output in bytes.

    ``cell`` is for one cell, without the checks in it, which have limits of their own. ``memory`` holds for each
    process and for all of the notebook's processes together.
    """

    cell: float = 15.0
    notebook: float = 60.0
    memory: int = 1_000_000_000
    output: int = 1_000_000
    processes: int = 100


LIMITS = Limits()


def limit_this_process(memory: int) -> None:
    """Have the system refuse this process, and what it starts, more memory and larger files. On Unix only."""
    try:
        import resource
    except ImportError:  # Windows: there the supervisor alone counts the memory
        return
    threading.stack_size(THREADS_STACK)
    # RLIMIT_DATA, not RLIMIT_AS: a thread reserves far more addresses than it uses.
    limits = {resource.RLIMIT_DATA: memory, resource.RLIMIT_FSIZE: LARGEST_FILE, resource.RLIMIT_CORE: 0}
    # The system counts all of a user's threads here, so there is room for what else the teacher does meanwhile. It does
    # not hold for root. The supervisor counts the notebook's own processes, but a fork bomb is faster than it.
    limits[resource.RLIMIT_NPROC] = _threads_of_user() + ROOM_FOR_THREADS
    for kind, most in limits.items():
        with suppress(OSError, ValueError):  # a lower limit holds already
            resource.setrlimit(kind, (most, most))


def _threads_of_user() -> int:
    total = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.uids().real == os.getuid():
                total += process.num_threads()
    return total
