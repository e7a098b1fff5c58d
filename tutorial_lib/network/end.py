"""One side of a link: a socket that may take bytes later than we have them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable

# Closing a socket that lingers for 0 seconds sends a RST instead of the usual FIN.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class LinkEnd(ABC):
    """Where bytes come in and go out. Lives in one event loop.

    ``readable`` is called when there is something to ``recv()``, unless paused; ``ready`` when all that was written has
    left; ``broken`` when writing fails because the other end has gone.
    """

    readable: Callable[[], None]
    ready: Callable[[], None]
    broken: Callable[[], None]

    recv: Callable[[int], bytes]
    """As a socket's: BlockingIOError if nothing is there, OSError if the connection broke, b"" at its end."""

    @abstractmethod
    def resume(self) -> None:
        """Call ``readable`` from now on."""

    @abstractmethod
    def pause(self) -> None:
        """Stop calling ``readable``."""

    @property
    @abstractmethod
    def is_stuck(self) -> bool:
        """True while something is still to be written."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Write as fast as the other end takes bytes, and keep the rest."""

    @abstractmethod
    def when_written(self, act: Callable[[], None]) -> None:
        """Call ``act`` once everything is written."""

    @abstractmethod
    def end(self) -> None:
        """Tell the other end that nothing more will come."""

    @abstractmethod
    def stop(self) -> bool:
        """Forget what is not written, and say if there was anything. The connection stays open."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection politely."""

    @abstractmethod
    def reset(self) -> None:
        """Break the connection off: the other end sees a reset."""

    @abstractmethod
    def sockets(self) -> list[socket.socket]:
        """What a forked child must not keep open."""


class SocketEnd(LinkEnd):
    """A plain socket, which must not block."""

    def __init__(self, sock: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self.recv = sock.recv
        self._unsent = bytearray()
        self._then: Callable[[], None] | None = None

    def resume(self) -> None:
        self._loop.add_reader(self._sock, self.readable)

    def pause(self) -> None:
        self._loop.remove_reader(self._sock)

    @property
    def is_stuck(self) -> bool:
        return bool(self._unsent)

    def write(self, data: bytes) -> None:
        if not self._unsent:
            try:
                sent = self._sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.broken()
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._loop.add_writer(self._sock, self._write_rest)
        self._unsent += data

    def _write_rest(self) -> None:
        try:
            del self._unsent[: self._sock.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self.broken()
            return
        if not self._unsent:
            self._loop.remove_writer(self._sock)
            (self._then or self.ready)()

    def when_written(self, act: Callable[[], None]) -> None:
        if self._unsent:
            self._then = act
        else:
            act()

    def end(self) -> None:
        with contextlib.suppress(OSError):  # It has gone already.
            self._sock.shutdown(socket.SHUT_WR)

    def stop(self) -> bool:
        was_stuck = self.is_stuck
        if was_stuck:
            self._loop.remove_writer(self._sock)
        self._unsent.clear()
        self._then = None
        return was_stuck

    @property
    def has_left(self) -> bool:
        """True as soon as the other end has closed, even before the loop has noticed."""
        return has_ended(self._sock)

    def close(self) -> None:
        self._sock.close()

    def reset(self) -> None:
        close_with_reset(self._sock)

    def sockets(self) -> list[socket.socket]:
        return [self._sock]


def has_ended(sock: socket.socket) -> bool:
    """Say whether nothing more comes from the other end. The socket must not block."""
    try:
        return sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def close_with_reset(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # A unix socket takes no such option, and has no reset.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.close()
