"""What a connection tells the Witness: when it opens, what it sends, which replies come, and which do not."""

from __future__ import annotations

import asyncio
import sys
from types import FrameType
from typing import Any

import redis

from tutorial_lib.examination.keepers import BLOCKING, ConnectionState
from tutorial_lib.examination.replaced import add, replace, telling
from tutorial_lib.examination.witness import Witness
from tutorial_lib.pools.frames import leave_no_frame


def watch_connections(module: Any, witness: Witness) -> None:
    """Let the connections of a module, ``redis.connection`` or its asyncio twin, tell what they send and receive."""
    connection = module.AbstractConnection
    add(connection, "_examined", None)
    replace(connection, "send_command", lambda old: _send_command(old, witness))
    replace(connection, "read_response", lambda old: _read_response(old, witness))
    replace(connection, "disconnect", _connection_disconnect)
    replace(connection, "on_connect_check_health", _handshake)
    for kind in (module.Connection, module.UnixDomainSocketConnection):  # An SSLConnection calls Connection's own.
        replace(kind, "_connect", lambda old: _connect(old, witness))


def _connect(old: Any, witness: Witness) -> Any:
    is_async = asyncio.iscoroutinefunction(old)

    def after(frame: FrameType, _: Any, connection: Any) -> None:
        state = connection._examined
        if state is not None:
            state.loop = id(asyncio.get_running_loop()) if is_async else 0
            witness.opened(state, frame)

    return telling(old, after=after)


def _handshake(old: Any) -> Any:
    """Let a connection that is opened for a command remember that command, whatever the handshake sends meanwhile."""

    def before(frame: FrameType, connection: Any, *_: Any, **__: Any) -> None:
        if connection._examined is not None:
            connection._examined.opened_for = connection._examined.command

    def after(frame: FrameType, result: Any, connection: Any, *_: Any, **__: Any) -> None:
        if connection._examined is not None:
            connection._examined.command = connection._examined.opened_for

    return telling(old, before, after)


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
                sent = await old(connection, *args, **kwargs)
            except BaseException as error:
                leave_no_frame(error)
                raise
            if state is not None and state.notes.group.pending:
                state.notes.group.add_up()
            return sent

        return send_in_a_task

    def send(connection: Any, *args: Any, **kwargs: Any) -> Any:
        state = connection._examined
        if state is not None:  # Each step here is taken for every command.
            state.command = args[0]
            state.unanswered += 1
            if state.failed or state.inherited or args[0] in BLOCKING:
                look_closer(state, args, sys._getframe(1))
        try:
            sent = old(connection, *args, **kwargs)
        except BaseException as error:
            leave_no_frame(error)
            raise
        if state is not None and state.notes.group.pending:
            # Now, because the server works on the command meanwhile: so it costs the program next to nothing.
            try:
                state.notes.group.add_up()
            except BaseException:  # An interrupt. Nobody will read the reply.
                connection.disconnect()
                raise
        return sent

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
            reply = old(connection, *args, **kwargs) if args or kwargs else old(connection)
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

    return telling(old, before)
