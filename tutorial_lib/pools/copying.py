"""A copy of what other threads change meanwhile. It stands by itself, so that a report can be made without redis-py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def copied(container: Iterable[T]) -> list[T]:
    """Copy what other threads change meanwhile."""
    while True:
        try:
            return list(container)
        except RuntimeError:  # Changed during the copy, which is rare: again.
            continue
