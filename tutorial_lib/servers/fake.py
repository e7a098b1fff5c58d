"""The fallback: fakeredis behind a real TCP socket, for a machine without any Redis."""

from __future__ import annotations

import atexit
import os
from collections import Counter
from importlib.metadata import version

from tutorial_lib.errors import BadSetting, TutorialError
from tutorial_lib.servers.base import (
    FALLBACK_PORTS,
    LONGEST_TIMEOUT,
    MOST_CLIENTS,
    ClientInfo,
    Server,
    some_seconds,
    whole_number,
)
from tutorial_lib.servers.fake_session import VERSION
from tutorial_lib.servers.fake_tcp import TcpServer


class FakeServer(Server):
    """An imitation of Redis inside this Python process. Its connections are real; its speed is not Redis's.

    Other processes may connect to it. Only the process that started it may ask or end it through this handle.
    """

    kind = "fake"
    host = "127.0.0.1"
    version = ".".join(map(str, VERSION))

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._closed = False
        self._tcp = TcpServer(self.host)
        self.port = self._tcp.port
        FALLBACK_PORTS.add(self.port)
        atexit.register(self.close)

    def _ask(self) -> TcpServer:
        if os.getpid() != self._owner:
            raise TutorialError(
                "The fallback server lives in the process that started it. Ask it there; this one can connect to it."
            )
        self._tcp.wait_while_paused()
        if self._closed:
            raise BadSetting("This server is closed. Run start_server() again.")
        return self._tcp

    def clients(self) -> list[ClientInfo]:
        return [handler.info() for handler in self._ask().present()]

    def opened(self) -> int:
        return self._ask().opened

    def commands(self) -> Counter[str]:
        return self._ask().commands()

    def set_limit(self, clients: int) -> None:
        limit = whole_number(clients, "The limit", at_least=1, at_most=MOST_CLIENTS)
        self._ask().limit = limit

    def set_idle_timeout(self, seconds: int) -> None:
        timeout = whole_number(seconds, "The idle timeout", at_least=0, at_most=LONGEST_TIMEOUT)
        self._ask().longest_idle = timeout

    def kill_clients(self, name: str | None = None) -> int:
        victims = [handler for handler in self._ask().present() if name is None or handler.info().name == name]
        for victim in victims:
            victim.cut()
        return len(victims)

    def pause(self, seconds: float) -> None:
        length = some_seconds(seconds, "The pause", at_most=LONGEST_TIMEOUT)
        self._ask().pause(length)

    def close(self) -> None:
        if os.getpid() != self._owner or self._closed:
            return
        self._closed = True
        FALLBACK_PORTS.discard(self.port)
        atexit.unregister(self.close)
        self._tcp.stop()

    def describe(self) -> str:
        where = "(closed)" if self._closed else f"on {self.host}:{self.port}"
        return (
            f"fakeredis {version('fakeredis')} {where}, inside this Python process: "
            "its connections are real, and a time measured on it says nothing about Redis."
        )
