"""fakeredis on a real socket, with what a Redis does to its connections: count, limit, time out, cut, pause.

fakeredis brings the commands, the parser and the encoder. Its own loop is replaced: that one ends a connection
after any error reply, and again when a reply is larger than the socket's buffer, and it wakes up a hundred times a
second for each idle connection.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
import weakref
from collections import Counter
from contextlib import suppress
from typing import Any

from fakeredis._clients._tcp_server import TCPFakeRequestHandler, TcpFakeServer, encode_reply

from tutorial_lib.network.counts import RequestCounter
from tutorial_lib.servers.base import MOST_CLIENTS, ClientInfo
from tutorial_lib.servers.fake_memory import MemoryLimit
from tutorial_lib.servers.fake_session import KNOWN, VERSION, Client

REFUSAL = b"-ERR max number of clients reached\r\n"

CHUNK = 16 * 1024
TICK = 0.05  # seconds between two looks at who has been idle for too long
PUSH_DELAY = 0.01  # seconds that a published message may wait before it is written to a subscriber

# No select(): it cannot take a file descriptor above 1023, and here both ends of a connection are in one process.
Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


def has_left(connection: socket.socket) -> bool:
    """Say whether the client has closed its end, or we ours, even if the connection's own thread is yet to notice."""
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Handler(TCPFakeRequestHandler):
    """One thread per connection: it reads requests, has fakeredis answer them, and writes the replies."""

    server: TcpServer

    def setup(self) -> None:
        host, port = self.client_address
        self.address = f"{host}:{port}"
        info = {"addr": self.address, "laddr": f"{host}:{self.server.port}", "fd": self.request.fileno()}
        # fakeredis takes the client that it finds here, instead of making one of its own.
        client = Client(server=self.server.fake_server, client_info=info, protocol=2)
        self.server.clients[self.client_address] = client
        super().setup()
        self.thread = threading.current_thread()
        self.counter = RequestCounter(self.server.received, self.server.lock)
        self.busy = False
        self.last_heard = time.monotonic()
        self.outgoing = bytearray()
        self.held: list[bytes] = []
        self.session = client.begin(self)
        self.server.connections[self.request] = self

    def handle(self) -> None:
        with Selector() as selector, suppress(OSError):
            selector.register(self.request, wanted := selectors.EVENT_READ)
            alive = True
            while alive and not self.session._killed:
                ready = selector.select(PUSH_DELAY if self.session._pubsub else None)
                if ready and ready[0][1] & selectors.EVENT_READ:
                    alive = self._take(self.request.recv(CHUNK))
                self._answer()
                self.busy = False
                before, wanted = wanted, selectors.EVENT_READ | (selectors.EVENT_WRITE if self.outgoing else 0)
                if wanted != before:
                    selector.modify(self.request, wanted)

    def _take(self, data: bytes) -> bool:
        """Let fakeredis act on what has arrived; False if the connection is over."""
        if not data:
            return False
        self.busy = True
        self.last_heard = time.monotonic()
        if self.server.wait_while_paused() and has_left(self.request):
            return False  # Redis, too, forgets what a client asked for in a pause and did not wait for.
        self.counter.feed(data)
        self.held.append(data)
        if self.counter.bytes_left > CHUNK:
            return True  # A long value goes to the parser in one piece: with every piece it copies what it has.
        arrived, self.held = b"".join(self.held), []
        try:
            self.session.sendall(arrived)
        except Exception as error:
            text = " ".join(str(getattr(error, "value", error)).split())
            self.outgoing += f"-ERR Protocol error, or a defect of fakeredis: {text}\r\n".encode()
            self._answer()
            return False  # Its parser has ended with the error.
        return True

    def _answer(self) -> None:
        """Write what there is to say, as far as the client takes it; it may be busy sending us more."""
        replies = self.session.responses
        while replies and not replies.empty():
            reply = replies.get_nowait()
            # A long string goes with its length before it: without, a client has to look for its end.
            long = isinstance(reply, bytes) and len(reply) > CHUNK
            self.outgoing += encode_reply(reply, self.session._client_info.protocol_version, nested=long)
        if self.outgoing:
            with suppress(BlockingIOError):
                sent = self.request.send(self.outgoing)
                del self.outgoing[:sent]
            self.last_heard = time.monotonic()

    def info(self) -> ClientInfo:
        details = self.session._client_info
        idle = time.monotonic() - self.last_heard
        return ClientInfo(
            details["id"], details["name"], self.address, self.session._db_num, idle, bool(self.session._blocked)
        )

    def is_over(self) -> bool:
        return self.session._killed or has_left(self.request)

    def hang_up(self) -> None:
        """End the connection from the server's side. One that kills itself is still told so by its own thread."""
        if threading.current_thread() is not self.thread:
            with suppress(OSError):
                self.request.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        with self.server.fake_server.lock:
            self.session.kill()

    def look_after(self, now: float, longest_idle: float) -> None:
        """What Redis does for each client a few times a second."""
        session = self.session
        flags = "b" if session._blocked else "P" if session._pubsub else "N"
        session._client_info.update(db=session._db_num, idle=int(now - self.last_heard), flags=flags)
        if session._blocked and self.is_over():
            with self.server.fake_server.lock, suppress(AttributeError):
                session.unblock()
        elif longest_idle and now - self.last_heard > longest_idle and not (self.busy or session._pubsub):
            self.cut()


class TcpServer(TcpFakeServer):
    """The listening socket, the connections it has accepted, and the rules for them."""

    request_queue_size = 511  # Redis's own tcp-backlog

    def __init__(self, host: str) -> None:
        super().__init__((host, 0), server_version=VERSION)
        self.port: int = self.socket.getsockname()[1]
        self.RequestHandlerClass = Handler
        self.fake_server.acl = MemoryLimit(self.fake_server)
        self.daemon_threads = True  # fakeredis sets it to False, and Python would wait for each thread at its end.
        self.lock = threading.Lock()
        self.received: Counter[str] = Counter()
        self.opened = 0
        self.limit = MOST_CLIENTS
        self.longest_idle = 0.0
        self.connections: dict[socket.socket, Handler | None] = {}
        self._next_look = 0.0
        _listening.add(self)
        threading.Thread(target=self.serve_forever, args=(TICK,), daemon=True, name="fakeredis").start()

    def handlers(self) -> list[Handler]:
        """Return the connections that are being served, dead ones included until their threads notice."""
        return [handler for handler in list(self.connections.values()) if handler]

    def present(self) -> list[Handler]:
        """Return the connections that are open at both ends now."""
        return [handler for handler in self.handlers() if not handler.is_over()]

    def process_request(self, request: Any, client_address: Any) -> None:
        request.setblocking(False)
        if len(self.connections) >= self.limit:
            staying = [connection for connection in list(self.connections) if not has_left(connection)]
            if len(staying) >= self.limit:
                with suppress(OSError):
                    request.send(REFUSAL)
                self.shutdown_request(request)
                return
        self.opened += 1
        self.connections[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the client has gone, and the traceback would appear in a learner's notebook."""

    def get_request(self) -> tuple[Any, Any]:
        try:
            return super().get_request()
        except OSError:
            time.sleep(TICK)  # Too many open files: the caller asks again at once, and for ever.
            raise

    def service_actions(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + TICK
            for handler in self.handlers():
                handler.look_after(now, self.longest_idle)

    def commands(self) -> Counter[str]:
        """Return the commands received; as in Redis, those that it does not know are not among them."""
        with self.lock:
            return Counter({name: times for name, times in self.received.items() if name.lower() in KNOWN})

    def pause(self, seconds: float) -> None:
        """Do what CLIENT PAUSE says it does; fakeredis only makes a note of it."""
        self.fake_server.pause_mode = b"all"
        self.fake_server.pause_until = time.time() + seconds

    def wait_while_paused(self) -> bool:
        """Return when no pause is on; True if one was."""
        waited = False
        while (left := self.fake_server.pause_until - time.time()) > 0 and self.fake_server.pause_mode == b"all":
            waited = True
            if self._shutdown_event.wait(min(left, TICK)):
                break
        return waited

    def stop(self, within: float = 2.0) -> None:
        """Stop listening and cut every connection; their threads are gone afterwards."""
        self.shutdown()
        self.server_close()
        deadline = time.monotonic() + within
        while self.connections and time.monotonic() < deadline:
            for handler in self.handlers():
                handler.cut()
            time.sleep(0.001)

    def leave_to_parent(self) -> None:
        """In a forked child: let go of the sockets without a word to their other ends."""
        for held in (self.socket, *self.connections):
            if held.fileno() >= 0:
                os.close(held.detach())


_listening: weakref.WeakSet[TcpServer] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for server in list(_listening):
        server.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
