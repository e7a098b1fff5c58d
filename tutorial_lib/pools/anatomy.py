"""A pool's connections one by one, from redis-py's private lists: which are borrowed, which are open, from where.

redis-py tells only counts (``get_connection_count``). What stands here may change with any release, so everything
that cannot be found is None or empty, and callers must be able to do without it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import redis
import redis.asyncio

from tutorial_lib.pools.copying import copied


class PoolConnection(NamedTuple):
    """A connection as its pool has it. ``key`` is its ``id``."""

    key: int
    in_use: bool
    is_open: bool | None
    """Whether it has a socket; None where its class does not show one."""
    address: str
    """Its own end, ``"127.0.0.1:51234"``, as CLIENT LIST writes it; "" if it has none (closed, or a unix socket)."""
    peer: str
    """The end that it is connected to."""


def connections_of(pool: Any) -> list[PoolConnection] | None:
    """List a pool's connections, oldest first where the pool knows; None if this kind of pool does not show them.

    Takes no lock: a connection may change hands while one looks, but none is lost or counted twice.
    """
    found = in_use_and_idle(pool)
    if found is None:
        return None
    return [_describe(connection, in_use) for connection, in_use in found]


def in_use_now(pool: Any) -> set[int]:
    """Return the keys of what is borrowed now; negative stand-ins, as many, of a pool that shows only counts."""
    found = in_use_and_idle(pool)
    if found is None:
        _, (in_use, _) = pool.get_connection_count()
        return set(range(-in_use, 0))
    return {id(connection) for connection, in_use in found if in_use}


def waiting_now(pool: Any) -> int:
    """Count the callers that wait for a connection of a blocking pool."""
    # What each kind of pool waits on: a threading.Condition inside its queue, or an asyncio.Condition.
    condition = getattr(getattr(pool, "pool", None), "not_empty", None) or getattr(pool, "_condition", None)
    return len(getattr(condition, "_waiters", None) or ())


def in_use_and_idle(pool: Any) -> list[tuple[Any, bool]] | None:
    try:
        if isinstance(pool, redis.BlockingConnectionPool):
            queued = {id(connection) for connection in copied(pool.pool.queue)}
            return [(connection, id(connection) not in queued) for connection in copied(pool._connections)]
        # A connection that moves between the lists meanwhile is still seen: in the second look, or in the first.
        first = copied(pool._in_use_connections)
        idle = copied(pool._available_connections)
        second = {id(connection) for connection in copied(pool._in_use_connections)}
        known = {id(connection): connection for connection in [*idle, *first, *copied(pool._in_use_connections)]}
        return [(connection, key in second) for key, connection in known.items()]
    except AttributeError:
        return None


def socket_reader(pool: Any) -> Callable[[Any], object]:
    """Return a function that says what a connection of this pool speaks through: a socket, or None if it has none.

    A function made once for each pool, because it runs twice for each command.
    """
    name = "_writer" if isinstance(pool, redis.asyncio.ConnectionPool) else "_sock"
    if getattr(pool, "cache", None) is not None:
        return lambda connection: getattr(getattr(connection, "_conn", connection), name, None)
    return lambda connection: getattr(connection, name, None)


_NO_SOCKET_SHOWN = object()
_addresses: WeakKeyDictionary[socket.socket, tuple[str, str]] = WeakKeyDictionary()


def _describe(connection: Any, in_use: bool) -> PoolConnection:
    own = getattr(connection, "_conn", connection)  # With client-side caching the real one is inside.
    if hasattr(own, "_writer"):
        writer = own._writer
        info = (lambda name: writer.get_extra_info(name)) if writer else (lambda name: None)
        ends = written(info("sockname")), written(info("peername"))
        return PoolConnection(id(connection), in_use, writer is not None, *ends)
    sock = getattr(own, "_sock", _NO_SOCKET_SHOWN)
    if sock is _NO_SOCKET_SHOWN:
        return PoolConnection(id(connection), in_use, None, "", "")
    return PoolConnection(id(connection), in_use, sock is not None, *(_ends_of(sock) if sock else ("", "")))


def _ends_of(sock: Any) -> tuple[str, str]:
    """Return both ends of a socket. They never change, so each socket is asked once."""
    try:
        if sock not in _addresses:
            _addresses[sock] = written(sock.getsockname()), written(sock.getpeername())
        return _addresses[sock]
    except (OSError, TypeError, AttributeError):  # Cut meanwhile, or not a socket of the standard library.
        return "", ""


def written(address: Any) -> str:
    """Write an address as Redis does: ``127.0.0.1:51234``, ``[::1]:51234``. Anything else, a unix socket's, is ""."""
    if not isinstance(address, tuple):
        return ""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
