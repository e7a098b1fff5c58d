"""One connection through a relay: the client's end, the one to the server, and a flow each way."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from tutorial_lib.network.direction import CHUNK, Direction
from tutorial_lib.network.end import LinkEnd, SocketEnd
from tutorial_lib.network.flow import Flow
from tutorial_lib.network.upstream import Address, Refused, Upstream

LINGER = 5.0
"""Seconds that a connection which one side has ended, or that was refused, may take to end on the other."""


class Link:
    """Made when a client has connected. Lives in one event loop; ``gone`` is called once, when it has ended.

    With ``linger`` the link is over when the server closes its side, and that many seconds after the client has closed
    its own. Without, each side may stay half open as long as it likes.
    """

    def __init__(
        self,
        client: SocketEnd,
        address: Address,
        to_server: Direction,
        to_client: Direction,
        gone: Callable[[Link], None],
        *,
        hear: Callable[[bytes], None] | None = None,
        linger: float | None = None,
    ) -> None:
        self.address = address
        self.server: LinkEnd | None = None
        self.has_lost_bytes = False
        self.was_cut = False
        self.is_unanswered = False
        self.is_refused = False
        self._loop = asyncio.get_running_loop()
        self._last_byte_at = self._loop.time()
        self._client = client
        self._to_server, self._to_client, self._gone = to_server, to_client, gone
        self._hear, self._linger = hear, linger
        self._flows: list[Flow] = []
        self._done: set[Flow] = set()
        self._closing: asyncio.TimerHandle | None = None
        self._is_closed = self._was_reset = False

    async def open(self, upstream: Upstream) -> None:
        """Connect to the server and begin to pass bytes. If nothing answers there, the client is reset."""
        # Over a real network a client's connect() takes a round trip. Here it is done already, so its first bytes wait.
        round_trip = self._to_server.latency + self._to_client.latency
        not_before = self._loop.time() + round_trip if round_trip else 0.0
        try:
            server = await upstream.open(self.address)
        except Refused as refusal:
            self.is_unanswered = True
            self.refuse(refusal.words)
            return
        except OSError:
            self.is_unanswered = True
            self.reset()
            return
        if self._is_closed:  # Meanwhile, by a fault or by the client.
            server.reset() if self._was_reset else server.close()
            return
        self.server = server
        self._flows = [
            Flow(self, self._client, server, self._to_server, not_before=not_before, hear=self._note_request),
            Flow(self, server, self._client, self._to_client, hear=self._note_answer),
        ]

    def open_to_nowhere(self) -> None:
        """Take in what the client sends, and answer nothing."""
        self.has_lost_bytes = True
        self._flows = [Flow(self, self._client, None, self._to_server)]

    def refuse(self, words: bytes) -> None:
        """Send ``words`` to the client instead of connecting it, and close."""
        if self._is_closed:
            return
        self.is_refused = True
        client = self._client
        client.readable, client.ready, client.broken = self._wait_for_its_end, lambda: None, self.close
        client.write(words)
        if not self._is_closed:
            client.when_written(client.end)
            # A connection that is closed with something unread is reset, and the reset could overtake the words.
            client.resume()
            self._close_later(LINGER)

    def _wait_for_its_end(self) -> None:
        try:
            while self._client.recv(CHUNK):
                pass
        except BlockingIOError:
            return
        except OSError:
            pass
        self.close()

    @property
    def is_open(self) -> bool:
        """True while bytes can pass, and the client has not closed its side."""
        return self.server is not None and not self._is_closed and not self._client.has_left

    @property
    def idle(self) -> float:
        """Seconds since bytes last came from either side."""
        return self._loop.time() - self._last_byte_at

    @property
    def is_staying(self) -> bool:
        """True unless the client was refused or has left."""
        return not (self.is_refused or self._client.has_left)

    def hurry(self) -> None:
        """Deliver at once what is under way."""
        for flow in list(self._flows):
            flow.hurry()

    def swallow(self) -> None:
        """Lose what is under way."""
        for flow in self._flows:
            flow.swallow()

    def sockets(self) -> list[socket.socket]:
        return self._client.sockets() + (self.server.sockets() if self.server else [])

    # -- what the flows report

    def _note_request(self, data: bytes) -> None:
        self._last_byte_at = self._loop.time()
        if self._hear:
            self._hear(data)

    def _note_answer(self, data: bytes) -> None:
        self._last_byte_at = self._loop.time()

    def lose(self) -> None:
        self.has_lost_bytes = True

    def finish(self, flow: Flow) -> None:
        self._done.add(flow)
        from_server = flow is self._flows[-1]
        if len(self._done) == len(self._flows) or (from_server and self._linger is not None):
            self.close()
        elif self._linger is not None:
            self._close_later(self._linger)

    def cut(self) -> None:
        self.was_cut = True
        self.reset()

    # -- the end

    def _close_later(self, seconds: float) -> None:
        self._closing = self._loop.call_later(seconds, self.close)

    def reset(self) -> None:
        """Break the connection off: both ends see a reset."""
        self._end(politely=False)

    def close(self) -> None:
        """End the connection politely."""
        self._end(politely=True)

    def _end(self, *, politely: bool) -> None:
        if self._is_closed:
            return
        self._is_closed, self._was_reset = True, not politely
        if self._closing:
            self._closing.cancel()
        for flow in self._flows:
            flow.stop()
        self._client.pause()
        self._client.stop()
        for end in (self._client, self.server):
            if end:
                end.close() if politely else end.reset()
        self._gone(self)
