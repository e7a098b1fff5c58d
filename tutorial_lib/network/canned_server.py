"""CannedServer: a few fixed replies in place of a Redis, to see what redis-py makes of them."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from tutorial_lib.network.upstream import LOOPBACK

if TYPE_CHECKING:
    from typing_extensions import Self


class CannedServer:
    """Answers each command with the line that ``replies`` has for its name: ``{"HELLO": "-ERR unknown command"}``.

    A line begins as Redis's own do: ``+`` for a word, ``-`` for an error. PING gets ``+PONG`` and any other command
    ``+OK``, unless ``replies`` says otherwise. ``replies`` may be changed at any time. It keeps nothing and listens on
    127.0.0.1; it ends with ``close()``, with its ``with`` block, or with the process.
    """

    def __init__(self, replies: Mapping[str, str] | None = None) -> None:
        self.replies = {"PING": "+PONG", **(replies or {})}
        self._server = _Listener((LOOPBACK, 0), _Conversation)
        self._server.replies = self.replies
        self.host: str = LOOPBACK
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="canned server", daemon=True).start()

    def close(self) -> None:
        """Stop listening. Connections end when their clients close them, or with the process. Closing twice is fine."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CannedServer({', '.join(f'{name}: {reply}' for name, reply in self.replies.items())})"


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    replies: Mapping[str, str]


class _Conversation(socketserver.StreamRequestHandler):
    """One client's connection, in a thread of its own."""

    server: _Listener

    def handle(self) -> None:
        try:
            while name := self._read_command():
                self.wfile.write(f"{self.server.replies.get(name, '+OK')}\r\n".encode())
        except OSError:
            return  # The client has closed or reset its connection.

    def _read_command(self) -> str:
        """Return the next command's name, or nothing at the end. ``GET k`` comes as ``*2``, ``$3``, GET, ``$1``, k."""
        header = self.rfile.readline()
        words = [self._read_word() for _ in range(int(header[1:]))] if header.startswith(b"*") else []
        return words[0].upper() if words else ""

    def _read_word(self) -> str:
        size = int(self.rfile.readline()[1:] or 0)
        return self.rfile.read(size + 2)[:-2].decode(errors="replace")
