"""Small words for the sentences of a check."""

from __future__ import annotations


def so_many(number: int, one: str, several: str = "") -> str:
    """Return the number with its noun: "1 connection", "1,000 connections"."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
