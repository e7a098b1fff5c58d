"""What the tests of all servers of ours share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.waiting import eventually
from tutorial_lib.servers import Server

Start = Callable[[], Server]
PoolOf = Callable[..., redis.ConnectionPool]


def client_of(server: Server, **arguments: Any) -> redis.Redis:
    """A client that tries once and says what went wrong."""
    return redis.Redis(host=server.host, port=server.port, retry=Retry(NoBackoff(), 0), **arguments)


def own_addresses(pool: redis.ConnectionPool) -> set[str]:
    """The pool's own ends of its sockets."""
    ends = [connection._sock.getsockname() for connection in pool._available_connections if connection._sock]
    return {f"{host}:{port}" for host, port in ends}


class Waiting:
    """A thread that waits in BLPOP, and what came of it."""

    def __init__(self, server: Server, key: str) -> None:
        self.outcome: object = None
        self._server, self._key = server, key
        self.thread = threading.Thread(target=self._wait, daemon=True)
        self.thread.start()

    def _wait(self) -> None:
        try:
            with client_of(self._server, client_name="waiter", socket_timeout=None) as r:
                self.outcome = r.blpop([self._key], timeout=0)
        except redis.RedisError as error:
            self.outcome = error


def blocked_in_blpop(server: Server, key: str) -> Waiting:
    """Start one, and return when its BLPOP is at the server."""
    waiting = Waiting(server, key)
    assert eventually(lambda: any(client.name == "waiter" and client.blocked for client in server.clients()))
    return waiting
