"""Every process that a learner's code starts: counted, and ended with it."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

MARK_VARIABLE = "REDIS_POOL_TUTORIAL_CHECK"
"""An environment variable that a notebook's processes inherit. Its value says which notebook they belong to."""

_SIGKILL = 9  # by number, because Windows has no name for it
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of each descendant whose own parent ends, so that a daemon is found too. On Linux only."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Have this process killed as soon as the one that started it ends. On Linux only.

    Otherwise a loop that kills its parent would go on to the next one: whatever has adopted it.
    """
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def descendants(own_child: int = 0) -> list[psutil.Process]:
    """Return the processes below this one that still run. Orphans that have ended are forgotten on the way.

    ``own_child`` is the process whose end another part asks for.
    """
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
            elif process.pid != own_child and os.name == "posix":
                with suppress(ChildProcessError):  # it has a parent of its own
                    os.waitpid(process.pid, os.WNOHANG)
    return found


def marked(mark: str) -> list[psutil.Process]:
    """Return the processes of this user, other than this one, that were started with the mark."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK_VARIABLE) == mark:
                found.append(process)
    return found


def memory_of(processes: Iterable[psutil.Process]) -> int:
    """Return the bytes of memory that the processes really use."""
    used = 0
    for process in processes:
        with suppress(psutil.Error):
            memory = process.memory_full_info()
            used += getattr(memory, "pss", memory.uss)  # what forks share is not counted for each of them
    return used


def end_all(find: Callable[[], Iterable[psutil.Process]], within: float = 10.0) -> None:
    """Kill what ``find`` returns, until it finds nothing or time is up.

    All are stopped before the first is killed: a fork bomb would fill the free places faster than they are made.
    """
    deadline = time.monotonic() + within
    stopped: set[psutil.Process] = set()
    while (new := set(find()) - stopped) and time.monotonic() < deadline:
        for process in new:
            with suppress(psutil.Error):
                process.suspend()
        stopped |= new
    for process in stopped:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stopped, timeout=1.0)


def end_group(leader: int) -> None:
    """Kill a process and those that it has started in its own group, all in one step. On Unix only."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(leader, _SIGKILL)
