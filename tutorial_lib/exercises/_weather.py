"""Bad weather on the way to a Redis, for the checks of lesson 08, and a learner's client in it."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.retry import Retry

from tutorial_lib.exercises._calls import Call
from tutorial_lib.exercises._words import named
from tutorial_lib.faults import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

GREETING = "Good evening"


def store_greeting(lab: Lab) -> None:
    """Put the greeting where the answer will look for it, by the straight way."""
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.set("greeting", GREETING)


def take_down(proxy: FaultProxy) -> None:
    """Let Redis be gone: every line is cut, and nobody listens any more."""
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
    """Inside, what is sent is swallowed, and nothing is answered. Whoever still waits at the end is cut off."""
    proxy.blackhole()
    try:
        yield
    finally:
        proxy.heal()
        proxy.reset_connections()


def require_client(value: Any, lab: Lab) -> redis.Redis:
    """Return the value if it is a client; otherwise raise Wrong, with a sentence about what it is."""
    if isinstance(value, redis.Redis):
        return value
    if value is None:
        raise Wrong(f"`{lab.name}` returned `None`. A client was perhaps made, and then lost: what does `return` say?")
    if isinstance(value, redis.ConnectionPool):
        raise Wrong(
            f"`{lab.name}` returned a pool. Asked for is the client that uses it: `redis.Redis(connection_pool=…)`."
        )
    if isinstance(value, type) and issubclass(value, redis.Redis):
        raise Wrong(f"`{lab.name}` returned the class `{value.__name__}`. A client is made by calling it.")
    raise Wrong(f"`{lab.name}` returned {shown(value)}, a `{type(value).__name__}`. Asked for is a client.")


def require_function(value: Any, lab: Lab, name: str, *parameters: str) -> Callable[..., Any]:
    """Return the value if it can be called with these; otherwise raise Wrong, which says what was expected."""
    if callable(value) and not isinstance(value, type):
        return _taking(parameters, value, lab, name)
    if value is None:
        raise Wrong(f"`{lab.name}` returned `None`. The function that it makes is perhaps lost: does it `return` it?")
    called = " Was it called, with parentheses, on the way out?" if isinstance(value, (int, str, bytes)) else ""
    raise Wrong(f"`{lab.name}` returned {shown(value)}. Asked for is the function `{name}` itself.{called}")


def _taking(parameters: Sequence[str], function: Callable[..., Any], lab: Lab, name: str) -> Callable[..., Any]:
    call = f"`{name}({', '.join(parameters)})`"
    try:
        inspect.signature(function).bind(*parameters)
    except TypeError:
        raise Wrong(f"What `{lab.name}` returned cannot be called as {call}.") from None
    except ValueError:  # a builtin that does not tell its parameters
        pass
    return function


def became(call: Call) -> str:
    """Say what came of a call, in words that follow a name: "raised …", "returned …", "had said nothing"."""
    if not call.returned:
        return "had said nothing"
    return f"raised {named(call.error)}" if call.error else f"returned {shown(call.result)}"


def pools_by(proxy: FaultProxy, lab: Lab) -> list[redis.ConnectionPool]:
    """Return the answer's pools: those that go by the proxy. The check's own go straight to the server."""
    return [pool for pool in lab.pools() if str(pool.connection_kwargs.get("port")) == str(proxy.port)]


def tries_of(*pools: redis.ConnectionPool) -> int:
    """Return how often these pools try a command, at the most; -1 if without end."""
    retries = [pool.connection_kwargs.get("retry") for pool in pools]
    counts = [retry.get_retries() for retry in retries if isinstance(retry, Retry)]
    return -1 if min(counts, default=0) < 0 else 1 + max(counts, default=0)
