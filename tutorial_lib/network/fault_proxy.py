"""FaultProxy: trouble on the way to a server, on command: delays, throttles, cuts, silence and refusals."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from tutorial_lib.arguments import not_negative, whole
from tutorial_lib.errors import BadSetting, CannotConnect, NotAllowed
from tutorial_lib.network.direction import Direction
from tutorial_lib.network.loop import LoopHasEnded, LoopThread
from tutorial_lib.network.relay import Relay, Traffic
from tutorial_lib.network.upstream import LOOPBACK, Address, reach

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

LONGEST_PAUSE = 86_400
"""Seconds, a day."""

REACH_WITHIN = 2.0
"""Seconds that the server may take to answer when the proxy is made."""


class FaultProxy:
    """Stands between a client and ``server``, and makes trouble: connect to its ``host`` and ``port`` instead.

    ``server`` is a server of ``start_server()``, or anything else with a host and a port; or give ``host`` and
    ``port``. ``round_trip`` is how far away the server seems to be, in seconds.

        with FaultProxy(server, round_trip=0.01) as proxy:
            pool = redis.ConnectionPool(host=proxy.host, port=proxy.port)

    Making it connects to the server once and closes that connection; CannotConnect if nothing answers there. Only your
    own user of this computer may connect to it. It ends with ``close()``, with its ``with`` block, or with the process.
    """

    __slots__ = ("_is_closed", "_loop", "_owner", "_relay", "host", "port")

    def __init__(
        self, server: Any = None, *, host: str | None = None, port: int | None = None, round_trip: float = 0.0
    ) -> None:
        self._is_closed = True
        where = _where(server, host, port)
        round_trip = not_negative("round_trip", round_trip, "seconds")
        try:
            upstream = reach(*where, REACH_WITHIN)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
            raise CannotConnect(
                f"Nothing answers on {where[0]}:{where[1]} ({error}). Start the server first, or check host and port."
            ) from None
        self._owner = os.getpid()
        self._loop = LoopThread("fault-proxy", exact=True)
        self._is_closed = False
        try:
            self._relay = self._do(lambda: Relay(upstream))
            self._do(self._relay.start)
        except BaseException:  # Too many open files, or the learner interrupts the cell.
            self._is_closed = True
            self._loop.close()
            raise
        self.host: str = LOOPBACK
        self.port: int = self._relay.port
        self._be_away(round_trip)
        atexit.register(self.close)

    @property
    def url(self) -> str:
        """``redis://host:port/0``, for ``from_url``."""
        return f"redis://{self.host}:{self.port}/0"

    @property
    def upstream(self) -> Direction:
        """The way from client to server: its ``latency``, ``jitter`` and ``bandwidth`` can be set."""
        self._require_usable()
        return self._relay.to_server

    @property
    def downstream(self) -> Direction:
        """The way from server to client: its ``latency``, ``jitter`` and ``bandwidth`` can be set."""
        self._require_usable()
        return self._relay.to_client

    @property
    def round_trip(self) -> float:
        """Seconds added to a request and its reply; half of what you set goes each way.

        Opening a connection takes one round trip as well, as over a real network; here the first command pays it.
        """
        return self.upstream.latency + self.downstream.latency

    @round_trip.setter
    def round_trip(self, seconds: float) -> None:
        self._be_away(not_negative("round_trip", seconds, "seconds"))

    def _be_away(self, seconds: float) -> None:
        for way in (self.upstream, self.downstream):
            way.delay_by(seconds / 2)

    def reset_connections(self) -> int:
        """Break off every connection now (``Connection reset by peer``), and return how many there were."""
        return self._do(self._relay.reset_connections)

    def close_connections(self) -> int:
        """Close every connection in good order, as a server does, and return how many there were.

        A client that waits for a reply gets ``Connection closed by server.``
        """
        return self._do(self._relay.close_connections)

    def pause(self, seconds: float) -> None:
        """Hold back for ``seconds`` what the server sends, then let it through: a server that is too busy to answer."""
        length = not_negative("The pause", seconds, "seconds", at_most=LONGEST_PAUSE)
        self._do(lambda: self._relay.pause(length))

    def reset_after(self, count: int) -> None:
        """Cut a reply in flight: ``count`` more bytes from the server get through, then that connection is reset.

        The server has run the command, and the client never gets the whole reply. It happens once; call it again for
        the next. A reset overtakes bytes that wait for a slow client, so of a long reply fewer may arrive.
        """
        count = whole("count", count, "bytes", at_least=0)
        self._do(lambda: self.downstream.cut_after(count))

    def blackhole(self) -> None:
        """Accept everything and answer nothing, on old connections and new ones, as when a cable is pulled.

        A connection that loses bytes here is reset when ``heal()`` ends it.
        """
        self._do(self._relay.blackhole)

    def refuse(self) -> None:
        """Let no new connection in (``Connection refused``). Those that are open stay."""
        self._do(self._relay.refuse)

    def vanish(self) -> None:
        """Behave like a machine that has lost its power: a ``blackhole`` in which new connections get no answer either.

        That is so on Linux; another system may refuse new connections instead.
        """
        self._do(self._relay.vanish)

    def heal(self) -> None:
        """End every fault, latency and the rest too. What was under way arrives at once."""
        self._do(self._relay.heal)

    def traffic(self) -> Traffic:
        """Count what has come through so far."""
        return self._do(self._relay.traffic)

    def far_ends(self) -> dict[Address, Address]:
        """Return each address that the server sees, with the address of the client that is behind it."""
        return self._run(self._relay.far_ends)

    def close(self) -> None:
        """Close every connection and stop. Closing twice does nothing."""
        if self._is_closed or os.getpid() != self._owner:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        self._loop.close(self._relay.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._is_closed:
            return "FaultProxy(closed)"
        relay = self._relay
        faults = relay.to_server.faults("upstream") + relay.to_client.faults("downstream")
        if relay.has_vanished:
            faults.append("vanish")
        elif relay.to_server.swallows:
            faults.append("blackhole")
        if relay.is_paused:
            faults.append("pause")
        if relay.is_refusing:
            faults.append("refuse")
        return f"FaultProxy({', '.join(faults) or 'no faults'})"

    def _do(self, act: Callable[[], T]) -> T:
        """Do it in the loop's thread, where all sockets live, and wait until it is done."""

        # A task begins a turn of the loop later than a callback. By then every client that had connected is accepted.
        async def doing() -> T:
            return act()

        return self._run(doing)

    def _run(self, doing: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self._require_usable()
        try:
            return self._loop.run(doing())
        except LoopHasEnded:
            self._require_usable()
            raise

    def _require_usable(self) -> None:
        if os.getpid() != self._owner:
            raise NotAllowed("Only the process that made this FaultProxy can use it. Use it there.")
        if self._is_closed:
            raise NotAllowed("This FaultProxy is closed. Make a new one.")


def _where(server: Any, host: str | None, port: int | None) -> tuple[str, int]:
    if server is not None and (host is not None or port is not None):
        raise BadSetting("Give either a server, or a host and a port.")
    if server is not None:
        host, port = getattr(server, "host", None), getattr(server, "port", None)
    if port is None or (server is not None and host is None):
        raise BadSetting(f"server is {server!r}. Give a server of start_server(), or host= and port=.")
    if host is not None and not isinstance(host, str):
        raise BadSetting(f"host is {host!r}. Give a name or an address as a text, such as '127.0.0.1'.")
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65_535:
        raise BadSetting(f"port is {port!r}. Give the number of a port, 1 to 65535.")
    return host or LOOPBACK, port
