"""A plain port on this machine that leads to a Redis behind a password, TLS or a unix socket.

For every connection that it accepts, the relay opens one of its own to the Redis, signed in already, and passes
bytes both ways unread. So a lesson's pool needs no password, and each of its connections is one on the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable
from typing import cast

import redis
from redis.asyncio.connection import AbstractConnection

from tutorial_lib.network.owner import Address, OwnUserOnly
from tutorial_lib.servers.redis_url import RedisUrl
from tutorial_lib.servers.requests import RequestCounter

LINGER = 5.0
"""Seconds that a connection which only one side has ended may take to end on the other."""


def transport_of(connection: AbstractConnection) -> asyncio.Transport:
    """Return the transport of an open connection. redis-py has no public name for it."""
    return cast(asyncio.Transport, connection._writer.transport)  # type: ignore[union-attr]


async def hang_up(connection: AbstractConnection) -> None:
    """Close a connection at once. With TLS a polite goodbye would wait for an answer."""
    if connection.is_connected:
        transport_of(connection).abort()
    await connection.disconnect(nowait=True)


def sockets_of(connection: AbstractConnection) -> list[socket.socket]:
    """Return the socket of a connection, if it is open."""
    return [transport_of(connection).get_extra_info("socket")] if connection.is_connected else []


class Half(asyncio.Protocol):
    """One end of a link: what arrives here leaves at ``other``, and no faster than ``other`` can take it."""

    other: Half
    transport: asyncio.Transport

    def __init__(self, heard: Callable[[bytes], None] = lambda data: None) -> None:
        self._heard = heard
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        # Counted before it is passed on: whoever has a reply finds its command counted.
        self._heard(data)
        self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Pass the end on, and stay open for replies that are still to come, but not for ever."""
        other = self.other.transport
        if other.can_write_eof():
            other.write_eof()
            asyncio.get_running_loop().call_later(LINGER, other.abort)
            return True
        other.close()  # TLS has no half-closed connections.
        return False

    def pause_writing(self) -> None:
        if not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        if not self.other.transport.is_closing():  # Closed twice, a TLS transport cannot be aborted any more.
            self.other.transport.close()


class ServerHalf(Half):
    """The end towards the Redis, which never closes by halves: when it stops talking, the link is over."""

    def eof_received(self) -> bool:
        return False


class Link:
    """A learner's connection and the one to the Redis behind it, which the server knows as ``client_id``."""

    def __init__(
        self, sock: socket.socket, address: Address, upstream: AbstractConnection, heard: Callable[[bytes], None]
    ) -> None:
        self.address = f"{address[0]}:{address[1]}"
        self.client_id: int | None = None
        self._sock = sock
        self._upstream = upstream
        self._learner, self._server = Half(heard), ServerHalf()
        self._learner.other, self._server.other = self._server, self._learner

    async def open(self) -> None:
        """Open the connection to the Redis, and learn by which number it is known there."""
        await self._upstream.connect()
        try:
            await self._upstream.send_command("CLIENT", "ID")
            self.client_id = int(await self._upstream.read_response())
        except redis.ResponseError:  # Forbidden to this user, or a Redis older than 5: then it has no number.
            pass
        if await self._upstream.can_read():
            raise redis.ConnectionError("Connection closed by server.")
        transport_of(self._upstream).pause_reading()  # Until somebody is there to pass it on.

    async def run(self) -> None:
        """Pass bytes until either side ends."""
        server = transport_of(self._upstream)
        self._server.connection_made(server)
        learner, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: self._learner, self._sock)
        try:
            # From here on redis-py only keeps the connection alive. Its stream would cost two turns of the loop for
            # every message; a protocol of our own costs none.
            server.set_protocol(self._server)
            if server.is_closing():
                return
            server.resume_reading()
            await self._learner.lost.wait()
            with contextlib.suppress(asyncio.TimeoutError):  # What was sent and never taken is not waited for.
                await asyncio.wait_for(self._server.lost.wait(), LINGER)
        finally:
            learner.abort()

    async def close(self) -> None:
        await hang_up(self._upstream)

    def is_open(self) -> bool:
        """False as soon as the learner's side has hung up, even if the loop has not come to that yet."""
        try:
            return self._sock.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def upstream_sockets(self) -> list[socket.socket]:
        return sockets_of(self._upstream)


class Relay:
    """Listens on 127.0.0.1 from the start, and answers once started. Lives in one event loop."""

    def __init__(self, url: RedisUrl) -> None:
        self.opened = 0
        self.commands: Counter[str] = Counter()
        self._url = url
        self._links: set[Link] = set()
        self._sockets: set[socket.socket] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._opening: set[asyncio.Task[None]] = set()
        # The relay is signed in, so another user of this computer must not get in through it.
        self._guard = OwnUserOnly()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN)
        self._listener.setblocking(False)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def is_guarded(self) -> bool:
        """True if connections of other users of this computer are dropped; False where nobody can tell."""
        return self._guard.can_tell

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    async def close(self) -> None:
        """Hang up on everybody, on both sides."""
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        while self._serving:  # More than once: before Python 3.12 wait_for can swallow a cancellation.
            for task in self._serving:
                task.cancel()
            await asyncio.wait(self._serving, timeout=0.1)

    async def settle(self) -> None:
        """Wait until every connection that a learner has opened by now is open on the Redis too, or refused."""
        self._accept()
        await asyncio.sleep(0)  # Lets those who have come in now begin to open theirs.
        if self._opening:
            await asyncio.wait(self._opening)

    def links(self) -> list[Link]:
        return [link for link in self._links if link.is_open()]

    def sockets(self) -> list[socket.socket]:
        """All that a forked child must not keep open, or else nobody would notice when this side hangs up."""
        upstream = [sock for link in list(self._links) for sock in link.upstream_sockets()]
        return [self._listener, *self._sockets, *upstream]

    # -- one connection

    def _accept(self) -> None:
        """Take in all who are waiting at the door."""
        while True:
            try:
                sock, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # Too many open files. Look again when some may be closed.
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._listener)
                loop.call_later(0.2, self._look_again)
                return
            sock.setblocking(False)
            task = asyncio.create_task(self._serve(sock, address))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    def _look_again(self) -> None:
        if self._listener.fileno() >= 0:
            self.start()

    async def _serve(self, sock: socket.socket, address: Address) -> None:
        self._sockets.add(sock)
        try:
            if self._guard.lets_in(sock):
                await self._serve_our_own(sock, address)
        finally:
            self._sockets.discard(sock)
            sock.close()

    async def _serve_our_own(self, sock: socket.socket, address: Address) -> None:
        link = Link(sock, address, self._url.connection(), RequestCounter(self.commands).feed)
        opening = asyncio.create_task(self._open(link))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        try:
            await opening
        except Exception as error:  # What listens there may be no Redis, and then redis-py's parser raises anything.
            await _refuse(sock, error)
        else:
            await link.run()
        finally:
            self._links.discard(link)
            await link.close()

    async def _open(self, link: Link) -> None:
        await asyncio.wait_for(link.open(), self._url.deadline)
        self._links.add(link)
        self.opened += 1


async def _refuse(sock: socket.socket, error: BaseException) -> None:
    """Tell the learner's client what the Redis said, in the same words, and hang up."""
    while isinstance(error.__cause__, redis.RedisError):  # redis-py wraps errors on unix sockets once more.
        error = error.__cause__
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        if isinstance(error, redis.RedisError) and error.status_code:  # Otherwise it could not be reached at all.
            await loop.sock_sendall(sock, f"-{error.status_code} {error}\r\n".encode())
        sock.shutdown(socket.SHUT_WR)
        # A socket closed with something unread is reset, and the reset could overtake the words.
        await asyncio.wait_for(_read_to_the_end(sock), LINGER)


async def _read_to_the_end(sock: socket.socket) -> None:
    while await asyncio.get_running_loop().sock_recv(sock, 65536):
        pass
