"""The fallback's limit on what it holds: fakeredis has none, and every user of this computer may write to it."""

from __future__ import annotations

import gc
import sys
from functools import lru_cache
from types import FunctionType, MethodType, ModuleType

from fakeredis import FakeServer
from fakeredis._helpers import SimpleError  # The only exception that fakeredis sends as an error reply.
from fakeredis.model import AccessControlList, ClientInfo, get_command_info

from tutorial_lib.servers.base import MOST_MEMORY

get_command_info(b"get")  # fakeredis reads its list of all commands now, and not in each process that a check forks.

OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."

PIECE = 100
"""Bytes that Python needs around each key or element, roughly."""


class MemoryLimit(AccessControlList):
    """Refuses commands that add to a full memory, as Redis does.

    It takes the place of the access control list because fakeredis shows that every request before it is carried out.
    """

    def __init__(self, server: FakeServer, most: int = MOST_MEMORY) -> None:
        super().__init__()
        self._memory = Memory(server, most)

    def validate_command(self, username: bytes, client_info: ClientInfo, fields: list[bytes]) -> None:
        if adds_to_memory(fields[0].lower()) and not self._memory.has_room_for(fields):
            raise SimpleError(OUT_OF_MEMORY)
        super().validate_command(username, client_info, fields)


@lru_cache(maxsize=1024)
def adds_to_memory(name: bytes) -> bool:
    """Say whether Redis refuses the command when its memory is full. XGROUP's second word makes no difference here."""
    about = get_command_info(name)
    return about is not None and b"denyoom" in about[2]


class Memory:
    """Bounds what the databases hold at ``most`` bytes, and what a command that copies (COPY, SUNIONSTORE) adds to it.

    What requests bring is added up, and only when that reaches the bound is it counted what is really there. What is
    bounded is data: the requests and replies that are under way come on top. A write at an offset counts as if its
    value were new.
    """

    def __init__(self, server: FakeServer, most: int) -> None:
        self._server, self._most = server, most
        self._counted = self._added = 0

    def has_room_for(self, fields: list[bytes]) -> bool:
        need = sum(map(len, fields)) + PIECE * len(fields) + byte_reached(fields)
        if self._counted + self._added + need > self._most:
            with self._server.lock:
                self._counted, self._added = size_of(list(self._server.dbs.values())), 0
        if self._counted + self._added + need > self._most:
            return False
        self._added += need if not is_copying(fields[0]) else self._most  # Count again before the next.
        return True


def byte_reached(fields: list[bytes]) -> int:
    """Return at which byte of a value the request writes; it may be far beyond the value's end."""
    name, rest = fields[0].lower(), fields[2:]
    if name in (b"setrange", b"setbit"):
        offsets, bits = rest[:1], 8 if name == b"setrange" else 1
    elif name == b"bitfield":  # SET type offset value; an offset may count whole integers of up to 64 bits: #7
        offsets = [rest[at + 2] for at, word in enumerate(rest[:-2]) if word.lower() in (b"set", b"incrby")]
        bits = 64 if any(offset.startswith(b"#") for offset in offsets) else 1
    else:
        return 0
    numbers = [int(offset.lstrip(b"#")) for offset in offsets if offset.lstrip(b"#").isdigit()]
    return max(numbers, default=0) * bits // 8


def is_copying(name: bytes) -> bool:
    name = name.lower()
    return name.endswith(b"store") or name in (b"copy", b"bitop", b"pfmerge", b"georadius", b"georadiusbymember")


def size_of(*things: object) -> int:
    """Return the bytes of these objects and of all that they hold, each counted once."""
    seen: set[int] = set()
    size, left = 0, list(things)
    while left:
        thing = left.pop()
        if id(thing) in seen or isinstance(thing, (type, ModuleType, FunctionType, MethodType)):
            continue
        seen.add(id(thing))
        size += sys.getsizeof(thing)
        left.extend(gc.get_referents(thing))
    return size
