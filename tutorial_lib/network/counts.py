"""What a client asks for, read off the bytes it sends: commands counted by name, values skipped unread."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager, nullcontext

_FAMILY_NAMES = """
    ACL CLIENT CLUSTER COMMAND CONFIG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SLOWLOG XGROUP XINFO
"""
FAMILIES = frozenset(_FAMILY_NAMES.split())
"""Commands that Redis 7 counts with their second word: CLIENT SETNAME, CONFIG GET."""

LONGEST_LINE = 64 * 1024  # Redis gives up on a longer line, too
LONGEST_NAME = 64


class RequestCounter:
    """Count the requests in one connection's client-to-server stream, in whatever slices it arrives.

    Each whole request adds one to ``counts``, under the name that INFO commandstats has for it, in capitals.
    Inline commands (a person with telnet) count too. A command that does not exist is counted as well; a real
    Redis leaves it out. After a protocol error nothing more is counted, as Redis closes such a connection.

    One counter belongs to one connection.
    """

    def __init__(self, counts: Counter[str], lock: AbstractContextManager[object] | None = None) -> None:
        self._counts = counts
        self._lock = lock or nullcontext()
        self._lost = False
        self._line = b""  # the beginning of a line whose end has not arrived
        self._arguments_left = 0
        self.bytes_left = 0
        """How much of the argument that is arriving has not arrived, its CRLF included; 0 between arguments."""
        self.request_size = 0
        """Bytes of arguments that have arrived of a request which is not complete."""
        self._words: list[bytes] = []  # what names the request that is arriving, as far as it is here
        self._wanted = 0  # how many more bytes of this argument belong to the name

    def feed(self, data: bytes) -> None:
        """Take the next bytes, any number of them. Never raises; costs nothing per byte of a long value."""
        position = 0
        while position < len(data) and not self._lost:
            take = self._take_argument if self.bytes_left else self._take_line
            position = take(data, position)

    def _take_argument(self, data: bytes, position: int) -> int:
        end = min(position + self.bytes_left, len(data))
        if self._wanted:
            part = data[position : min(end, position + self._wanted)]
            self._words[-1] += part
            self._wanted -= len(part)
        self.bytes_left -= end - position
        self.request_size += end - position
        if not self.bytes_left:
            self._arguments_left -= 1
            if not self._arguments_left:
                self._count()
        return end

    def _take_line(self, data: bytes, position: int) -> int:
        newline = data.find(b"\n", position)
        end = len(data) if newline < 0 else newline + 1
        self._line += data[position:end]
        if len(self._line) > LONGEST_LINE:
            self._lost = True
        elif newline >= 0:
            line, self._line = self._line.strip(), b""
            try:
                self._read(line)
            except ValueError:
                self._lost = True
        return end

    def _read(self, line: bytes) -> None:
        """Act on one whole line outside a value; ValueError if it cannot stand here."""
        if self._arguments_left:
            if line[:1] != b"$":
                raise ValueError(line)
            length = int(line[1:])
            if length < 0:
                raise ValueError(line)
            self.bytes_left = length + len(b"\r\n")
            if self._name_goes_on():
                self._words.append(b"")
                self._wanted = min(length, LONGEST_NAME)
        elif line[:1] == b"*":
            self._arguments_left = max(0, int(line[1:]))  # Redis, too, passes over *0 and *-1
        else:
            self._words = line.split(maxsplit=2)[:2]
            self._count()

    def _name_goes_on(self) -> bool:
        return not self._words or (len(self._words) == 1 and _readable(self._words[0]) in FAMILIES)

    def _count(self) -> None:
        words = [_readable(word) for word in self._words]
        self._words, self.request_size = [], 0
        if not words or not words[0] or not words[0].isprintable():
            return
        name = " ".join(words) if words[0] in FAMILIES else words[0]
        with self._lock:
            self._counts[name] += 1


def _readable(word: bytes) -> str:
    return word[:LONGEST_NAME].decode("latin-1").upper()
