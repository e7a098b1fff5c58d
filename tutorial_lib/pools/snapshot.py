"""What a pool says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import redis
import redis.asyncio

from tutorial_lib.errors import BadSetting

AnyPool: TypeAlias = "redis.ConnectionPool | redis.asyncio.ConnectionPool"
"""ConnectionPool or BlockingConnectionPool, of redis or of redis.asyncio."""

_POOL_METHODS = ("get_connection", "release", "get_connection_count", "max_connections")


@dataclass(frozen=True)
class PoolSnapshot:
    """A pool at one moment: connections borrowed, connections waiting in the pool, and the most it may hold."""

    in_use: int
    idle: int
    limit: int


def snapshot(pool: AnyPool) -> PoolSnapshot:
    """Count a pool's connections now. Stale as soon as you have it. BadSetting if it is not a pool."""
    check_pool(pool)
    return counts_of(pool)


def counts_of(pool: AnyPool) -> PoolSnapshot:
    """Do what snapshot does, with what is known to be a pool."""
    (idle, _), (in_use, _) = pool.get_connection_count()
    return PoolSnapshot(in_use=in_use, idle=idle, limit=pool.max_connections)


_NO_POOLS = (
    "With asyncio, each node of a cluster keeps its connections itself, without a pool: see them from the server's "
    "side, with clients()."
)


def _of_cluster(client: Any) -> str:
    if isinstance(client, redis.asyncio.RedisCluster):
        return f"no pool. {_NO_POOLS}"
    return "one pool for each node. Give one of them: client.get_nodes()[0].redis_connection.connection_pool."


def check_pool(thing: Any) -> None:
    """Raise BadSetting, saying what to give instead, unless ``thing`` is a connection pool."""
    if isinstance(thing, type):
        raise BadSetting(f"{thing.__name__} is a class. Make a pool of it first: {thing.__name__}(host=…, port=…).")
    if hasattr(thing, "connection_pool"):
        raise BadSetting(
            f"This is a client ({type(thing).__name__}), not a pool. Its pool is called connection_pool: "
            "give client.connection_pool."
        )
    if hasattr(thing, "get_nodes"):
        raise BadSetting(f"A {type(thing).__name__} has {_of_cluster(thing)}")
    if hasattr(thing, "redis_connection"):
        raise BadSetting("A node of a cluster is not a pool. Give node.redis_connection.connection_pool.")
    if isinstance(thing, redis.asyncio.cluster.ClusterNode):
        raise BadSetting(f"A node of a cluster is not a pool. {_NO_POOLS}")
    if not all(hasattr(thing, name) for name in _POOL_METHODS):
        kind = type(thing).__name__
        article = "an" if kind[0] in "AEIOUaeiou" else "a"
        raise BadSetting(
            f"This is not a connection pool but {article} {kind}. Give a redis.ConnectionPool, a "
            "redis.BlockingConnectionPool or one of their twins in redis.asyncio."
        )
