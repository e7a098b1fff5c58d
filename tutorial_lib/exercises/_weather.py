"""Faults on the way to a Redis, for the checks of lessons 10 and 11, and what a learner's client does in them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis
import redis.asyncio.retry
import redis.retry

from tutorial_lib.exercises._calls import beside
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.pools.snapshot import AnyPool
from tutorial_lib.practice.lab import Lab

RETRIES = (redis.retry.Retry, redis.asyncio.retry.Retry)

GREETING = "Good evening"
HELD_BACK = 1.0  # seconds, in which the firewall has to notice that something was sent
FIREWALL_LOOKS_EVERY = 0.001


def store_greeting(lab: Lab) -> None:
    """Put the greeting where the answer will look for it, past any proxy."""
    change_greeting(GREETING, lab)


def change_greeting(text: str, lab: Lab) -> None:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.set("greeting", text)


def take_down(proxy: FaultProxy) -> None:
    """Let Redis be gone: every connection is cut, and new ones are refused."""
    proxy.refuse()
    proxy.reset_connections()


@contextmanager
def outage(proxy: FaultProxy, seconds: float) -> Iterator[None]:
    """Let Redis be gone at the beginning of the block, and back after ``seconds``, or when the block ends."""
    take_down(proxy)
    back = threading.Timer(seconds, proxy.heal)
    back.daemon = True
    back.start()
    try:
        yield
    finally:
        back.cancel()
        back.join()
        proxy.heal()


@contextmanager
def silence(proxy: FaultProxy) -> Iterator[None]:
    """Inside, what is sent is swallowed, and nothing is answered. A connection that still waits at the end is cut."""
    proxy.blackhole()
    try:
        yield
    finally:
        proxy.heal()
        proxy.reset_connections()


@contextmanager
def forgotten(proxy: FaultProxy, meanwhile: Callable[[], object]) -> Iterator[None]:
    """Inside, what is sent on a connection that was open before reaches Redis, and its reply is lost: it is reset.

    ``meanwhile`` is called in between. A new connection works, and ends the trouble, as does the end of the block.
    """
    before = proxy.traffic()
    proxy.downstream.latency = HELD_BACK  # so that no reply is faster than the firewall

    def forget(over: threading.Event) -> None:
        while not over.wait(FIREWALL_LOOKS_EVERY):
            now = proxy.traffic()
            if now.connections > before.connections:
                break
            if now.to_server > before.to_server:
                while proxy.traffic().to_client == before.to_client and not over.wait(FIREWALL_LOOKS_EVERY):
                    pass  # It is done when Redis has answered.
                meanwhile()
                proxy.downstream.latency = 0.0  # before the reset, or a client is back while new connections are slow
                proxy.reset_connections()
                break
        proxy.heal()

    with beside(forget, "firewall"):
        yield


def pools_by(proxy: FaultProxy, lab: Lab) -> list[redis.ConnectionPool]:
    """Return the answer's pools: those that go by the proxy. The check's own go straight to the server."""
    return [pool for pool in lab.pools() if str(pool.connection_kwargs.get("port")) == str(proxy.port)]


def tries_after(error: type[Exception], *pools: AnyPool) -> int:
    """Return how often connections of these pools try a command that ends in this error; -1 if without end.

    Asked are the connections, because a `retry_on_error` without a `retry` means one retry too.
    """
    return max((_tries(pool, error) for pool in pools), key=lambda tries: math.inf if tries < 0 else tries, default=1)


def _tries(pool: AnyPool, error: type[Exception]) -> int:
    retry = getattr(pool.connection_class(**pool.connection_kwargs), "retry", None)
    if not isinstance(retry, RETRIES) or not issubclass(error, getattr(retry, "_supported_errors", Exception)):
        return 1
    return -1 if retry.get_retries() < 0 else 1 + retry.get_retries()
