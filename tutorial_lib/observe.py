"""What a pool says about itself."""

from __future__ import annotations

from dataclasses import dataclass

import redis


@dataclass(frozen=True)
class PoolSnapshot:
    """A pool at one moment: connections borrowed, connections waiting in the pool, and the most it may hold."""

    in_use: int
    idle: int
    limit: int


def snapshot(pool: redis.ConnectionPool) -> PoolSnapshot:
    """Count a pool's connections now. Stale as soon as you have it."""
    (idle, _), (in_use, _) = pool.get_connection_count()
    return PoolSnapshot(in_use=in_use, idle=idle, limit=pool.max_connections)
