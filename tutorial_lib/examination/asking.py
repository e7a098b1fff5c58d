"""``--ask-server``: a server that the program's pools use is asked once how many clients it takes. It only answers.

The program's own process asks, on a connection of its own with the pool's settings: only there are the password and TLS
known, and so they are never written down.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import redis
import redis.asyncio.connection
import redis.connection

from tutorial_lib.examination.evidence import ServerSaid, address_of
from tutorial_lib.examination.hidden import in_error

LONGEST_ANSWER_TIME = 2.0
"""Seconds that an answer may take. The server has just answered the program."""
NEEDED = frozenset({"host", "port", "path", "username", "password", "credential_provider", "protocol"})
ASKED = (("CONFIG", "GET", "maxclients"), ("INFO", "clients"))


def ask_once(pool: Any, folder: Path) -> None:
    """Ask the server of a pool, unless a process of this program has done so, and write what it said."""
    address = address_of(pool.connection_kwargs)
    file = folder / f"{''.join(sign if sign.isalnum() else '_' for sign in address)}.server"
    try:
        file.with_suffix(".asked").touch(exist_ok=False)
    except FileExistsError:
        return
    _write(ServerSaid(address, trouble="the process that asked ended before the answer came"), file)
    try:
        said = _said(address, _replies(pool))
    except Exception as error:
        said = ServerSaid(address, trouble=f"{type(error).__name__}: {in_error(error)}")
    _write(said, file)


def _write(said: ServerSaid, file: Path) -> None:
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(vars(said)), "utf-8")
    os.replace(unfinished, file)  # noqa: PTH105


def _replies(pool: Any) -> list[Any]:
    # Also for asyncio's pools a plain connection: no event loop can be started while Python shuts down.
    kwargs = pool.connection_kwargs
    needed = {name: value for name, value in kwargs.items() if name in NEEDED or name.startswith("ssl_")}
    connection = _plain_class(pool.connection_class)(**needed, socket_timeout=LONGEST_ANSWER_TIME)
    replies: list[Any] = []
    try:
        for command in ASKED:
            connection.send_command(*command)
            try:
                replies.append(connection.read_response())
            except redis.ResponseError as error:  # Many a managed server has no CONFIG.
                replies.append(error)
    finally:
        connection.disconnect()
    return replies


def _plain_class(kind: type) -> Any:
    for name in ("SSLConnection", "UnixDomainSocketConnection"):
        if issubclass(kind, getattr(redis.connection, name) | getattr(redis.asyncio.connection, name)):
            return getattr(redis.connection, name)
    return redis.connection.Connection


def _said(address: str, replies: list[Any]) -> ServerSaid:
    """Read the replies: a list or a dict to CONFIG, by the protocol; lines to INFO, with maxclients since Redis 6.2."""
    config, info = replies
    pairs = config.items() if isinstance(config, dict) else [config] if isinstance(config, list) and config else []
    told = {_text(name): _text(value) for name, value in pairs}
    lines = [] if isinstance(info, Exception) else _text(info).splitlines()
    told |= {name: value for name, colon, value in (line.partition(":") for line in lines) if colon} | told
    if "maxclients" not in told:
        refused = next((reply for reply in replies if isinstance(reply, Exception)), "it does not tell maxclients")
        return ServerSaid(address, trouble=in_error(refused))
    return ServerSaid(address, int(told["maxclients"]), int(told.get("connected_clients", 0)))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
