"""One line of the bench table, and the way its figures are taken."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

PEAK = """
import re, resource, sys
from pathlib import Path
status = Path("/proc/self/status")
if status.exists():  # On Linux ru_maxrss begins with what the parent has, a bench with all that it has imported.
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) * 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""
"""The end of a program that is to tell how much memory it took at most: ``peak``, in bytes."""


class Row(NamedTuple):
    """A figure, the bar it is held to, and whether it holds."""

    name: str
    measured: str
    bar: str
    holds: bool


def at_most(name: str, value: float, bar: float, unit: str = "x") -> Row:
    """Return a row that holds if ``value`` is ``bar`` or less."""
    return Row(name, f"{value:.3g} {unit}", f"<= {bar:g} {unit}", value <= bar)


def at_least(name: str, value: float, bar: float, unit: str = "x") -> Row:
    """Return a row that holds if ``value`` is ``bar`` or more."""
    return Row(name, f"{value:.3g} {unit}", f">= {bar:g} {unit}", value >= bar)


def interleaved(first: Callable[[], float], second: Callable[[], float], rounds: int = 9) -> tuple[float, float, float]:
    """Take both figures in turn, A B A B …, and return the medians of A, of B, and of A / B pair by pair.

    The machine's speed drifts; within one pair it hardly has time to.
    """
    first(), second()  # Warm: files are read from disk once.
    pairs = [(first(), second()) for _ in range(rounds)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )
