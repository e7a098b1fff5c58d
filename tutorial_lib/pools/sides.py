"""The pool's connections beside the server's clients: who is in both lists, and who in only one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tutorial_lib.pools.anatomy import PoolConnection
from tutorial_lib.servers.base import ClientInfo

FoundIn = Literal["both", "pool only", "unknown"]


@dataclass(frozen=True)
class ClientList:
    """What the server said when it was last asked. ``asked`` is when the question was sent, by ``perf_counter``."""

    asked: float
    clients: Sequence[ClientInfo]
    port: int


@dataclass(frozen=True)
class Sides:
    """The two lists laid side by side."""

    found_in: Mapping[int, FoundIn]
    """For each connection of the pool, by its key."""
    client_ids: Mapping[int, int]
    """The server's number for those in both lists."""
    server_only: Sequence[ClientInfo]
    """Clients that were this pool's, and that the pool no longer knows."""
    others: int
    """How many clients have nothing to do with this pool."""
    unmatched: str
    """Why open connections cannot be matched: the address they are connected to instead, "hidden", or ""."""


@dataclass
class Addresses:
    """Which addresses were this pool's: when each was first seen open, and when it was gone."""

    since: dict[str, float] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    size: int = 1_000

    def note(self, connections: Iterable[PoolConnection], now: float) -> None:
        """Remember what is open now."""
        present = {connection.address for connection in connections if connection.address}
        for address in present:
            if address in self.gone or address not in self.since:
                self.since[address] = now
            self.gone.pop(address, None)
        for address in self.since:
            if address not in present:
                self.gone.setdefault(address, now)
        while len(self.since) > self.size:
            oldest = next(iter(self.since))
            del self.since[oldest]
            self.gone.pop(oldest, None)


def compare(connections: Sequence[PoolConnection], listed: ClientList, addresses: Addresses) -> Sides:
    """Match both lists by the client's own address. A list that is older than a change says nothing about it."""
    by_address = {client.address: client for client in listed.clients}
    found_in: dict[int, FoundIn] = {}
    client_ids = {}
    for connection in connections:
        client = by_address.get(connection.address)
        if client:
            client_ids[connection.key] = client.id
        found_in[connection.key] = "both" if client else _where_else(connection, listed, addresses)
    left = [client for client in listed.clients if addresses.gone.get(client.address, listed.asked) < listed.asked]
    others = len(listed.clients) - len(client_ids) - len(left)
    return Sides(found_in, client_ids, left, others, _why_unmatched(connections, listed))


def _why_unmatched(connections: Sequence[PoolConnection], listed: ClientList) -> str:
    for connection in connections:
        if connection.is_open is not False and not connection.address:
            return "hidden"
        if connection.address and not _goes_there(connection, listed):
            return connection.peer
    return ""


def _goes_there(connection: PoolConnection, listed: ClientList) -> bool:
    return connection.peer.endswith(f":{listed.port}")  # Not so through a proxy, which has an address of its own.


def _where_else(connection: PoolConnection, listed: ClientList, addresses: Addresses) -> FoundIn:
    was_open_when_asked = addresses.since.get(connection.address, listed.asked) < listed.asked
    return "pool only" if connection.address and _goes_there(connection, listed) and was_open_when_asked else "unknown"
