"""What a load is put on: a pool that threads can use, and whether its times mean anything."""

from __future__ import annotations

import inspect
from typing import Any

import redis

from tutorial_lib.errors import BadSetting
from tutorial_lib.pools import snapshot
from tutorial_lib.pools.anatomy import in_use_and_idle
from tutorial_lib.servers.base import Server


def is_real(pool: redis.ConnectionPool, server: Server | None) -> bool | None:
    """Whether times say anything about Redis; None where that is not known."""
    if server:
        return server.is_real
    return False if any(_is_fakeredis(connection) for connection, _ in in_use_and_idle(pool) or ()) else None


def _is_fakeredis(connection: Any) -> bool:
    """Ask what the server said of itself in the handshake: nothing is sent, and no count is changed."""
    said = getattr(connection, "handshake_metadata", None) or {}
    return said.get(b"server", said.get("server")) in (b"fakeredis", "fakeredis")


def check_pool_for_threads(pool: object) -> None:
    """Check that ``pool`` is a pool, and one that threads can use."""
    snapshot.check_pool(pool)
    if inspect.iscoroutinefunction(getattr(pool, "get_connection", None)):
        raise BadSetting(
            "That is an asyncio pool, and the callers here are threads. Give its twin in redis, without asyncio."
        )
