"""Where bytes leave: a socket that may take them later than we have them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable


class Outlet:
    """Writes to ``target`` as fast as it takes bytes, and keeps the rest. Lives in one event loop.

    ``ready`` is called when the rest is written, ``broken`` when the target has gone.
    """

    def __init__(self, target: socket.socket, ready: Callable[[], None], broken: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._target, self._ready, self._broken = target, ready, broken
        self._unsent = bytearray()
        self._then: Callable[[], None] | None = None

    @property
    def is_stuck(self) -> bool:
        """True while something is still to be written."""
        return bool(self._unsent)

    def write(self, data: bytes) -> None:
        if not self._unsent:
            try:
                sent = self._target.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._broken()
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._loop.add_writer(self._target, self._write_rest)
        self._unsent += data

    def _write_rest(self) -> None:
        try:
            del self._unsent[: self._target.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self._broken()
            return
        if not self._unsent:
            self._loop.remove_writer(self._target)
            (self._then or self._ready)()

    def when_written(self, act: Callable[[], None]) -> None:
        """Do this last, when all is written."""
        if self._unsent:
            self._then = act
        else:
            act()

    def end(self) -> None:
        """Tell the target that nothing more will come."""
        with contextlib.suppress(OSError):  # It has gone already.
            self._target.shutdown(socket.SHUT_WR)

    def stop(self) -> bool:
        """Forget what is not written, and say if there was anything. The target stays open."""
        was_stuck = self.is_stuck
        if was_stuck:
            self._loop.remove_writer(self._target)
        self._unsent.clear()
        self._then = None
        return was_stuck
