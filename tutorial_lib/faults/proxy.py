"""FaultProxy: what a lesson holds in its hand."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, wait
from concurrent.futures import TimeoutError as NotDone
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from tutorial_lib.arguments import not_negative, whole
from tutorial_lib.errors import BadSetting, CannotConnect, NotAllowed
from tutorial_lib.faults.loop import new_loop, run
from tutorial_lib.faults.relay import LOOPBACK, Relay, Traffic, reach
from tutorial_lib.faults.wire import Wire

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds that the server may take to answer when the proxy is made."""

LOOK_EVERY = 0.5
"""Seconds after which whoever waits for the proxy's thread looks whether it is still there."""


class FaultProxy:
    """Stands between a client and ``server``, and makes trouble: connect to its ``host`` and ``port`` instead.

    ``server`` is a server of ``start_server()``, or anything else with a host and a port; or give ``host`` and
    ``port``. ``round_trip`` is how far away the server shall seem, in seconds.

        with FaultProxy(server, round_trip=0.01) as proxy:
            pool = redis.ConnectionPool(host=proxy.host, port=proxy.port)

    Making it connects to the server once and closes that connection; CannotConnect if nothing answers there. Only your
    own user of this computer may connect to it. It ends with ``close()``, with its ``with`` block, or with the process.
    """

    __slots__ = ("__weakref__", "_is_closed", "_loop", "_owner", "_relay", "_thread", "host", "port")

    def __init__(
        self, server: Any = None, *, host: str | None = None, port: int | None = None, round_trip: float = 0.0
    ) -> None:
        self._is_closed = True
        where = _where(server, host, port)
        not_negative("round_trip", round_trip, "seconds")
        try:
            family, address = reach(*where, PATIENCE)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
            raise CannotConnect(
                f"Nobody answers on {where[0]}:{where[1]} ({error}). Start the server first, or check host and port."
            ) from None
        self._owner = os.getpid()
        self._loop = new_loop()
        self._thread = threading.Thread(target=run, args=[self._loop], name="fault-proxy", daemon=True)
        self._is_closed = False
        try:
            self._thread.start()
            self._relay = self._do(lambda: Relay(family, address))
        except BaseException:  # Too many open files, or an impatient learner.
            self._is_closed = True
            self._loop.call_soon_threadsafe(self._loop.stop)
            with suppress(RuntimeError):  # It has not even begun.
                self._thread.join()
            raise
        self.host: str = LOOPBACK
        self.port: int = self._relay.port
        self.round_trip = round_trip
        _open.add(self)
        atexit.register(self.close)

    @property
    def url(self) -> str:
        """``redis://host:port/0``, for ``from_url``."""
        return f"redis://{self.host}:{self.port}/0"

    @property
    def upstream(self) -> Wire:
        """The way from client to server: its ``latency``, ``jitter`` and ``bandwidth`` can be set."""
        self._require_usable()
        return self._relay.upstream

    @property
    def downstream(self) -> Wire:
        """The way from server to client: its ``latency``, ``jitter`` and ``bandwidth`` can be set."""
        self._require_usable()
        return self._relay.downstream

    @property
    def round_trip(self) -> float:
        """Seconds added to a question and its answer; half of what you set goes each way.

        Opening a connection takes one round trip as well, as over a real wire; here the first command pays it.
        """
        return self.upstream.latency + self.downstream.latency

    @round_trip.setter
    def round_trip(self, seconds: float) -> None:
        half = not_negative("round_trip", seconds, "seconds") / 2
        self.upstream.latency = self.downstream.latency = half

    def reset_connections(self) -> int:
        """Break off every connection now (``Connection reset by peer``), and return how many there were."""
        return self._do(self._relay.reset_connections)

    def reset_after(self, count: int) -> None:
        """Cut a reply in flight: ``count`` more bytes from the server get through, then that connection is reset.

        The server has done what it was asked; the client never hears. It happens once: ask again for the next.
        A reset overtakes bytes that wait for a slow client, so of a long reply fewer may arrive.
        """
        count = whole("count", count, "bytes", at_least=0)
        self._do(lambda: self.downstream.cut_after(count))

    def blackhole(self) -> None:
        """Accept everything and answer nothing, on old connections and new ones, as when a cable is pulled.

        A connection that loses bytes here is reset when ``heal()`` brings the wire back.
        """
        self._do(self._relay.blackhole)

    def refuse(self) -> None:
        """Let no new connection in (``Connection refused``). Those that are open stay."""
        self._do(self._relay.refuse)

    def heal(self) -> None:
        """End every fault, latency and the rest too. What was under way arrives at once."""
        self._do(self._relay.heal)

    def traffic(self) -> Traffic:
        """Count what has come through so far."""
        return self._do(self._relay.traffic)

    def close(self) -> None:
        """Hang up on everybody and stop. Closing twice does nothing."""
        if self._is_closed or os.getpid() != self._owner:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        # The loop ends itself, so that an impatient learner, who interrupts the waiting, leaves nothing behind either.
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop)
        self._thread.join()

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
        faults = relay.upstream.faults("upstream") + relay.downstream.faults("downstream")
        if relay.upstream.swallows:
            faults.append("blackhole")
        if relay.is_refusing:
            faults.append("refuse")
        return f"FaultProxy({', '.join(faults) or 'no faults'})"

    def _do(self, act: Callable[[], T]) -> T:
        """Do it in the loop's thread, where all sockets live, and wait until it is done."""
        self._require_usable()

        # A task begins one turn of the loop later than a callback would: by then all who had connected are in.
        async def doing() -> T:
            return act()

        task = doing()
        try:
            future = asyncio.run_coroutine_threadsafe(task, self._loop)
            while not wait([future], LOOK_EVERY).done and self._thread.is_alive():
                pass  # Somebody else may close the proxy meanwhile.
            return future.result(0)
        except (RuntimeError, CancelledError, NotDone):
            if self._is_closed:
                task.close()
                self._require_usable()
            raise

    def _require_usable(self) -> None:
        if os.getpid() != self._owner:
            raise NotAllowed("Only the process that made this FaultProxy can use it. Use it there.")
        if self._is_closed:
            raise NotAllowed("This FaultProxy is closed. Make a new one.")

    async def _hang_up(self) -> None:
        try:
            await self._relay.close()
        finally:
            self._loop.stop()

    def _leave_to_parent(self) -> None:
        """In a forked child: let go of the sockets without a word to their other ends."""
        for sock in self._relay.sockets():
            sock.close()


def behind_proxies(host: str, port: int) -> tuple[str, int]:
    """Return where a connection to ``host`` and ``port`` leads, through any proxies of this process."""
    ways = {proxy.port: proxy._relay.address for proxy in list(_open) if not proxy._is_closed}
    while host in (LOOPBACK, "localhost") and port in ways:
        host, port = ways.pop(port)[:2]
    return host, port


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


_open: weakref.WeakSet[FaultProxy] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for proxy in list(_open):
        proxy._leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
