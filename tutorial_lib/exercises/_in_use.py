"""What is borrowed from a pool, seen from the pool and from the socket, and what to say of it afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Any

import redis
from redis.client import Pipeline

from tutorial_lib.exercises._words import so_many
from tutorial_lib.pools.anatomy import connections_of, in_use_now
from tutorial_lib.pools.copying import copied
from tutorial_lib.pools.snapshot import AnyPool, snapshot
from tutorial_lib.practice.verdict import Wrong

_WHOSE = "Which object is yours to close, and which do all callers share?"


def total_in_use(pools: Iterable[AnyPool]) -> int:
    """Count the connections that are in use in all of these pools."""
    return sum(snapshot(pool).in_use for pool in pools)


def require_none_in_use(when: str, idea: str, *pools: redis.ConnectionPool) -> None:
    """Raise Wrong, with this idea, if a connection of these pools is in use. ``when``: "After two calls"."""
    for pool in pools:
        now = snapshot(pool)
        if now.in_use:
            raise Wrong(
                f"{when}, in_use is {now.in_use} although no call is under way, so the pool has "
                f"{now.limit - now.in_use} of its {now.limit} connections left for other callers. {_who_keeps(pool)} "
                f"{idea}"
            )


def _who_keeps(pool: redis.ConnectionPool) -> str:
    """Say what keeps a connection of this pool in use, as far as one can tell."""
    for thing in gc.get_objects():
        if issubclass(type(thing), redis.Redis) and thing.connection is not None and thing.connection_pool is pool:
            if isinstance(thing, Pipeline):
                return "A pipeline that watches a key keeps its connection until it is reset."
            return "A client with `single_connection_client=True` keeps one for itself until it is closed."
    return "A connection that your code borrows itself stays borrowed until your code releases it."


def only_closed(said: str, kept: int) -> Wrong:
    """Say of the connections in use that they are closed, and what that does not change. To be raised."""
    those = "that connection is" if kept == 1 else "those connections are"
    return Wrong(
        f"{said}, although {those} closed: a pool counts a connection as in use until it is released. Which object "
        "borrowed it, and can return it?"
    )


def returned_subscribed(said: str, heard: int) -> Wrong:
    """Say that what was returned still hears. To be raised. ``said`` ends in who returned it: "…the listener"."""
    return Wrong(
        f"{said} has no connection in use, but an offer still reached {so_many(heard, 'connection')}: it went back to "
        "the pool while it was subscribed, so its next borrower is a listener too. What has to happen before the "
        "release?"
    )


def require_others_undisturbed(what: str, borrowed: Any, prices_heard: bool = True) -> None:
    """Raise Wrong if ``what`` ended another caller's connection, or the subscription to `prices` of another one."""
    if not borrowed.is_connected:
        raise Wrong(f"{what}, and a connection that another caller had borrowed was closed. {_WHOSE}")
    if not prices_heard:
        raise Wrong(
            f"{what}, and that ended the subscription of another listener too: a message to `prices` reached 0 "
            f"connections. {_WHOSE}"
        )


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
