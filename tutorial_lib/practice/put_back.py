"""Names that an answer replaced are put back, so that the next check meets the real redis-py."""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
import redis.asyncio
import redis.client
import redis.connection
import redis.exceptions
import redis.retry

_MODULES = (
    redis,
    redis.client,
    redis.connection,
    redis.exceptions,
    redis.retry,
    redis.asyncio,
    queue,
    socket,
    threading,
    time,
)
_CLASSES = (
    redis.Redis,
    redis.ConnectionPool,
    redis.BlockingConnectionPool,
    redis.Connection,
    redis.connection.AbstractConnection,
    redis.client.Pipeline,
    redis.client.PubSub,
    redis.retry.Retry,
    redis.retry.AbstractRetry,
    queue.Queue,
    queue.LifoQueue,
    socket.socket,
    threading.Thread,
)


@contextmanager
def put_back() -> Iterator[list[str]]:
    """Undo what is done inside to redis-py's names, and list them, such as ``redis.ConnectionPool``.

    Names are put back in ``time``, ``queue``, ``socket`` and ``threading`` too, and so is the environment; the list is
    complete on leaving.
    """
    before = {owner: dict(vars(owner)) for owner in (*_MODULES, *_CLASSES)}
    patience = socket.getdefaulttimeout()
    output = sys.stdout, sys.stderr
    environ = dict(os.environ)
    replaced: list[str] = []
    try:
        yield replaced
    finally:
        sys.stdout, sys.stderr = output
        os.environ.clear()
        os.environ.update(environ)
        socket.setdefaulttimeout(patience)
        for owner, names in before.items():
            replaced += [f"{owner.__name__}.{name}" for name in _restore(owner, names)]


def _restore(owner: Any, names: dict[str, Any]) -> list[str]:
    now = dict(vars(owner))
    replaced = [name for name, value in names.items() if now.get(name, ...) is not value]
    for name in replaced:
        setattr(owner, name, names[name])
    for name in now.keys() - names.keys():
        if isinstance(owner, type):  # a module may have imported something of its own meanwhile
            delattr(owner, name)
    return replaced
