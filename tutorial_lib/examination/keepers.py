"""What keeps a connection that is in use: a subscription, a watched pipeline, a command on its way, or code by hand."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from types import AsyncGeneratorType, FrameType, GeneratorType
from typing import Any

from tutorial_lib.pools.copying import copied

BLOCKING = frozenset(
    {
        "BLPOP",
        "BRPOP",
        "BLMOVE",
        "BLMPOP",
        "BRPOPLPUSH",
        "BZPOPMIN",
        "BZPOPMAX",
        "BZMPOP",
        "XREAD",
        "XREADGROUP",
        "WAIT",
        "WAITAOF",
    }
)
"""Commands to which a server may reply late on purpose. XREAD does so only if it is told to."""


class ConnectionState:
    """What was sent on one connection, how much of it was answered, and whose connection it is."""

    __slots__ = (
        "closed_on_purpose",
        "command",
        "connection",
        "failed",
        "inherited",
        "loop",
        "may_block_for",
        "notes",
        "opened",
        "opened_for",
        "unanswered",
    )

    def __init__(self, notes: Any, connection: int) -> None:
        self.notes = notes
        """What the witness keeps about the connection's pool."""
        self.connection = connection
        """The ``id`` by which the pool's tap knows it."""
        self.command = ""
        self.opened_for = ""
        """The command whose sending opened the connection; "" if get_connection did."""
        self.may_block_for: float | None = None
        """How long the last command may block, in seconds; 0 is for ever; None if it does not block."""
        self.unanswered = 0
        self.failed = ""
        """The command whose reply did not come; it may be sent again."""
        self.opened = 0
        self.closed_on_purpose = False
        self.inherited = False
        """Whether it was in use when the process was forked."""
        self.loop = 0
        """The ``id`` of the event loop that opened it."""


def state_of(connection: Any) -> ConnectionState | None:
    """Return what is noted of a connection; of the one inside, where client-side caching wraps it."""
    state: ConnectionState | None = getattr(getattr(connection, "_conn", connection), "_examined", None)
    return state


class Keepers:
    """The objects that may keep a connection, found by the connection."""

    def __init__(self) -> None:
        self._objects: dict[str, weakref.WeakSet[Any]] = {
            kind: weakref.WeakSet() for kind in ("pubsub", "watch", "monitor")
        }

    def made(self, kind: str, keeper: Any) -> None:
        """Note a new pub/sub, pipeline or monitor."""
        self._objects[kind].add(keeper)

    def who_keeps(self, connection: Any) -> tuple[str, str]:
        """Return what keeps a connection, as in ``Kept.by``, and the last command that was sent on it."""
        state: ConnectionState | None = state_of(connection)
        command = state.command if state else ""
        for kind, keepers in self._objects.items():
            for keeper in copied(keepers):
                if getattr(keeper, "connection", None) is connection:
                    silent = " idle" if kind == "pubsub" and not getattr(keeper, "subscribed", True) else ""
                    return kind + (self._what_keeps_that(keeper) or silent), command
        if state and state.unanswered:
            return "command", command
        return "hand", command

    @staticmethod
    def _what_keeps_that(keeper: Any) -> str:
        """Say whether a generator that is not finished, or a stored exception, keeps an object alive."""
        running = set(map(id, _running_frames()))
        for owner in gc.get_referrers(keeper):
            if isinstance(owner, GeneratorType | AsyncGeneratorType):
                return " generator"
            if isinstance(owner, FrameType) and id(owner) not in running:
                return " generator" if owner.f_code.co_flags & _GENERATOR else " exception"
        return ""


_GENERATOR = 0x20 | 0x200
"""inspect.CO_GENERATOR and inspect.CO_ASYNC_GENERATOR, without importing inspect into the program."""


def _running_frames() -> Iterator[FrameType]:
    for frame in sys._current_frames().values():
        step: FrameType | None = frame
        while step is not None:
            yield step
            step = step.f_back
