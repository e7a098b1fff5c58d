"""Waiting for something to become so, instead of for time to pass."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(true: Callable[[], object], within: float = 5.0) -> bool:
    """Ask again and again until it is so, or time is up."""
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
