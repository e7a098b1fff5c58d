"""Numbers as they stand in a sentence."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: ``1 connection``, ``4 connections``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
