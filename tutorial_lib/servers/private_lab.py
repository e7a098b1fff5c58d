"""What the labs of several servers share: their nodes, what may be done to one, and their end."""

from __future__ import annotations

import atexit
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting, ServerStartFailed
from tutorial_lib.servers.base import Clients
from tutorial_lib.servers.private_process import PrivateProcess, make_folder, program_for, remove_folder
from tutorial_lib.servers.redis_process import RedisProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

READY_WITHIN = 45.0
"""Seconds that the nodes have to find each other. They need one to three, but a sentinel that was stopped for two
seconds, as a busy computer may do, does nothing for thirty: it no longer trusts its clock (Redis calls that TILT)."""

POLL = 0.02


class LabNode(RedisProcess):
    """One server of a lab: a Server like any other, with a name that stays the same whatever its part is."""

    most_memory = 64 * 1024 * 1024  # There are several, and every user of this computer can write to them.

    start = "its lab"

    def __init__(self, name: str, program: str, folder: Path) -> None:
        self.name = name
        super().__init__(program, folder)

    def _command(self, port: int) -> list[str]:
        return [*super()._command(port), "--dir", str(self._folder)]

    def _has_ended(self) -> str:
        return gone(self)

    def describe(self) -> str:
        program = Path(self.program).name
        state = f"on {self.host}:{self.port}" if self.is_running else "has ended"
        return f"{self.name}: a private {program} {self.version} of a lab, {state}."


def gone(node: PrivateProcess) -> str:
    return (
        f"{getattr(node, 'name', 'This server')} of this lab has ended, because something killed it. Ask another one."
    )


class PrivateLab(ABC):
    """Several servers that belong together, on 127.0.0.1, private, and gone when Python is gone.

    What they have to write is in a folder that only this user may enter, and that is removed with them. Every one of
    them is guarded by a process of its own, and each guardian removes the folder if this Python is killed.
    """

    what: str
    """What the lab is called at the start of a sentence: "A Sentinel lab"."""
    start: str
    """What starts one: "start_sentinel()"."""

    def __init__(self) -> None:
        self.program = program_for(self.what)
        self._owner = os.getpid()
        self._closed = False
        self._all: list[Any] = []
        self._folder = make_folder()
        atexit.register(self.close)
        try:
            self._begin()
            self._wait_until(self._is_ready, "did not find each other")
        except BaseException:
            self.close()
            raise
        # Registered last, it runs before each server ends by itself, and the folder goes while they are guarded.
        atexit.unregister(self.close)
        atexit.register(self.close)

    @abstractmethod
    def _begin(self) -> None:
        """Start the servers, and add each to ``_all`` as soon as it runs."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """True as soon as each server knows of all others."""

    def _wait_until(self, ready: Callable[[], bool], otherwise: str) -> None:
        deadline = monotonic() + READY_WITHIN
        while not ready():
            if monotonic() > deadline:
                raise ServerStartFailed(
                    f"The servers of this lab {otherwise} within {READY_WITHIN:g} s. "
                    f"Close what keeps this computer busy, and run {self.start} again."
                )
            sleep(POLL)

    # -- what a lesson may ask

    def opened(self) -> dict[str, int]:
        """Return how many connections each running node has accepted, by its name; the lab's own are left out."""
        return {node.name: node.opened() for node in self._running()}

    def clients(self) -> dict[str, Clients]:
        """Return the connections that are open now at each running node, by its name; the lab's own are left out."""
        return {node.name: node.clients() for node in self._running()}

    def commands(self) -> dict[str, Counter[str]]:
        """Return how often each running node received each command, by the node's name; a sentinel does not count."""
        return {node.name: node.commands() for node in self._running() if isinstance(node, LabNode)}

    def kill(self, node: Any) -> None:
        """Kill one node, as a crash would: ``lab.kill(lab.nodes[0])``, or by name, ``lab.kill("redis-1")``.

        It does not come back. BadSetting if it is gone already, or is no node of this lab.
        """
        victim = self._find(node)
        if not victim.is_running:
            raise BadSetting(f"{victim.name} has ended already. Running are {self._names(self._running())}.")
        victim.kill()

    def _find(self, node: Any) -> Any:
        self._require_open()
        for one in self._all:
            if one is node or one.name == node:
                return one
        named = repr(node.name) if isinstance(node, LabNode) else in_short(node)
        raise BadSetting(f"No node of this lab is {named}. Give one of its nodes, or {self._names(self._all)}.")

    @staticmethod
    def _names(nodes: Sequence[Any]) -> str:
        return ", ".join(repr(node.name) for node in nodes) or "none"

    def _running(self) -> list[Any]:
        self._require_open()
        return [node for node in self._all if node.is_running]

    def _require_open(self) -> None:
        if self._closed:
            raise BadSetting(f"This lab is closed. Run {self.start} again.")

    # -- the end

    def close(self) -> None:
        """Stop all its servers. Closing twice does nothing."""
        if os.getpid() != self._owner or self._closed:  # In a forked child the servers are the parent's.
            return
        self._closed = True
        atexit.unregister(self.close)
        # The folder goes while one guardian is left, who would remove it if this Python were killed meanwhile.
        for node in self._all[:-1]:
            node.close()
        remove_folder(self._folder)
        for node in self._all[-1:]:
            node.close()
        remove_folder(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def describe(self) -> str:
        """Say in one line which lab this is, and which of its nodes have ended."""

    def __repr__(self) -> str:
        return self.describe()

    def _described(self, parts: str) -> str:
        if self._closed:
            return f"{self.what} (closed)."
        ended = [node for node in self._all if not node.is_running]
        left = f"; ended: {', '.join(node.name for node in ended)}" if ended else ""
        program = Path(self.program).name
        return f"{self.what} of {program} {self._all[0].version}, private, on 127.0.0.1: {parts}{left}."
