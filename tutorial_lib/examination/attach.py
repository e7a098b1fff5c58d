"""How redis-py is watched: a few of its functions also tell the Witness, for every pool that the process makes.

The functions do what they did, return what they returned and raise what they raised. ``attach`` is called once redis-py
has been imported, in a program that runs under ``examine``; ``detach`` puts everything back.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from functools import partial
from types import FrameType
from typing import Any
from urllib.parse import parse_qs, urlparse

import redis
import redis.asyncio
import redis.asyncio.client
import redis.asyncio.connection
import redis.client
import redis.connection

from tutorial_lib.examination.connections import watch_connections
from tutorial_lib.examination.replaced import is_anything_replaced, put_back, replace, telling
from tutorial_lib.examination.witness import MAY_BE_TOLD, Witness

OF_A_CONNECTION = (
    "host",
    "port",
    "db",
    "decode_responses",
    "socket_timeout",
    "username",
    "password",
    "max_connections",
)
"""Arguments of a client that mean nothing when it is given a pool."""

BLOCKING_POOLS_LIMIT = 50
"""The default of redis-py 6.4 to 8.1."""


def attach(witness: Witness) -> None:
    """Let redis-py tell ``witness`` about every pool that is made from now on; all of it or, on an error, nothing."""
    detach()
    try:
        _attach(witness)
    except BaseException:
        detach()
        raise


def _attach(witness: Witness) -> None:
    for module in (redis.connection, redis.asyncio.connection):
        _of_pools(module, witness)
        watch_connections(module, witness)
    for module in (redis.client, redis.asyncio.client):
        replace(module.Redis, "__init__", lambda old: _client_init(old, witness))
        for kind, name in (("pubsub", "PubSub"), ("watch", "Pipeline"), ("monitor", "Monitor")):
            replace(getattr(module, name), "__init__", partial(_keeper_init, witness, kind))

    replace(redis.asyncio.client.Redis, "__del__", lambda old: _client_dropped(old, witness))
    for asks, name in ((redis.asyncio.client.Redis, "execute_command"), (redis.asyncio.client.Pipeline, "execute")):
        replace(asks, name, lambda old: _coroutine_made(old, witness))


def detach() -> None:
    """Put back every function of redis-py that ``attach`` has replaced. Pools keep their taps."""
    put_back()


def is_attached() -> bool:
    """Say whether redis-py is watched already."""
    return is_anything_replaced()


def _coroutine_made(old: Any, witness: Witness) -> Any:
    """Stand in for an ``async`` function that the user calls, and that may become a task of its own."""

    def make(*args: Any, **kwargs: Any) -> Any:
        coroutine = old(*args, **kwargs)
        witness.origins.note(coroutine, sys._getframe(1))
        return coroutine

    if sys.version_info >= (3, 12):  # The program may ask what it is.
        return inspect.markcoroutinefunction(make)
    make._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]
    return make


def _of_pools(module: Any, witness: Witness) -> None:
    replace(module.ConnectionPool, "__init__", lambda old: _pool_init(old, witness))
    replace(module.ConnectionPool, "from_url", lambda old: _from_url(old, witness))
    for pool in (module.ConnectionPool, module.BlockingConnectionPool):
        replace(pool, "make_connection", lambda old: _make_connection(old, witness))
        replace(pool, "disconnect", lambda old: _disconnect(old, witness))


def _pool_init(old: Any, witness: Witness) -> Any:
    def after(frame: FrameType, _: None, pool: Any, *args: Any, **kwargs: Any) -> None:
        limit = args[1] if len(args) > 1 else kwargs.get("max_connections")
        is_blocking = isinstance(pool, redis.BlockingConnectionPool | redis.asyncio.BlockingConnectionPool)
        # A blocking pool hands its own default on as if the program had set it.
        limit_chosen = limit is not None and not (is_blocking and limit == BLOCKING_POOLS_LIMIT)
        witness.pool_made(pool, frame, _made_by_a_client(frame), limit_chosen)

    return telling(old, after=after)


def _from_url(old: Any, witness: Witness) -> Any:
    def before(frame: FrameType, cls: Any, url: str = "", *_: Any, **kwargs: Any) -> None:
        said = parse_qs(urlparse(url).query)
        for name in said.keys() & kwargs.keys():
            if str(kwargs[name]) != said[name][0]:
                both = f"{name}={said[name][0]} in the URL, {name}={kwargs[name]!r}" if name in MAY_BE_TOLD else name
                witness.note("url-beats-keyword", frame, both)
        if said.get("decode_responses", [""])[0].lower() in ("false", "no", "off", "0"):
            witness.note("url-decode-false", frame, f"decode_responses={said['decode_responses'][0]}")

    return telling(old, before)


def _client_init(old: Any, witness: Witness) -> Any:
    def before(frame: FrameType, client: Any, *_: Any, **kwargs: Any) -> None:
        pool = kwargs.get("connection_pool")
        if pool is not None:
            own = {name: kwargs[name] for name in OF_A_CONNECTION if kwargs.get(name) is not None}
            ignored = [name for name, value in own.items() if value != _setting(pool, name)]
            if ignored:
                witness.note("ignored-argument", frame, ", ".join(sorted(ignored)), pool)

    return telling(old, before)


def _client_dropped(old: Any, witness: Witness) -> Any:
    def dropped(client: Any) -> None:
        if getattr(client, "auto_close_connection_pool", False) and not sys.is_finalizing():
            witness.client_dropped(client.connection_pool)
        old(client)

    return dropped


def _setting(pool: Any, name: str) -> Any:
    return pool.max_connections if name == "max_connections" else pool.connection_kwargs.get(name)


def _keeper_init(witness: Witness, kind: str, old: Any) -> Any:
    def after(frame: FrameType, _: None, keeper: Any, *__: Any, **___: Any) -> None:
        witness.keepers.made(kind, keeper)
        if kind == "pubsub":
            witness.is_for_waiting(keeper.connection_pool)

    return telling(old, after=after)


def _make_connection(old: Any, witness: Witness) -> Any:
    def after(frame: FrameType, connection: Any, pool: Any, *_: Any, **__: Any) -> None:
        witness.connection_made(pool, connection)

    return telling(old, after=after)


def _disconnect(old: Any, witness: Witness) -> Any:
    def before(frame: FrameType, pool: Any, inuse_connections: bool = True, *_: Any) -> None:
        witness.closed(pool, inuse_connections, frame)

    return telling(old, before)


def _made_by_a_client(frame: Any) -> bool:
    """Say whether the frame that makes a pool is that of a client's ``__init__``, or of its ``from_url``."""
    clients, step = (redis.Redis, redis.asyncio.Redis), frame
    while step is not None and step.f_globals.get("__name__", "").startswith(("redis.", "tutorial_lib.examination")):
        client, kind = step.f_locals.get("self"), step.f_locals.get("cls")
        if isinstance(client, clients) or (isinstance(kind, type) and issubclass(kind, clients)):
            return True
        step = step.f_back
    return False
