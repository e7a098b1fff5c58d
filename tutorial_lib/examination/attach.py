"""How redis-py is watched: a few of its functions also tell the Witness, for every pool that the process makes.

The functions do what they did, return what they returned and raise what they raised. ``attach`` is called once redis-py
has been imported, in a program that runs under ``examine``; ``detach`` puts everything back.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from functools import partial, wraps
from types import FrameType
from typing import Any
from urllib.parse import parse_qs, urlparse

import redis
import redis.asyncio
import redis.asyncio.client
import redis.asyncio.connection
import redis.client
import redis.connection

from tutorial_lib.examination.keepers import BLOCKING, ConnectionState
from tutorial_lib.examination.witness import MAY_BE_TOLD, Witness
from tutorial_lib.pools.frames import leave_no_frame

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

_undo: list[tuple[Any, str, Any]] = []


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
        _of_connections(module, witness)
    for module in (redis.client, redis.asyncio.client):
        _wrap(module.Redis, "__init__", lambda old: _client_init(old, witness))
        for kind, name in (("pubsub", "PubSub"), ("watch", "Pipeline"), ("monitor", "Monitor")):
            _wrap(getattr(module, name), "__init__", partial(_keeper_init, witness, kind))

    _wrap(redis.asyncio.client.Redis, "__del__", lambda old: _client_dropped(old, witness))
    for asks, name in ((redis.asyncio.client.Redis, "execute_command"), (redis.asyncio.client.Pipeline, "execute")):
        _wrap(asks, name, lambda old: _coroutine_made(old, witness))


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
    _wrap(module.ConnectionPool, "__init__", lambda old: _pool_init(old, witness))
    _wrap(module.ConnectionPool, "from_url", lambda old: _from_url(old, witness))
    for pool in (module.ConnectionPool, module.BlockingConnectionPool):
        _wrap(pool, "make_connection", lambda old: _make_connection(old, witness))
        _wrap(pool, "disconnect", lambda old: _disconnect(old, witness))


def _of_connections(module: Any, witness: Witness) -> None:
    connection = module.AbstractConnection
    _undo.append((connection, "_examined", _ABSENT))
    connection._examined = None
    _wrap(connection, "send_command", lambda old: _send_command(old, witness))
    _wrap(connection, "read_response", lambda old: _read_response(old, witness))
    _wrap(connection, "disconnect", _connection_disconnect)
    _wrap(connection, "on_connect_check_health", _handshake)
    for kind in (module.Connection, module.UnixDomainSocketConnection):  # An SSLConnection calls Connection's own.
        _wrap(kind, "_connect", lambda old: _connect(old, witness))


_ABSENT = object()


def detach() -> None:
    """Put back every function of redis-py that ``attach`` has wrapped. Pools keep their taps."""
    while _undo:
        owner, name, before = _undo.pop()
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def is_attached() -> bool:
    """Say whether redis-py is watched already."""
    return bool(_undo)


def _wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace a function of a class, or a class method. What is inherited is wrapped where it is."""
    before = vars(owner).get(name)
    if before is None:
        return
    _undo.append((owner, name, before))
    if isinstance(before, classmethod):
        function = before.__func__
        setattr(owner, name, classmethod(wraps(function)(make(function))))
    else:
        setattr(owner, name, wraps(before)(make(before)))


def _pool_init(old: Any, witness: Witness) -> Any:
    def after(frame: FrameType, _: None, pool: Any, *args: Any, **kwargs: Any) -> None:
        limit = args[1] if len(args) > 1 else kwargs.get("max_connections")
        is_blocking = isinstance(pool, redis.BlockingConnectionPool | redis.asyncio.BlockingConnectionPool)
        # A blocking pool hands its own default on as if the program had set it.
        limit_chosen = limit is not None and not (is_blocking and limit == BLOCKING_POOLS_LIMIT)
        witness.pool_made(pool, frame, _made_by_a_client(frame), limit_chosen)

    return _telling(old, after=after)


def _from_url(old: Any, witness: Witness) -> Any:
    def before(frame: FrameType, cls: Any, url: str = "", *_: Any, **kwargs: Any) -> None:
        said = parse_qs(urlparse(url).query)
        for name in said.keys() & kwargs.keys():
            if str(kwargs[name]) != said[name][0]:
                both = f"{name}={said[name][0]} in the URL, {name}={kwargs[name]!r}" if name in MAY_BE_TOLD else name
                witness.note("url-beats-keyword", frame, both)
        if said.get("decode_responses", [""])[0].lower() in ("false", "no", "off", "0"):
            witness.note("url-decode-false", frame, f"decode_responses={said['decode_responses'][0]}")

    return _telling(old, before)


def _client_init(old: Any, witness: Witness) -> Any:
    def before(frame: FrameType, client: Any, *_: Any, **kwargs: Any) -> None:
        pool = kwargs.get("connection_pool")
        if pool is not None:
            own = {name: kwargs[name] for name in OF_A_CONNECTION if kwargs.get(name) is not None}
            ignored = [name for name, value in own.items() if value != _setting(pool, name)]
            if ignored:
                witness.note("ignored-argument", frame, ", ".join(sorted(ignored)), pool)

    return _telling(old, before)


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

    return _telling(old, after=after)


def _make_connection(old: Any, witness: Witness) -> Any:
    def after(frame: FrameType, connection: Any, pool: Any, *_: Any, **__: Any) -> None:
        witness.connection_made(pool, connection)

    return _telling(old, after=after)


def _connect(old: Any, witness: Witness) -> Any:
    is_async = asyncio.iscoroutinefunction(old)

    def after(frame: FrameType, _: Any, connection: Any) -> None:
        state = connection._examined
        if state is not None:
            state.loop = id(asyncio.get_running_loop()) if is_async else 0
            witness.opened(state, frame)

    return _telling(old, after=after)


def _handshake(old: Any) -> Any:
    """Let a connection that is opened for a command remember that command, whatever the handshake sends meanwhile."""

    def before(frame: FrameType, connection: Any, *_: Any, **__: Any) -> None:
        if connection._examined is not None:
            connection._examined.opened_for = connection._examined.command

    def after(frame: FrameType, result: Any, connection: Any, *_: Any, **__: Any) -> None:
        if connection._examined is not None:
            connection._examined.command = connection._examined.opened_for

    return _telling(old, before, after)


def _send_command(old: Any, witness: Witness) -> Any:
    def look_closer(state: ConnectionState, args: tuple[Any, ...], frame: Any) -> None:
        if state.failed == args[0]:
            witness.sent_again(state, args[0], frame)
        state.failed = ""
        if state.inherited:
            state.notes.note("used-after-fork", frame, command=args[0])
        if args[0] in BLOCKING:
            state.may_block_for = _may_block_for(args)
            state.notes.group.evidence.waits = True

    if asyncio.iscoroutinefunction(old):

        async def send_in_a_task(connection: Any, *args: Any, **kwargs: Any) -> Any:
            state = connection._examined
            if state is not None:
                state.command = args[0]
                state.unanswered += 1
                if state.failed or state.inherited or args[0] in BLOCKING:
                    look_closer(state, args, sys._getframe(1))
                if state.loop and state.loop != id(asyncio.get_running_loop()):
                    state.notes.note("two-loops", sys._getframe(1), command=args[0])
            try:
                return await old(connection, *args, **kwargs)
            except BaseException as error:
                leave_no_frame(error)
                raise

        return send_in_a_task

    def send(connection: Any, *args: Any, **kwargs: Any) -> Any:
        state = connection._examined
        if state is not None:  # Each step here is taken for every command.
            state.command = args[0]
            state.unanswered += 1
            if state.failed or state.inherited or args[0] in BLOCKING:
                look_closer(state, args, sys._getframe(1))
        try:
            return old(connection, *args, **kwargs)
        except BaseException as error:
            leave_no_frame(error)
            raise

    return send


def _may_block_for(args: tuple[Any, ...]) -> float | None:
    """Return how many seconds a blocking command may take; None if it does not block after all."""
    command = args[0]
    try:
        if command in ("XREAD", "XREADGROUP"):
            words = [str(word).upper() for word in args]
            return float(args[words.index("BLOCK") + 1]) / 1000 if "BLOCK" in words else None
        if command in ("BLMPOP", "BZMPOP"):
            return float(args[1])
        return float(args[-1]) / (1000 if command.startswith("WAIT") else 1)
    except (TypeError, ValueError, IndexError):  # The server will say what is wrong with it.
        return None


def _read_response(old: Any, witness: Witness) -> Any:
    def failed(connection: Any, error: BaseException) -> None:
        state = connection._examined
        if state is None:
            return
        if isinstance(error, redis.ResponseError):  # That is a reply, too.
            state.unanswered = max(0, state.unanswered - 1)
            return
        state.failed = state.command
        witness.reply_failed(state, error, sys._getframe(2))

    if asyncio.iscoroutinefunction(old):

        async def read_in_a_task(connection: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                reply = await old(connection, *args, **kwargs)
            except BaseException as error:
                failed(connection, error)
                leave_no_frame(error)
                raise
            state = connection._examined
            if state is not None and state.unanswered:
                state.unanswered -= 1
            return reply

        return read_in_a_task

    def read(connection: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            reply = old(connection, *args, **kwargs)
        except BaseException as error:
            failed(connection, error)
            leave_no_frame(error)
            raise
        state = connection._examined
        if state is not None and state.unanswered:
            state.unanswered -= 1
        return reply

    return read


def _connection_disconnect(old: Any) -> Any:
    def before(frame: FrameType, connection: Any, *_: Any, **__: Any) -> None:
        if connection._examined is not None:
            connection._examined.unanswered = 0  # No reply comes any more.

    return _telling(old, before)


def _disconnect(old: Any, witness: Witness) -> Any:
    def before(frame: FrameType, pool: Any, inuse_connections: bool = True, *_: Any) -> None:
        witness.closed(pool, inuse_connections, frame)

    return _telling(old, before)


def _nothing(*_: Any, **__: Any) -> None:
    pass


def _telling(old: Any, before: Callable[..., None] = _nothing, after: Callable[..., None] = _nothing) -> Any:
    """Return a function, or an async one, that does as ``old``, and calls ``before`` and ``after``.

    Both get the frame of the caller and the arguments; ``after`` gets the result in between.
    """
    if asyncio.iscoroutinefunction(old):

        async def told_in_a_task(*args: Any, **kwargs: Any) -> Any:
            before(sys._getframe(1), *args, **kwargs)
            try:
                result = await old(*args, **kwargs)
            except BaseException as error:
                leave_no_frame(error)
                raise
            after(sys._getframe(1), result, *args, **kwargs)
            return result

        return told_in_a_task

    def told(*args: Any, **kwargs: Any) -> Any:
        before(sys._getframe(1), *args, **kwargs)
        try:
            result = old(*args, **kwargs)
        except BaseException as error:
            leave_no_frame(error)
            raise
        after(sys._getframe(1), result, *args, **kwargs)
        return result

    return told


def _made_by_a_client(frame: Any) -> bool:
    """Say whether the frame that makes a pool is that of a client's ``__init__``, or of its ``from_url``."""
    clients, step = (redis.Redis, redis.asyncio.Redis), frame
    while step is not None and step.f_globals.get("__name__", "").startswith(("redis.", "tutorial_lib.examination")):
        client, kind = step.f_locals.get("self"), step.f_locals.get("cls")
        if isinstance(client, clients) or (isinstance(kind, type) and issubclass(kind, clients)):
            return True
        step = step.f_back
    return False
