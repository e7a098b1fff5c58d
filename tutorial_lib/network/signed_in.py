"""An upstream that is signed in: a Redis behind a password, TLS or a unix socket, opened by redis-py."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import cast

import redis
from redis.asyncio.connection import AbstractConnection

from tutorial_lib.network.end import LinkEnd
from tutorial_lib.network.upstream import Address, Refused


def transport_of(connection: AbstractConnection) -> asyncio.Transport:
    """Return the transport of an open connection. redis-py has no public name for it."""
    return cast(asyncio.Transport, connection._writer.transport)  # type: ignore[union-attr]


async def close_at_once(connection: AbstractConnection) -> None:
    """Close a connection at once. Closing TLS politely would wait for the server."""
    if connection.is_connected:
        transport_of(connection).abort()
    await connection.disconnect(nowait=True)


def sockets_of(connection: AbstractConnection) -> list[socket.socket]:
    """Return the socket of a connection, if it is open."""
    return [transport_of(connection).get_extra_info("socket")] if connection.is_connected else []


class SignedIn:
    """Opens what ``connection()`` makes, within ``deadline`` seconds."""

    def __init__(self, connection: Callable[[], AbstractConnection], deadline: float) -> None:
        self._connection, self._deadline = connection, deadline

    async def open(self, client: Address) -> SignedInEnd:
        connection = self._connection()
        try:
            client_id = await asyncio.wait_for(self._sign_in(connection), self._deadline)
            return SignedInEnd(connection, client_id)
        except BaseException as error:  # Cancelled, too, when the relay is closed.
            await close_at_once(connection)
            if isinstance(error, Exception):  # If no Redis listens there, redis-py's parser raises anything.
                raise Refused(_in_the_servers_words(error)) from None
            raise

    async def _sign_in(self, connection: AbstractConnection) -> int | None:
        """Open the connection to the Redis, and learn its client id there."""
        await connection.connect()
        client_id = None
        try:
            await connection.send_command("CLIENT", "ID")
            client_id = int(await connection.read_response())
        except redis.ResponseError:  # Forbidden to this user, or a Redis older than 5: then the id stays unknown.
            pass
        if await connection.can_read():
            raise redis.ConnectionError("Connection closed by server.")
        return client_id


def _in_the_servers_words(error: BaseException) -> bytes:
    while isinstance(error.__cause__, redis.RedisError):  # redis-py wraps errors on unix sockets once more.
        error = error.__cause__
    if isinstance(error, redis.RedisError) and error.status_code:  # Otherwise it could not be reached at all.
        return f"-{error.status_code} {error}\r\n".encode()
    return b""


class SignedInEnd(LinkEnd, asyncio.Protocol):
    """The socket of a redis-py connection without redis-py's stream, which costs two turns of the loop a message.

    ``client_id`` is its id on the server, or None if the server does not say.
    """

    def __init__(self, connection: AbstractConnection, client_id: int | None) -> None:
        self.client_id = client_id
        self._connection = connection
        self._transport = transport_of(connection)
        self._transport.pause_reading()  # Until a flow is there to read it.
        # Then pause_writing means that something is left. With 0, TLS would pause for good, with nothing left.
        self._transport.set_write_buffer_limits(high=1)
        self._transport.set_protocol(self)
        self._arrived: deque[bytes] = deque()
        self._is_over = self._transport.is_closing()
        self._error: Exception | None = None
        self._is_paused, self._is_stuck = True, False
        self._then: Callable[[], None] | None = None
        self.recv = self._take

    # -- reading

    def _take(self, size: int) -> bytes:
        if self._arrived:
            data = self._arrived.popleft()
            if len(data) > size:
                self._arrived.appendleft(data[size:])
            if self._arrived or self._is_over:
                asyncio.get_running_loop().call_soon(self._tell)
            return data[:size]
        if self._error:
            raise ConnectionResetError from self._error
        if self._is_over:
            return b""
        raise BlockingIOError

    def _tell(self) -> None:
        if not self._is_paused and (self._arrived or self._is_over):
            self.readable()

    def data_received(self, data: bytes) -> None:
        self._arrived.append(data)
        self._tell()

    def eof_received(self) -> bool:
        """The server never closes by halves: when it stops talking, the link is over."""
        self._is_over = True
        self._tell()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._is_over, self._error = True, self._error or error
        self._tell()

    def resume(self) -> None:
        self._is_paused = False
        if not self._transport.is_closing():
            self._transport.resume_reading()
        if self._arrived or self._is_over:
            asyncio.get_running_loop().call_soon(self._tell)

    def pause(self) -> None:
        self._is_paused = True
        if not self._transport.is_closing():
            self._transport.pause_reading()

    # -- writing

    @property
    def is_stuck(self) -> bool:
        return self._is_stuck

    def write(self, data: bytes) -> None:
        if self._transport.is_closing():
            self.broken()
        else:
            self._transport.write(data)

    def pause_writing(self) -> None:
        self._is_stuck = True

    def resume_writing(self) -> None:
        self._is_stuck = False
        (self._then or self.ready)()

    def when_written(self, act: Callable[[], None]) -> None:
        if self._is_stuck:
            self._then = act
        else:
            act()

    def end(self) -> None:
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()  # TLS has no half-closed connections.

    def stop(self) -> bool:
        self._then = None  # What the transport has taken cannot be taken back.
        return self._is_stuck

    # -- the end

    def close(self) -> None:
        self._is_paused = True
        self._transport.abort()
        self._connection._close()  # Or redis-py would warn that it was never closed.

    reset = close

    def sockets(self) -> list[socket.socket]:
        return [] if self._transport.is_closing() else [self._transport.get_extra_info("socket")]
