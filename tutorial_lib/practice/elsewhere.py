"""Keep an answer at the server that its check started.

``redis.Redis()`` goes to localhost:6379, and a learner may well have a Redis there. Whether an answer passes must
not depend on that, and nothing of theirs may be touched. Python itself reports each attempt to look up a host or to
connect (its audit events), so this needs no change to any module, and no network.
"""

from __future__ import annotations

import ipaddress
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class WentElsewhere(BaseException):
    """An answer tried to reach ``host``, ``port``. Not an Exception: no retry and no ``except Exception`` stops it."""

    def __init__(self, host: str, port: int | str) -> None:
        super().__init__(f"{host}:{port}")
        self.host = host
        self.port = port


class _Watch:
    """Which ports are home, and what was tried elsewhere. Threads from before the check are none of its business."""

    def __init__(self, home: int) -> None:
        self.homes = {str(home)}
        self.attempts: list[WentElsewhere] = []
        self._bystanders = set(threading.enumerate())

    def look_at(self, host: object, port: object) -> None:
        at_home = str(port) in self.homes and _is_here(host)
        if at_home or threading.current_thread() in self._bystanders:
            return
        self.attempts.append(WentElsewhere(_text(host), _text(port)))
        raise self.attempts[-1]


_watch: _Watch | None = None
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watch is None:
        return
    if event == "socket.getaddrinfo":
        _watch.look_at(arguments[0], arguments[1])
    elif event == "socket.connect":
        address = arguments[1]
        # A Unix socket's address is a path, and has no port.
        _watch.look_at(*(address[:2] if isinstance(address, tuple) else (address, "")))


@contextmanager
def only_to(port: int) -> Iterator[list[WentElsewhere]]:
    """Let threads that are started inside connect to this port of this machine only.

    Anything else raises WentElsewhere in that thread, before a packet is sent, and is listed.
    """
    global _installed, _watch
    if not _installed:
        sys.addaudithook(_hook)  # for good: an audit hook cannot be removed, only told to do nothing
        _installed = True
    _watch = _Watch(port)
    try:
        yield _watch.attempts
    finally:
        _watch = None


def let_through(port: int) -> None:
    """Let the answer that is being checked connect to this port of this machine too: a way to its server."""
    if _watch:
        _watch.homes.add(str(port))


def _is_here(host: object) -> bool:
    name = _text(host)
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
