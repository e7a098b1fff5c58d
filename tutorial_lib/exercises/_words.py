"""Small words for the sentences of a check."""

from __future__ import annotations


def so_many(number: int, one: str, several: str = "") -> str:
    """Return the number with its noun: "1 connection", "1,000 connections"."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def named(error: BaseException | None) -> str:
    """Return an error as it may stand in a message: its class and its text, as code."""
    return f"`{type(error).__name__}: {error}`"
