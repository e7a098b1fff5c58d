"""Both ends of every connection through a fault proxy in a test's own hands."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time

from tutorial_lib.network.fault_proxy import FaultProxy

LONG = 60.0
"""A delay that no test lives to see the end of."""


class Setup:
    """A listener that plays the server, a proxy in front of it, and the sockets that a test opens."""

    def __init__(self) -> None:
        self.sockets = contextlib.ExitStack()
        self.listener = self.sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=300))
        self.listener.settimeout(5)
        visit = threading.Thread(target=self.see_visitor_off)
        visit.start()
        self.proxy = FaultProxy(port=self.listener.getsockname()[1])
        visit.join()

    def see_visitor_off(self) -> None:
        """The proxy comes once to see if anybody is there."""
        with self.listener.accept()[0] as visitor:
            assert visitor.recv(1) == b""

    def client(self) -> socket.socket:
        return self.sockets.enter_context(socket.create_connection((self.proxy.host, self.proxy.port), timeout=5))

    def connection(self) -> tuple[socket.socket, socket.socket]:
        """Open a connection and return the client's end and the server's."""
        client = self.client()
        server = self.sockets.enter_context(self.listener.accept()[0])
        server.settimeout(5)
        return client, server

    def nobody_came(self) -> bool:
        return not select.select([self.listener], [], [], 0)[0]

    def close(self) -> None:
        self.proxy.close()
        self.sockets.close()


def receive(sock: socket.socket, count: int) -> bytes:
    """Read exactly so many bytes, or fewer if the other end finishes."""
    data = bytearray()
    while len(data) < count and (piece := sock.recv(count - len(data))):
        data += piece
    return bytes(data)


def until_reset(sock: socket.socket) -> bytes:
    """Read until the connection is reset. Fails if it ends in another way, or not at all."""
    data = bytearray()
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionResetError:
            return bytes(data)
        assert piece, "it ended politely"
        data += piece


def is_silent(sock: socket.socket) -> bool:
    """Nothing has arrived by now: no bytes, no end, no reset."""
    return not select.select([sock], [], [], 0)[0]


def elapsed(start: float) -> float:
    return time.monotonic() - start
