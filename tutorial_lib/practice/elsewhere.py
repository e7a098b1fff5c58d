"""Keep an answer at the server that its check started.

``redis.Redis()`` goes to localhost:6379, and a learner may well have a Redis there. Whether an answer passes must
not depend on that, and nothing of theirs may be touched. Python itself reports each attempt to look up a host, to
connect or to send a datagram (its audit events), so this needs no change to any module, and no network.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_FAMILIES = {socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_UNIX", socket.AF_INET)}


class WentElsewhere(BaseException):
    """An answer tried to reach ``host``, ``port``. Not an Exception: no retry and no ``except Exception`` stops it.

    ``port`` is empty where only a host's name or address was looked up.
    """

    def __init__(self, host: str, port: int | str) -> None:
        super().__init__(f"{host}:{port}" if port else host)
        self.host = host
        self.port = port


class _Watch:
    """Which ports are home, and what was tried elsewhere. Threads from before the check are none of its business."""

    def __init__(self, home: int) -> None:
        self.homes = {str(home)}
        self.attempts: list[WentElsewhere] = []
        self.is_off = False
        self._bystanders = set(threading.enumerate()) - {threading.current_thread()}

    def look_at(self, host: object, port: object) -> None:
        at_home = _is_here(host) and (port is None or str(port) in self.homes)
        if at_home or self.is_off or threading.current_thread() in self._bystanders:
            return
        self.attempts.append(WentElsewhere(_text(host), "" if port is None else _text(port)))
        raise self.attempts[-1]


_watch: _Watch | None = None
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watch is None or not event.startswith("socket."):
        return
    if event == "socket.getaddrinfo":
        _watch.look_at(arguments[0], arguments[1])
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        _watch.look_at(arguments[0], None)
    elif event == "socket.getnameinfo":
        _watch.look_at(arguments[0][0], None)
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        sock, address = arguments
        # sendmsg on a socket that is connected already has no address. Netlink is a question to the system itself.
        if address is not None and sock.family in _FAMILIES:
            # A Unix socket's address is a path, and has no port.
            _watch.look_at(*(address[:2] if isinstance(address, tuple) else (address, "")))


@contextmanager
def only_to(port: int) -> Iterator[list[WentElsewhere]]:
    """Inside, let this thread and those that start from now on connect to this port of this machine only.

    Anything else raises WentElsewhere in that thread, before a packet is sent, and is listed.
    """
    global _installed, _watch
    if not _installed:
        sys.addaudithook(_hook)  # for good: an audit hook cannot be removed, only told to do nothing
        _installed = True
    _watch = mine = _Watch(port)
    try:
        yield mine.attempts
    finally:
        if _watch is mine:  # a thread that ends late must not end the next check's
            _watch = None


@contextmanager
def trusted() -> Iterator[None]:
    """Inside, any code may connect anywhere: for a moment in which the check's code runs, and not the answer's."""
    watch = _watch
    if watch:
        watch.is_off = True
    try:
        yield
    finally:
        if watch:
            watch.is_off = False


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
