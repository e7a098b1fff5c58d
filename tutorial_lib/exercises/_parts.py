"""Parts of a shop that share a Redis: do clients come back, from which pools, and what if two are made at once?"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from math import isfinite
from time import sleep
from types import CodeType, FrameType
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import NotAttempted, Wrong, shown

_MORE_THAN_ANY = 10**9  # connections
_BUILDS = [inspect.unwrap(redis.ConnectionPool.__init__).__code__]
_GIVES_BACK = [inspect.unwrap(kind.release).__code__ for kind in (redis.ConnectionPool, redis.BlockingConnectionPool)]


def require_several(value: Any, names: tuple[str, ...], what: str, lab: Lab) -> tuple[Any, ...]:
    """Return the value if it is as many things as there are names; otherwise raise Wrong, or NotAttempted."""
    asked = " and ".join(f"`{name}`" for name in names)
    if value is None:
        raise Wrong(f"`{lab.name}` returned `None`. It has to return {what}, {asked}. What does its `return` say?")
    if not isinstance(value, (tuple, list)) or len(value) != len(names):
        raise Wrong(
            f"`{lab.name}` returned {shown(value)}. It has to return {what}, {asked}, with a comma between them."
        )
    for name, part in zip(names, value, strict=True):
        if part is ...:
            raise NotAttempted(f"`{name}` is still the `...` it came with. Put your code in its place.")
    return tuple(value)


def require_number_of_connections(value: Any, said: str) -> None:
    """Raise Wrong unless it is a number, and one that a server could accept. ``said``: "`limit(3)` returned `4`"."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Wrong(f"{said}. It should be a number.")
    if abs(value) > _MORE_THAN_ANY or not isfinite(value):  # In this order: isfinite() can't take every int.
        raise Wrong(f"{said}, which is more connections than any server accepts.")


def require_callable(
    value: Any, name: str, *arguments: Any, returned_by: str = "", awaited: bool = False
) -> Callable[..., Any]:
    """Return the value if it can be called with such arguments; otherwise raise Wrong.

    ``returned_by`` is the learner's function that returned it, where it is not one of several things. ``awaited`` is
    for an exercise that has an event loop.
    """
    where = f"`{returned_by}` returned" if returned_by else f"`{name}` is"
    if value is None:
        why = "Is the `return` missing?" if returned_by else "Was it called already?"
        raise Wrong(f"{where} `None`. It has to be the function `{name}` itself, without parentheses. {why}")
    # Python's own functions are a module's; `[].clear` is a list's, and can be what an answer means.
    is_pythons_own = inspect.isbuiltin(value) and inspect.ismodule(value.__self__)
    if not callable(value) or isinstance(value, type) or is_pythons_own:
        called = " Was it called already?" if isinstance(value, (int, str, bytes)) else ""
        raise Wrong(f"{where} {shown(value)}. It has to be the function `{name}` itself, without parentheses.{called}")
    if inspect.iscoroutinefunction(value) and not awaited:
        raise Wrong(
            f"`{name}` is an `async def`. This exercise calls it without an event loop, so write a plain `def`."
        )
    call = f"`{name}({', '.join(map(repr, arguments))})`"
    try:
        inspect.signature(value).bind(*arguments)
    except TypeError:
        raise Wrong(f"`{name}` cannot be called as {call}. Which parameters does your function have?") from None
    except ValueError:  # a builtin that does not tell its parameters
        pass
    function: Callable[..., Any] = value
    return function


def require_no_pool_or_class(value: Any, said: str) -> None:
    """Raise Wrong if the value is what is often taken for a client, and NotAttempted if it is a `...`."""
    if value is ...:
        raise NotAttempted(f"{said} the `...` that it came with. Put your code in its place.")
    if isinstance(value, (redis.ConnectionPool, redis.asyncio.ConnectionPool)):
        raise Wrong(f"{said} a pool. It has to be a client that uses one, because the client has `get` and `incr`.")
    if isinstance(value, type):
        raise Wrong(f"{said} the class `{value.__name__}` itself. A class makes clients when it is called.")


def require_client(value: Any, said: str) -> redis.Redis:
    """Return the value if it is a client; otherwise raise Wrong. ``said`` says where it came from: "`text` is"."""
    require_no_pool_or_class(value, said)
    if isinstance(value, redis.asyncio.Redis):
        raise Wrong(
            f"{said} a client from `redis.asyncio`, whose commands only work with `await`. Use the client from `redis` "
            "itself: `redis.Redis`."
        )
    if not isinstance(value, redis.Redis):
        raise Wrong(f"{said} {shown(value)}, a `{type(value).__name__}`. It has to be a client, a `redis.Redis`.")
    return value


@contextmanager
def slow_building(seconds: float) -> Iterator[None]:
    """Inside, a new thread that begins to build a pool waits for a second one that does, for at most ``seconds``.

    So what happens once in a thousand times, two who find nothing built, happens every time.
    """
    two = threading.Barrier(2)

    def wait_for_another() -> None:
        with suppress(threading.BrokenBarrierError):
            two.wait(seconds)

    with _at_each("call", _BUILDS, wait_for_another):
        yield


@contextmanager
def slow_between_commands(seconds: float) -> Iterator[None]:
    """Inside, a new thread that has given a connection back rests for ``seconds``, so that another can borrow it."""
    with _at_each("return", _GIVES_BACK, lambda: sleep(seconds)):
        yield


@contextmanager
def noticed(function: Callable[..., Any]) -> Iterator[list[str]]:
    """Inside, each call of ``function`` by this thread is added to the list. Nothing is changed for it, as below."""
    code, calls = inspect.unwrap(function).__code__, list[str]()

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is code:
            calls.append(code.co_name)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@contextmanager
def _at_each(wanted: str, places: Collection[CodeType], act: Callable[[], None]) -> Iterator[None]:
    """Call ``act`` where a thread begun inside calls, or returns from, these functions. No module is changed for it:
    Python itself reports each call.
    """

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == wanted and frame.f_code in places:
            act()

    before = threading.getprofile()
    threading.setprofile(look)
    try:
        yield
    finally:
        threading.setprofile(before)
