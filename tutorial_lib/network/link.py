"""One connection through the proxy: the client's socket, the one to the server, and a flow each way."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from tutorial_lib.network.flow import Flow
from tutorial_lib.network.direction import Wire

Address = tuple[Any, ...]

# Closing a socket that lingers for 0 seconds sends a RST instead of the usual goodbye.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Link:
    """Made when a client has connected. Lives in one event loop; ``gone`` is called once, when it has ended."""

    def __init__(self, client: socket.socket, upstream: Wire, downstream: Wire, gone: Callable[[Link], None]) -> None:
        self.has_lost_bytes = False
        self.was_cut = False
        self.is_unanswered = False
        self._client = client
        self._server: socket.socket | None = None
        self._upstream, self._downstream, self._gone = upstream, downstream, gone
        self._flows: list[Flow] = []
        self._done: set[Flow] = set()
        self._is_closed = False

    async def open(self, family: int, address: Address) -> None:
        """Connect to the server and begin to pass bytes. If nobody answers there, the client is reset."""
        loop = asyncio.get_running_loop()
        # On a real wire a client's connect() takes a round trip. Here it is done already, so its first bytes wait.
        round_trip = self._upstream.latency + self._downstream.latency
        not_before = loop.time() + round_trip if round_trip else 0.0
        try:
            server = await _connect(family, address)
        except OSError:
            self.is_unanswered = True
            self.reset()
            return
        if self._is_closed:  # It was cut meanwhile.
            _close_with_reset(server)
            return
        self._server = server
        self._flows = [
            Flow(self, self._client, server, self._upstream, not_before),
            Flow(self, server, self._client, self._downstream),
        ]

    def open_to_nowhere(self) -> None:
        """Take in what the client sends, and answer nothing."""
        self.has_lost_bytes = True
        self._flows = [Flow(self, self._client, None, self._upstream)]

    def hurry(self) -> None:
        for flow in list(self._flows):
            flow.hurry()

    def swallow(self) -> None:
        for flow in self._flows:
            flow.swallow()

    def sockets(self) -> list[socket.socket]:
        return [self._client, self._server] if self._server else [self._client]

    # -- what the flows report

    def lose(self) -> None:
        self.has_lost_bytes = True

    def finish(self, flow: Flow) -> None:
        self._done.add(flow)
        if len(self._done) == len(self._flows):
            self.close()

    def cut(self) -> None:
        self.was_cut = True
        self.reset()

    # -- the end

    def reset(self) -> None:
        """Break the connection off: both ends see a reset."""
        self._end(_close_with_reset)

    def close(self) -> None:
        """End the connection politely."""
        self._end(socket.socket.close)

    def _end(self, close: Callable[[socket.socket], None]) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        for flow in self._flows:
            flow.stop()
        for sock in self.sockets():
            close(sock)
        self._gone(self)


def _close_with_reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.close()


async def _connect(family: int, address: Address) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:  # Cancelled, too, when the proxy is closed.
        sock.close()
        raise
    return sock
