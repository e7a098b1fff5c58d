"""A server as it is seen through a FaultProxy of one's own: what is done to it is done to those connections only."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from time import perf_counter as clock

from tutorial_lib.errors import BadSetting, NotAllowed
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.servers.base import Clients, Server


class ServerBehindProxy(Server):
    """``server``, which others use too, reached through a FaultProxy that belongs to this handle.

    Connect to its ``host`` and ``port``. ``clients()`` and ``opened()`` know only those who came through the proxy, by
    their own addresses; ``kill_clients`` and ``pause`` are done by the proxy, so that nobody else notices. Closing it
    closes the proxy, and leaves ``server`` as it is.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.proxy = FaultProxy(server)
        self.host, self.port = self.proxy.host, self.proxy.port
        self.kind, self.version = server.kind, server.version
        self._silent_until = 0.0
        self._closed = threading.Event()

    def clients(self) -> Clients:
        self._closed.wait(max(0.0, self._silent_until - clock()))
        self._require_open()
        # In this order: whoever is connected to the proxy now is on the server's list that is asked for after it.
        own = {_written(far): _written(near) for far, near in self.proxy.far_ends().items()}
        listed = {client.address: client for client in self._server.clients()}
        return Clients(replace(listed[far], address=near) for far, near in own.items() if far in listed)

    def opened(self) -> int:
        self._require_open()
        return self.proxy.traffic().connections

    def commands(self) -> Counter[str]:
        """Return what the server itself counts, whichever client asked for it."""
        return self._server.commands()

    def set_limit(self, clients: int) -> None:
        raise NotAllowed("set_limit would count for everybody who uses this server. Ask the server itself.")

    def set_idle_timeout(self, seconds: int) -> None:
        raise NotAllowed("set_idle_timeout would count for everybody who uses this server. Ask the server itself.")

    def kill_clients(self, name: str | None = None) -> int:
        if name is not None:
            raise NotAllowed("Here kill_clients closes every connection of the proxy. Leave the name out.")
        self._require_open()
        return self.proxy.close_connections()

    def pause(self, seconds: float) -> None:
        self._require_open()
        self.proxy.pause(seconds)
        self._silent_until = clock() + float(seconds)

    def close(self) -> None:
        self._closed.set()
        self.proxy.close()

    def describe(self) -> str:
        where = "(closed)" if self._closed.is_set() else f"on {self.host}:{self.port}"
        return f"A proxy {where}, in front of this server: {self._server.describe()}"

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise BadSetting("This proxy is closed, and its server is reached no longer through it.")


def _written(address: tuple[object, ...]) -> str:
    """Write an address as CLIENT LIST does: ``127.0.0.1:51234``."""
    return "{}:{}".format(*address)
