"""What the notes of lessons say of older versions of redis-py, as rows of the table that make versions measures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

TOP = Path(__file__).parent.parent
NOTE = re.compile(r"^# > (\*\*redis-py .*(?:\n# > .*)*)", re.MULTILINE)

Facts = Mapping[str, Any]
"""What tools/version_facts.py measured with one version of redis-py."""


class Row(NamedTuple):
    """A row of the table has ``value`` in the versions from ``since`` to ``until``, and in no newer one.

    Versions are compared as far as they are named: 8.0.1 is until (8, 0), and until (8,).
    """

    name: str
    value: Any
    until: tuple[int, ...]
    since: tuple[int, ...] = (0,)

    def contradictions(self, table: list[Facts]) -> list[str]:
        """Return a line for each version that was measured and is otherwise."""
        said = []
        for facts in table:
            version = tuple(int(part) for part in facts["redis-py"].split("."))
            if version[: len(self.since)] < self.since:
                continue
            named = version[: len(self.until)] <= self.until
            if named != (facts[self.name] == self.value):
                said.append(f"with redis-py {facts['redis-py']} {self.name!r} is {facts[self.name]!r}")
        return said


class Note(NamedTuple):
    """A note of a lesson, by its number and some of its words."""

    lesson: str
    words: str
    rows: tuple[Row, ...]


NO_LIMIT = Row("default limit", 2**31, until=(7,))
NO_OWN_ERROR = Row("exhausted", "ConnectionError: Too many connections", until=(5,))
NO_TIMEOUT = Row("socket_timeout", None, until=(7,))
NO_CONNECT_TIMEOUT = Row("socket_connect_timeout", None, until=(7,))
RETRIES = (
    Row("retries of Redis(host=…)", 0, until=(5,)),
    Row("retries of Redis(host=…)", 3, until=(7,), since=(6,)),
)

NOTES = (
    Note("01", "the default limit is 2³¹ connections", (NO_LIMIT,)),
    Note(
        "02",
        "protocol 2 is the default, so the handshake is only the two",
        (Row("protocol", 2, until=(7,)), Row("handshake", "CLIENT SETINFO, CLIENT SETINFO", until=(7,))),
    ),
    Note(
        "03",
        "the error was a plain `ConnectionError` with the same text",
        (NO_OWN_ERROR,),
    ),
    Note("03", "`socket_timeout` had no default", (NO_TIMEOUT,)),
    Note("04", "the default limit was 2,147,483,648 connections", (NO_LIMIT,)),
    Note("04", "a pool can't be used in a `with` statement", (Row("with pool", False, until=(8, 0)),)),
    Note(
        "05",
        "redis-py 5 and 6 always check. redis-py 7 skips the check with `protocol=3` only",
        (
            Row("the same with protocol=3", "the right one", until=(6,)),
            Row("the same with protocol=2", "the right one", until=(8,)),
            Row("unread reply, then GET", "the right one", until=(7,)),
            Row("protocol", 2, until=(7,)),
        ),
    ),
    Note("06", "there was no default `socket_timeout`", (NO_TIMEOUT, *RETRIES)),
    Note("07", "keepalive is off by default", (Row("keepalive", False, until=(7,)),)),
    Note("10", "retried three times in redis-py 6 and 7, and not at all in redis-py 5", RETRIES),
    Note("11", "had no socket timeouts by default", (NO_TIMEOUT, NO_CONNECT_TIMEOUT)),
    Note("12", "there was practically no limit, so the pool never refused a task", (NO_LIMIT,)),
    Note("12", "the asyncio pool reconnects by itself", (Row("stale idle, asyncio", "recovers", until=(8, 0)),)),
    Note("14", "the third error is a plain `ConnectionError` with the same text", (NO_OWN_ERROR,)),
    Note("14", "retried three times in redis-py 6 and 7, and not at all in redis-py 5", RETRIES),
    Note("14", "there is no default `socket_timeout`", (NO_TIMEOUT,)),
    Note("14", "a `Sentinel` has no `close()`", (Row("Sentinel.close", False, until=(8, 0)),)),
    Note("15", "pools have no `get_connection_count()`", (Row("get_connection_count", False, until=(7, 1)),)),
)


def notes_of(lesson: Path) -> list[str]:
    """Return the notes on versions that a lesson's source has, each as one line."""
    return [" ".join(note.replace("\n# > ", " ").split()) for note in NOTE.findall(lesson.read_text("utf-8"))]


def false_notes(table: list[Facts]) -> list[str]:
    """Return a line for each note that what was measured contradicts."""
    return [
        f"lesson {note.lesson}, {note.words!r}: {said}"
        for note in NOTES
        for row in note.rows
        for said in row.contradictions(table)
    ]
