"""A relay in a loop of its own, and a Redis that does what a test says: both ends of a link at hand."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import Counter
from queue import Queue

from tutorial_lib.network.loop import LoopThread
from tutorial_lib.network.relay import Relay
from tutorial_lib.network.signed_in import SignedIn
from tutorial_lib.servers.redis_url import RedisUrl

CLIENT_ID = b"*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n"
PING = b"*1\r\n$4\r\nPING\r\n"


class Running:
    """A relay in a loop of its own."""

    def __init__(self, url: str, linger: float = 5.0) -> None:
        self.loop = LoopThread("relay")
        self.loop.run(self._start(url, linger))
        self.port = self.relay.port

    async def _start(self, url: str, linger: float) -> None:
        redis_url = RedisUrl.parse(url)
        self.commands: Counter[str] = Counter()
        signed_in = SignedIn(redis_url.connection, redis_url.deadline)
        self.relay = Relay(signed_in, linger=linger, commands=self.commands)
        self.relay.start()

    def connect(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.settimeout(5)
        return sock

    def opened(self) -> int:
        self.loop.run(self.relay.settle())
        return self.relay.opened

    def addresses(self) -> list[str]:
        async def look() -> list[str]:
            await self.relay.settle()
            return ["{}:{}".format(*link.address) for link in self.relay.links()]

        return self.loop.run(look())

    def close(self) -> None:
        self.loop.run(self.relay.close())
        self.loop.close()


class ScriptedRedis:
    """Answers CLIENT ID and then leaves each conversation to the test."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._conversations: Queue[socket.socket] = Queue()
        self._accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                conversation, _ = self._listener.accept()
                self._accepted.append(conversation)
                conversation.settimeout(5)
                if receive(conversation, len(CLIENT_ID)) == CLIENT_ID:
                    conversation.sendall(b":%d\r\n" % len(self._accepted))
                    self._conversations.put(conversation)

    def next(self) -> socket.socket:
        return self._conversations.get(timeout=5)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for conversation in self._accepted:
            conversation.close()


def receive(sock: socket.socket, size: int) -> bytes:
    """Read ``size`` bytes, or what comes before the end."""
    data = b""
    while len(data) < size and (part := sock.recv(size - len(data))):
        data += part
    return data


def ends(sock: socket.socket) -> bool:
    """Read until the other side hangs up, politely or not. A test's own timeout means it does not."""
    with contextlib.suppress(ConnectionError):
        while sock.recv(65536):
            pass
    return True


def reset(sock: socket.socket) -> None:
    """Close with RST, as a crashed machine or a firewall does."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
