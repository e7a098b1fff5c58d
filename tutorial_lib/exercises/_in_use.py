"""What is borrowed from a pool, seen from the pool and from the socket."""

from __future__ import annotations

import redis

from tutorial_lib.pools.anatomy import connections_of, in_use_now
from tutorial_lib.pools.copying import copied
from tutorial_lib.pools.snapshot import AnyPool


def open_and_in_use(pool: AnyPool) -> int:
    """Count the connections in use that are connected. Others may be closed and still count as in use."""
    return sum(bool(connection.in_use and connection.is_open) for connection in connections_of(pool) or [])


def reply_timeouts(pool: redis.ConnectionPool) -> list[float | None]:
    """Say of each connection in use how long its socket waits for a reply now; None: for ever."""
    lists = (getattr(pool, name, ()) for name in ("_in_use_connections", "_connections"))
    in_use = in_use_now(pool)
    found = {id(connection): connection for one in lists for connection in copied(one) if id(connection) in in_use}
    sockets = [getattr(connection, "_sock", None) for connection in found.values()]
    return [sock.gettimeout() for sock in sockets if sock is not None]
