"""fakeredis's own TCP server, with one thread a connection, given its connections by a relay.

fakeredis brings the commands, the parser, the encoder and the loop that serves a connection. Ours is how that loop
waits: by itself it looks a hundred times a second, at descriptors below 1024 only, writes each reply alone, and gives
up when a client does not read.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import redis
from fakeredis import FakeRedisConnection, TcpFakeServer
from fakeredis._clients._tcp_server import TCPFakeRequestHandler, encode_reply  # It has no public name.

from tutorial_lib.network.counts import RequestCounter
from tutorial_lib.network.end import LinkEnd, SocketEnd, has_ended
from tutorial_lib.network.relay import let_go
from tutorial_lib.network.upstream import Address
from tutorial_lib.servers.base import MOST_MEMORY, ClientInfo, client_info
from tutorial_lib.servers.fake_commands import KNOWN_COMMANDS, Session
from tutorial_lib.servers.fake_memory import MemoryLimit

REDIS_VERSION = (7, 4)
"""The Redis that fakeredis is asked to be: the first with CLIENT SETINFO was 7.2."""

BYTES_AT_A_TIME = 64 * 1024
LONG_TO_HOLD = 1024 * 1024
PUSH_DELAY = 0.01  # seconds that a published message may wait before it is written to a subscriber
PAUSE_LOOK = 0.05  # seconds between two looks at whether a pause is over

# No select(): it cannot take a file descriptor above 1023, and here four of a connection's are in one process.
Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Connection(FakeRedisConnection):
    """The connection object through which the handler's loop reaches fakeredis."""

    def __init__(self, handler: Handler, **options: Any) -> None:
        self._handler = handler
        super().__init__(**options)

    def _connect(self) -> Session:
        # fakeredis makes its side of the connection here, from these three, and has no public way to give it another.
        assert self._server
        session = Session(self._server, client_class=self._client_class, db=self.db, client_info=self._client_info)
        session.caller = self._handler
        return session

    def can_read(self, timeout: float | None = 0) -> bool:
        """Wait until there is a reply to write (True) or a request to read. The loop asks this first, each time."""
        return self._handler.wait_for_a_reply(super().can_read)


class Handler(TCPFakeRequestHandler):
    """Serves one connection in a thread of its own. It is the ``rfile`` and the ``writer`` of fakeredis's loop, too."""

    server: FakeRedisThreads

    def setup(self) -> None:
        self._connected_at = time.monotonic()
        host, port = self.client_address
        info = {"addr": f"{host}:{port}", "laddr": f"{host}:{self.server.port}", "fd": self.request.fileno()}
        self._client = Connection(self, server=self.server.fake_server, client_info=info, protocol=2)
        self.session = cast(Session, self._client.get_socket())
        # fakeredis takes the connection that it finds here, instead of making one of its own.
        self.server.clients[self.client_address] = self._client
        super().setup()
        self._thread = threading.current_thread()
        self._requests = RequestCounter(self.server.received, self.server.lock)
        self._incoming: list[bytes] = []
        self.outgoing = bytearray()
        self._selector = Selector()
        self._events = selectors.EVENT_READ
        self._selector.register(self.request, self._events)
        self._is_waiting = False
        self.rfile = cast(Any, _ReadBy(self.readline, self.rfile))
        self.writer = cast(Any, self)
        self.server.handlers[self.client_address] = self

    # -- what fakeredis's loop asks

    def wait_for_a_reply(self, there_is_one: Callable[[], bool]) -> bool:
        while not there_is_one():
            self._send()
            if self.session.is_killed:
                raise ConnectionError("killed")
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.outgoing else 0)
            if self._wait(events, PUSH_DELAY if self.session.is_subscribed else None) & selectors.EVENT_READ:
                return False
        return True

    def _wait(self, events: int, seconds: float | None) -> int:
        """Wait for one of these events, and return those that are there."""
        if events != self._events:
            self._selector.modify(self.request, events)
            self._events = events
        self._is_waiting = True
        ready = self._selector.select(seconds)
        self._is_waiting = False
        return ready[0][1] if ready else 0

    def readline(self) -> bytes:
        """Return what has arrived. ConnectionError at the end."""
        self._receive()
        # A long value goes to the parser in one piece: with every piece it copies what it has.
        while self._requests.bytes_left > BYTES_AT_A_TIME:
            self._wait(selectors.EVENT_READ, None)
            self._receive()
        arrived, self._incoming = b"".join(self._incoming), []
        return arrived

    def _receive(self) -> None:
        data = self.request.recv(BYTES_AT_A_TIME)
        # Redis, too, forgets what a client asked for in a pause and did not wait for.
        if not data or (self.server.wait_while_paused() and has_ended(self.request)):
            raise ConnectionError("ended")
        self._requests.feed(data)
        self._incoming.append(data)
        self.server.check_what_is_under_way(self._requests.request_size)

    def dump(self, reply: Any) -> None:
        """Keep a reply until the loop waits, to write several at once."""
        if isinstance(reply, Exception) and not isinstance(reply, redis.RedisError):
            text = " ".join(str(getattr(reply, "value", reply)).split())
            self.outgoing += f"-ERR Protocol error, or a defect of fakeredis: {text}\r\n".encode()
            return
        # A long string goes with its length before it: without, a client has to look for its end.
        long = isinstance(reply, bytes) and len(reply) > BYTES_AT_A_TIME
        self.outgoing += encode_reply(reply, self.protocol_version, nested=long)
        self.server.check_what_is_under_way(len(self.outgoing))

    def _send(self) -> None:
        if self.outgoing:
            with suppress(BlockingIOError):
                del self.outgoing[: self.request.send(self.outgoing)]

    def finish(self) -> None:
        with suppress(OSError):
            self._send()
        self._selector.close()
        self.server.handlers.pop(self.client_address, None)
        super().finish()

    # -- what the rest of the fallback asks

    @property
    def under_way(self) -> int:
        """Bytes of a request that is half received, and of replies that are half sent."""
        return self._requests.request_size + len(self.outgoing)

    def is_over(self) -> bool:
        return self.session.is_killed or has_ended(self.request)

    def disconnect(self) -> None:
        """End the connection from the server's side. One that kills itself is still told so by its own thread."""
        if threading.current_thread() is not self._thread:
            with suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)

    @property
    def is_idle(self) -> bool:
        """True while it waits for a request, and for nothing else: no command, no message."""
        return self._is_waiting and self.session.flag == "N"

    def info(self, idle: float) -> ClientInfo:
        listed = self.session.show(idle)
        client = client_info(listed, listed["addr"])
        return replace(client, idle=idle, age=time.monotonic() - self._connected_at)

    def cut(self) -> None:
        with self.server.fake_server.lock:
            self.session.kill()

    def look_after(self, idle: float) -> None:
        """What Redis does for each client a few times a second."""
        self.session.show(idle)
        if self.session.flag == "b" and self.is_over():
            with self.server.fake_server.lock, suppress(AttributeError):
                self.session.unblock()


class _ReadBy:
    """The file that fakeredis's loop reads from, with another way to read."""

    def __init__(self, readline: Callable[[], bytes], file: Any) -> None:
        self.readline, self.close = readline, file.close


class FakeRedisThreads(TcpFakeServer):
    """Serves the connections that it is handed; it listens nowhere itself."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), bind_and_activate=False, server_version=REDIS_VERSION)
        self.RequestHandlerClass = Handler
        self.fake_server.acl = MemoryLimit(self.fake_server)
        # fakeredis makes a database when it is first asked for, and two clients who ask at once would get one each.
        self.fake_server.dbs[0]  # where every client begins; SELECT makes the others, one client after the other
        self.daemon_threads = True  # fakeredis sets it to False, and Python would wait for each thread at its end.
        self.port = 0
        self.lock = threading.Lock()
        self.received: Counter[str] = Counter()
        self.handlers: dict[Address, Handler] = {}
        _servers.add(self)

    async def open(self, client: Address) -> LinkEnd:
        """Serve the client at this address, and return the relay's end: a relay's upstream."""
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        self.process_request(far, client)
        return SocketEnd(near)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the client has gone, and the traceback would appear in a learner's notebook."""

    def commands(self) -> Counter[str]:
        """Return the commands received; as in Redis, those that it does not know are not among them."""
        with self.lock:
            return Counter({name: times for name, times in self.received.items() if name.lower() in KNOWN_COMMANDS})

    def check_what_is_under_way(self, size: int) -> None:
        """Bound what requests hold that are half received, and replies that are half sent, all together.

        ConnectionError ends the connection that asks. ``size`` is what it holds; what is short need not be added up.
        """
        if size > LONG_TO_HOLD and sum(handler.under_way for handler in list(self.handlers.values())) > MOST_MEMORY:
            raise ConnectionError("too much is under way")

    def pause(self, seconds: float) -> None:
        """Do what CLIENT PAUSE says it does; fakeredis only makes a note of it."""
        self.fake_server.pause_mode = b"all"
        self.fake_server.pause_until = time.time() + seconds

    def wait_while_paused(self) -> bool:
        """Return when no pause is on; True if one was."""
        waited = False
        while (left := self.fake_server.pause_until - time.time()) > 0 and self.fake_server.pause_mode == b"all":
            waited = True
            if self._shutdown_event.wait(min(left, PAUSE_LOOK)):
                break
        return waited

    def stop(self, within: float = 2.0) -> None:
        """End every connection; their threads are gone afterwards."""
        self._shutdown_event.set()  # shutdown() does this, too, and then waits for serve_forever(), which never ran.
        self.server_close()
        deadline = time.monotonic() + within
        while self.handlers and time.monotonic() < deadline:
            for handler in list(self.handlers.values()):
                handler.cut()
            time.sleep(0.001)


_servers: weakref.WeakSet[FakeRedisThreads] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for server in list(_servers):
        let_go([handler.request.fileno() for handler in list(server.handlers.values())])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
