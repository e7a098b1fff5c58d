"""What a pool has lent, seen from both ends."""

from __future__ import annotations

import redis

from tutorial_lib.pools.anatomy import connections_of, copied, in_use_now


def open_and_lent(pool: redis.ConnectionPool) -> int:
    """Count the connections that the pool has lent and that are connected. Others are cut, and still lent."""
    return sum(bool(connection.in_use and connection.is_open) for connection in connections_of(pool) or [])


def reply_timeouts(pool: redis.ConnectionPool) -> list[float | None]:
    """Say of each connection that the pool has lent how long its socket waits for a reply now; None: for ever."""
    lists = (getattr(pool, name, ()) for name in ("_in_use_connections", "_connections"))
    lent = in_use_now(pool)
    found = {id(connection): connection for one in lists for connection in copied(one) if id(connection) in lent}
    sockets = [getattr(connection, "_sock", None) for connection in found.values()]
    return [sock.gettimeout() for sock in sockets if sock is not None]
