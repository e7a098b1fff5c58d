"""Calling a learner's function that may wait, without waiting for it for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import redis

from tutorial_lib.exercises._pools import borrow
from tutorial_lib.exercises._words import named, outcome
from tutorial_lib.practice.verdict import Wrong


@dataclass(frozen=True)
class Call:
    """What became of a call: its result or its error, how long it took, and whether it has ended at all."""

    result: Any
    error: Exception | None
    seconds: float
    returned: bool


def call_within(seconds: float, function: Callable[[], Any], catching: type[Exception] = redis.RedisError) -> Call:
    """Call ``function`` in a thread, and wait for at most ``seconds``. An error of another kind is raised here.

    A call that has not ended goes on: free what it waits for.
    """
    found: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            found.append(function())
        except BaseException as error:
            errors.append(error)

    begun = monotonic()
    caller = threading.Thread(target=run, name="caller", daemon=True)
    caller.start()
    caller.join(seconds)
    took = monotonic() - begun
    error = errors[0] if errors else None
    if error is not None and not isinstance(error, catching):
        raise error
    return Call(found[0] if found else None, error, took, returned=bool(found or errors))


def best_of(times: int, attempt: Callable[[], Call], is_fine: Callable[[Call], bool]) -> Call:
    """Return the first call that is fine, or else the last one: one late call may be a busy machine's fault."""
    call = attempt()
    for _ in range(times - 1):
        if is_fine(call) or not call.returned:
            break
        call = attempt()
    return call


def became(call: Call) -> str:
    """Say what became of a call, in words that follow a name: "raised …", "returned …", "had not returned"."""
    if not call.returned:
        return "had not returned"
    return outcome(call.error or call.result)


def require_no_script(result: Any, idea: str) -> None:
    """Raise Wrong, with this idea, if the result is the refusal of a Lua script, such as a lock of redis-py sends."""
    if isinstance(result, redis.exceptions.NoPermissionError):
        raise Wrong(
            f"Redis replied {named(result)}. This server doesn't run Lua scripts, and `Lock.release` sends one. {idea}"
        )


@contextmanager
def beside(work: Callable[[threading.Event], object], name: str) -> Iterator[None]:
    """Run ``work`` in a thread of its own during the block. It gets an event, which is set when the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def borrowed_from(pool: redis.ConnectionPool, number: int) -> Iterator[list[redis.Connection]]:
    """Borrow ``number`` connections for the length of the block. One that is taken off the list is not returned."""
    borrowed: list[redis.Connection] = []
    try:
        for _ in range(number):
            borrowed.append(borrow(pool))
        yield borrowed
    finally:
        for connection in borrowed:
            pool.release(connection)


@contextmanager
def one_returned_after(seconds: float, pool: redis.ConnectionPool, borrowed: list[redis.Connection]) -> Iterator[None]:
    """Return one of the borrowed connections, ``seconds`` after the beginning of the block."""
    connection = borrowed.pop()
    timer = threading.Timer(seconds, pool.release, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.join()
