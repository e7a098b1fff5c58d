"""What opens the other side of a link, for each client that a relay accepts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from typing import Any, Protocol

from tutorial_lib.network.end import LinkEnd, SocketEnd

LOOPBACK = "127.0.0.1"

Address = tuple[Any, ...]


class Refused(Exception):
    """The server does not let us in. ``words`` are what its client gets to read before the connection ends."""

    def __init__(self, words: bytes) -> None:
        super().__init__(words)
        self.words = words


class Upstream(Protocol):
    """Opens a connection to the server."""

    async def open(self, client: Address) -> LinkEnd:
        """Open one for the client at this address. Refused if the server says no, OSError if nothing answers."""


@dataclass(frozen=True)
class PlainAddress:
    """A server that asks for no password, certificate or socket file."""

    family: int
    address: Address

    async def open(self, client: Address) -> LinkEnd:
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(sock, self.address)
        except BaseException:  # Cancelled, too, when the relay is closed.
            sock.close()
            raise
        return SocketEnd(sock)


def reach(host: str, port: int, timeout: float) -> PlainAddress:
    """Connect to a server once, and return where it is. OSError if nothing answers."""
    with socket.create_connection((host, port), timeout=timeout) as sock:
        where = PlainAddress(sock.family, sock.getpeername())
        # Once the server has closed its side as well, it has counted this connection and forgotten it, so that
        # connections counted from here on do not include it.
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
    return where
