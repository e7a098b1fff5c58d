"""What an answer left behind: pools, connections, sockets and threads of its own."""

from __future__ import annotations

import gc
import socket
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis
from redis.connection import AbstractConnection

from tutorial_lib.notebook.own_line import from_thread
from tutorial_lib.practice.deadline import end_threads
from tutorial_lib.servers.redis_process import ADMIN


@contextmanager
def among_new_objects() -> Iterator[None]:
    """Inside, only what is made from now on is looked through: nothing older can lead to a server that is new.

    A notebook holds hundreds of thousands of objects, and to walk through them would take most of a verdict's time.
    """
    gc.freeze()  # which also takes them out of gc.get_objects()
    try:
        yield
    finally:
        gc.unfreeze()


def pools_to(ports: Collection[int]) -> list[redis.ConnectionPool]:
    """Find the living pools whose connections go to these ports, wherever they are kept, except the tutorial's own."""
    return [pool for pool in _living(redis.ConnectionPool) if _goes_to(pool, ports)]


def _goes_to(pool: redis.ConnectionPool, ports: Collection[int]) -> bool:
    settings = getattr(pool, "connection_kwargs", {})  # Without any: its constructor raised, or is still running.
    return str(settings.get("port")) in map(str, ports) and settings.get("username") != ADMIN


def close_connections(ports: Collection[int]) -> None:
    """Close every connection of this process to these ports: borrowed, idle, forgotten, or a bare socket."""
    found = _living(AbstractConnection, socket.socket)
    for connection in found:
        # A subclass may have no port, or break while closing; its socket is closed below.
        if isinstance(connection, AbstractConnection) and str(getattr(connection, "port", None)) in map(str, ports):
            with suppress(Exception):
                connection.disconnect()
    for sock in found:
        with suppress(OSError):  # closed meanwhile, or not connected
            if isinstance(sock, socket.socket) and _leads_to(sock, ports):
                sock.close()


def end_own_threads(before: Collection[threading.Thread]) -> None:
    """End threads not in ``before`` that run one of the learner's lines, or that a check started as their callers.

    A caller may be deep inside redis-py, which tries again and again, with no line of the learner's on its way.
    """
    frames = sys._current_frames()
    new = [thread for thread in threading.enumerate() if thread not in before]
    callers = [thread for thread in new if thread.name.startswith("caller")]
    end_threads([*callers, *(t for t in new if t not in callers and from_thread(frames.get(t.ident or 0)))])


def _leads_to(sock: socket.socket, ports: Collection[int]) -> bool:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        return sock.getpeername()[1] in ports
    except OSError:  # Its thread was ended while it connected: it has an address of its own, and nobody to close it.
        is_listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        return sock.type == socket.SOCK_STREAM and not is_listening and sock.getsockname()[1] != 0


def _living(*kinds: type) -> list[Any]:
    things = gc.get_objects()
    # By type(), since isinstance() would ask a proxy object for its __class__ and might start something; and each
    # type once, because there are many objects of few types.
    types = {id(type(thing)): type(thing) for thing in things}
    wanted = {number for number, kind in types.items() if any(base is one for base in kind.__mro__ for one in kinds)}
    return [thing for thing in things if id(type(thing)) in wanted]
