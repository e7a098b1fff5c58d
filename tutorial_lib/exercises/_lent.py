"""What a pool has lent, seen from both ends."""

from __future__ import annotations

import redis

from tutorial_lib.anatomy import connections_of


def open_and_lent(pool: redis.ConnectionPool) -> int:
    """Count the connections that the pool has lent and that are connected. Others are cut, and still lent."""
    return sum(bool(connection.in_use and connection.is_open) for connection in connections_of(pool) or [])
