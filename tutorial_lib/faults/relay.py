"""The proxy's inside, all of it in one event loop: the door, the connections, and what is wrong with them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from dataclasses import dataclass

from tutorial_lib.faults.link import Address, Link
from tutorial_lib.faults.wire import Wire
from tutorial_lib.network.owner import OwnUserOnly

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Traffic:
    """What has come through a proxy so far. Stale as soon as you have it."""

    connections: int
    """Connections that clients opened."""
    open: int
    """Those that are open now."""
    to_server: int
    """Bytes that clients sent."""
    to_client: int
    """Bytes that the server sent."""
    cut: int
    """Connections that a fault has reset."""
    unanswered: int
    """Connections that were reset because the server did not let the proxy in."""


class Relay:
    """Listens on 127.0.0.1 and passes what comes to the server at ``address``. Made and used inside the loop."""

    def __init__(self, family: int, address: Address) -> None:
        self.upstream, self.downstream = Wire(), Wire()
        self.connections = self.cut = self.unanswered = 0
        self.links: set[Link] = set()
        self._family, self.address = family, address
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        # The server behind may itself let in this user only, and the proxy comes to it as this user.
        self._guard = OwnUserOnly()
        self._place = _bound_socket() if sys.platform == "linux" else None
        self.port: int = self._place.getsockname()[1] if self._place else 0
        self._listener: socket.socket | None = None
        self._listen()

    @property
    def is_refusing(self) -> bool:
        return self._listener is None

    # -- the door

    def _listen(self) -> None:
        self._listener = socket.create_server((LOOPBACK, self.port), backlog=socket.SOMAXCONN)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._loop.add_reader(self._listener, self._accept)

    def _stop_listening(self) -> None:
        if self._listener:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self) -> None:
        """Take in all who are waiting at the door."""
        while self._listener:
            try:
                client, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # Too many open files. Look again when some may be closed.
                self._loop.remove_reader(self._listener)
                self._loop.call_later(0.2, self._look_again)
                return
            if not self._guard.lets_in(client):
                client.close()
                continue
            self.connections += 1
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._take_in(client)

    def _look_again(self) -> None:
        if self._listener:
            self._loop.add_reader(self._listener, self._accept)

    def _take_in(self, client: socket.socket) -> None:
        link = Link(client, self.upstream, self.downstream, self._gone)
        self.links.add(link)
        if self.upstream.swallows:
            link.open_to_nowhere()
            return
        opening = self._loop.create_task(link.open(self._family, self.address))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    def _gone(self, link: Link) -> None:
        self.links.discard(link)
        self.cut += link.was_cut
        self.unanswered += link.is_unanswered

    def traffic(self) -> Traffic:
        return Traffic(
            connections=self.connections,
            open=len(self.links),
            to_server=self.upstream.bytes,
            to_client=self.downstream.bytes,
            cut=self.cut,
            unanswered=self.unanswered,
        )

    # -- faults

    def reset_connections(self) -> int:
        links = list(self.links)
        for link in links:
            link.cut()
        return len(links)

    def blackhole(self) -> None:
        self.upstream.swallows = self.downstream.swallows = True
        for link in list(self.links):
            link.swallow()

    def refuse(self) -> None:
        self._stop_listening()

    def heal(self) -> None:
        self.upstream.heal()
        self.downstream.heal()
        for link in list(self.links):
            # TCP never leaves bytes out: a connection that lost some cannot go on as if nothing had been.
            if link.has_lost_bytes:
                link.cut()
            else:
                link.hurry()
        if self._listener is None:
            self._listen()

    # -- the end

    async def close(self) -> None:
        """Hang up on everybody."""
        self._stop_listening()
        if self._place:
            self._place.close()
        for link in list(self.links):
            link.close()
        for task in self._opening:
            task.cancel()
        if self._opening:
            await asyncio.wait(self._opening)

    def sockets(self) -> list[socket.socket]:
        """All that a forked child must let go of, or a reset here would not reach the other end."""
        own = [sock for sock in (self._place, self._listener) if sock]
        return own + [sock for link in list(self.links) for sock in link.sockets()]


def _bound_socket() -> socket.socket:
    """Return a socket that has a port and never listens, so that the port stays ours while the door is shut.

    Linux lets a listener have the same port beside it; other systems do not.
    """
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind((LOOPBACK, 0))
    return place


def reach(host: str, port: int, patience: float) -> tuple[int, Address]:
    """Connect to a server once, and return its address family and address. OSError if nobody answers."""
    with socket.create_connection((host, port), timeout=patience) as sock:
        family, address = sock.family, sock.getpeername()
        # Once the server has hung up as well, it has counted this connection and forgotten it, so that whoever
        # counts connections from here on does not find it among them.
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
    return family, address
