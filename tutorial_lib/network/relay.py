"""The only code that accepts a client and passes its bytes on. All of it lives in one event loop."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import weakref
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tutorial_lib.network.counts import RequestCounter
from tutorial_lib.network.direction import Direction
from tutorial_lib.network.end import SocketEnd
from tutorial_lib.network.link import Link
from tutorial_lib.network.owner import OwnUserOnly
from tutorial_lib.network.upstream import LOOPBACK, Address, Upstream

TOO_MANY_CLIENTS = b"-ERR max number of clients reached\r\n"

AGAIN_AFTER = 0.2
"""Seconds until the relay tries again to accept, when this process had too many open files."""


@dataclass(frozen=True)
class Traffic:
    """What has come through a relay so far. Stale as soon as you have it."""

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
    """Connections that were reset because the server did not let the relay in."""


class Relay:
    """Listens on 127.0.0.1 from the start, accepts once started, and passes bytes to what ``upstream`` opens.

    Only this process's own user is let in, where the system can tell: the upstream may be signed in, or lead to
    something that lets in this user only. ``for_everyone`` is for an upstream that other users could reach anyway.
    ``linger`` is as for a Link. ``commands`` counts what clients ask for.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        for_everyone: bool = False,
        linger: float | None = None,
        commands: Counter[str] | None = None,
    ) -> None:
        self.to_server, self.to_client = Direction(), Direction()
        self.accepted = self.opened = self.cut = self.unanswered = 0
        self.commands = commands
        self.limit: int | None = None
        """The most clients that may be connected; the next one is told ``TOO_MANY_CLIENTS``."""
        self._upstream, self._linger = upstream, linger
        self._links: set[Link] = set()
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._guard = None if for_everyone else OwnUserOnly()
        self._reserved = _reserved_port() if sys.platform == "linux" else None
        self.port: int = self._reserved.getsockname()[1] if self._reserved else 0
        self._listener: socket.socket | None = None
        self._full_queue: list[socket.socket] = []
        self._listen()
        _relays.add(self)

    @property
    def is_guarded(self) -> bool:
        """True if connections of other users of this computer are dropped; False where the system cannot tell."""
        return self._guard is not None and self._guard.can_tell

    @property
    def is_refusing(self) -> bool:
        return self._listener is None and not self.has_vanished

    @property
    def has_vanished(self) -> bool:
        return bool(self._full_queue)

    @property
    def is_paused(self) -> bool:
        return self.to_client.paused_until > self._loop.time()

    # -- accepting

    def _listen(self) -> None:
        self._listener = socket.create_server((LOOPBACK, self.port), backlog=socket.SOMAXCONN)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]

    def start(self) -> None:
        if self._listener and self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    def _stop_listening(self) -> None:
        if self._listener:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for sock in self._full_queue:
            sock.close()
        self._full_queue = []

    def _accept(self) -> None:
        """Accept every client that has connected."""
        while self._listener:
            try:
                client, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # Too many open files. Look again when some may be closed.
                self._loop.remove_reader(self._listener)
                self._loop.call_later(AGAIN_AFTER, self.start)
                return
            if self._guard and not self._guard.lets_in(client):
                client.close()
                continue
            self.accepted += 1
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._take_in(SocketEnd(client), address)

    def _take_in(self, client: SocketEnd, address: Address) -> None:
        hear = None if self.commands is None else RequestCounter(self.commands).feed
        link = Link(client, address, self.to_server, self.to_client, self._gone, hear=hear, linger=self._linger)
        if self.limit is not None and sum(link.is_staying for link in self._links) >= self.limit:
            self._links.add(link)
            link.refuse(TOO_MANY_CLIENTS)
            return
        self._links.add(link)
        if self.to_server.swallows:
            link.open_to_nowhere()
            return
        opening = self._loop.create_task(self._open(link))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    async def _open(self, link: Link) -> None:
        await link.open(self._upstream)
        self.opened += link.server is not None

    def _gone(self, link: Link) -> None:
        self._links.discard(link)
        self.cut += link.was_cut
        self.unanswered += link.is_unanswered

    # -- looking

    async def settle(self) -> None:
        """Wait until every connection that a client has opened by now is open on the server too, or refused."""
        self._accept()
        await asyncio.sleep(0)  # Lets those that have come in now begin to open theirs.
        if self._opening:
            await asyncio.wait(self._opening)

    def links(self) -> list[Link]:
        """Return those that are open on both sides now."""
        return [link for link in self._links if link.is_open]

    async def far_ends(self) -> dict[Address, Address]:
        await self.settle()
        found: dict[Address, Address] = {}
        for link in self.links():
            ends = link.server.sockets() if link.server else []
            found |= {end.getsockname(): link.address for end in ends}
        return found

    def traffic(self) -> Traffic:
        return Traffic(
            connections=self.accepted,
            open=len(self._links),
            to_server=self.to_server.bytes,
            to_client=self.to_client.bytes,
            cut=self.cut,
            unanswered=self.unanswered,
        )

    # -- faults

    def reset_connections(self) -> int:
        links = list(self._links)
        for link in links:
            link.cut()
        return len(links)

    def close_connections(self) -> int:
        links = list(self._links)
        for link in links:
            link.close()
        return len(links)

    def pause(self, seconds: float) -> None:
        self.to_client.paused_until = self._loop.time() + seconds

    def blackhole(self) -> None:
        self.to_server.swallows = self.to_client.swallows = True
        for link in list(self._links):
            link.swallow()

    def refuse(self) -> None:
        self._stop_listening()

    def vanish(self) -> None:
        self.blackhole()
        self._stop_listening()
        self._full_queue = _full_queue(self.port)

    def heal(self) -> None:
        self.to_server.heal()
        self.to_client.heal()
        for link in list(self._links):
            # TCP never leaves bytes out, so a connection that lost some cannot go on.
            if link.has_lost_bytes:
                link.cut()
            else:
                link.hurry()
        if self._listener is None:
            self._stop_listening()
            self._listen()
            self.start()

    # -- the end

    async def close(self) -> None:
        """Close every connection, on both sides."""
        self._stop_listening()
        if self._reserved:
            self._reserved.close()
        for link in list(self._links):
            link.close()
        while self._opening:  # More than once: before Python 3.12 wait_for can swallow a cancellation.
            for task in self._opening:
                task.cancel()
            await asyncio.wait(self._opening, timeout=0.1)

    def sockets(self) -> list[socket.socket]:
        own = [sock for sock in (self._reserved, self._listener, *self._full_queue) if sock]
        return own + [sock for link in list(self._links) for sock in link.sockets()]


def _reserved_port() -> socket.socket:
    """Return a socket that has a port and never listens, so that the port stays ours while connections are refused.

    Linux lets a listener have the same port beside it; other systems do not.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((LOOPBACK, 0))
    return reserved


def _full_queue(port: int) -> list[socket.socket]:
    """Return a listener that never accepts, and the one connection that its queue holds.

    Linux leaves further openings unanswered, as if the machine were gone.
    """
    listener = socket.create_server((LOOPBACK, port), backlog=0)
    first = socket.socket()
    first.setblocking(False)
    first.connect_ex((LOOPBACK, port))
    return [listener, first]


# -- forks: the sockets are the parent's. While a child holds one too, a reset or an end never reaches the other side.

_relays: weakref.WeakSet[Relay] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for relay in list(_relays):
        let_go([sock.fileno() for sock in relay.sockets()])


def let_go(descriptors: Iterable[int]) -> None:
    """In a forked child: hold none of these open, without a word to their other ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        if descriptor >= 0:
            # Not closed: objects that think they own this number would close its next user's file.
            os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
