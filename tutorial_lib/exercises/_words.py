"""Small words for the sentences of a check."""

from __future__ import annotations

import re
from typing import Any

from tutorial_lib.practice.verdict import shown

# redis-py writes an address as host:port, and asyncio as ('host', port).
_PORT = re.compile(r"(?<=127\.0\.0\.1:)[0-9]+|(?<='127\.0\.0\.1', )[0-9]+")


def so_many(number: int, one: str, several: str = "") -> str:
    """Return the number with its noun: "1 connection", "1,000 connections"."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def named(error: BaseException | None) -> str:
    """Return an error as it may stand in a message: without the port, which is another one each time."""
    return f"`{type(error).__name__}: {_PORT.sub('…', str(error))}`"


def outcome(result: Any) -> str:
    """Say what came of a call, by its result or its error, in words that follow a name: "raised …", "returned …"."""
    return f"raised {named(result)}" if isinstance(result, BaseException) else f"returned {shown(result)}"
