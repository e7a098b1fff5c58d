"""What can be seen of this process and its surroundings, to find that a check has left nothing behind."""

from __future__ import annotations

import asyncio
import builtins
import gc
import locale
import logging
import os
import resource
import signal
import socket
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.waiting import eventually
from tutorial_lib.practice.replaced_names import names_now, replaced_since


def _state() -> dict[str, Any]:
    me = psutil.Process()
    return {
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "system's threads": me.num_threads(),
        "descriptors": Counter(_descriptors()),
        "children": sorted(child.pid for child in me.children(recursive=True)),
        "folder": Path.cwd(),
        "limits": [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name[:7] == "RLIMIT_"],
        "environment": {name: text for name, text in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "priority": os.nice(0),
        "mask": _mask(),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "output": (sys.stdout, sys.stderr, sys.stdin),
        "path": list(sys.path),
        "log": [list(logging.root.handlers), logging.root.level],
        "default timeout": socket.getdefaulttimeout(),
        "depth": sys.getrecursionlimit(),
        "collects": gc.isenabled(),
        "trace": (sys.gettrace(), sys.getprofile()),
        "warnings": list(warnings.filters),
        "hook": (sys.excepthook, threading.excepthook),
        "locale": locale.setlocale(locale.LC_ALL),
        "builtins": dict(vars(builtins)),
        "loop": asyncio._get_running_loop(),
    }


def _descriptors() -> Iterator[str]:
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists the folder
            yield str(descriptor.readlink())


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fail if anything that can be seen is not as it was before the block."""
    gc.collect()  # What tests before this one have let go must not go while it runs.
    before, names = _state(), names_now()
    yield
    assert replaced_since(names) == []
    # A process that has been killed may take a moment until the system has forgotten it.
    eventually(lambda: _state() == before, within=2)
    now = _state()
    for what, was in before.items():
        assert now[what] == was, f"{what}: {was} became {now[what]}"
