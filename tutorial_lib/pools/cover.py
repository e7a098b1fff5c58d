"""How a pool is listened to: its ``get_connection`` and ``release`` are covered, and uncovered in the end.

The covers of *one* pool object call its own methods and tell its tap. Neither redis-py nor other pools are touched,
and when the last listener has gone the pool is exactly as it was.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
import threading
import traceback
import weakref
from collections.abc import Awaitable, Callable
from threading import current_thread
from time import perf_counter
from types import FrameType, MethodType
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.errors import BadSetting
from tutorial_lib.notebook.lines import UNKNOWN, Site, site_of, task_site
from tutorial_lib.pools.anatomy import copied, in_use_now, waiting_now
from tutorial_lib.pools.lease import Borrow
from tutorial_lib.pools.tap import Listener, Tap, can_wait


def listen(pool: Any, listener: Listener, clock: Callable[[], float] = perf_counter) -> Tap:
    """Begin to tell ``listener`` what happens at ``pool``. All who listen at a pool share one tap, and its clock."""
    with Tap.lock:
        tap = tap_of(pool) or _cover(pool, clock)
        tap.listeners = (*tap.listeners, listener)
        return tap


def leave(tap: Tap, listener: Listener) -> None:
    """Stop telling ``listener``. After the last one the pool is as it was."""
    with Tap.lock:
        tap.listeners = tuple(other for other in tap.listeners if other is not listener)
        pool = tap.pool()
        if pool is not None and not tap.listeners:
            _uncover(tap, pool)


def tap_of(pool: Any) -> Tap | None:
    """Return the tap that a pool has, or None."""
    tap = getattr(getattr(pool, "__dict__", {}).get("get_connection"), "tap", None)
    return tap if isinstance(tap, Tap) else None


def _cover(pool: Any, clock: Callable[[], float]) -> Tap:
    try:
        tap = Tap(pool, clock)
        functions = {"get_connection": _get_connection(tap, pool), "release": _release(tap, pool)}
        for name, function in functions.items():
            # The functions refer to the pool, and the pool to them. The tap refers to neither, so that a pool can be
            # garbage-collected while it is listened to.
            function.tap, function.before = tap, vars(pool).get(name)
            tap.covers[name] = weakref.ref(function)
        vars(pool).update(functions)  # Both at once, so that an interrupt finds both or none.
        # Only now, so that no return in between is missed.
        tap.earlier = in_use_now(pool) - set(copied(tap.held))
        tap.waited_before = max(0, waiting_now(pool) - len(tap.waiting()))
    except (AttributeError, TypeError):
        raise BadSetting(
            f"A {type(pool).__name__} cannot be listened to: it has no attributes of its own. "
            "Use redis.ConnectionPool, redis.BlockingConnectionPool or one of their asyncio twins."
        ) from None
    return tap


def _uncover(tap: Tap, pool: Any) -> None:
    """Leave the pool as it was, except for what other code has put there since."""
    for name, cover in tap.covers.items():
        ours = cover()
        if ours is None or vars(pool).get(name) is not ours:
            continue
        if ours.before is None:
            del vars(pool)[name]
        else:
            vars(pool)[name] = ours.before


_HERE = listen.__code__.co_filename


class _Here(threading.local):
    """The current thread's name, found once: asking the thread takes four times as long."""

    def __init__(self) -> None:
        self.name = current_thread().name


def _nothing_left(pool: Any) -> Callable[[], bool]:
    """Return a function that says whether a caller who comes now must wait, for a pool in which callers can."""
    if isinstance(pool, redis.BlockingConnectionPool):
        return lambda: not pool.pool.queue
    return lambda: not pool.can_get_connection()


def _undecorated(pool: Any) -> Callable[..., Any]:
    """Return redis-py's get_connection without its check for deprecated arguments, which does nothing without any.

    That check takes about as long as our own notes, so a pool that is listened to is as fast as one that is not.
    """
    if "get_connection" in vars(pool):
        own = vars(pool)["get_connection"]
        return lambda pool, *args, **kwargs: own(*args, **kwargs)
    original: Callable[..., Any] = type(pool).get_connection
    is_redis_pys_own = original.__module__.startswith("redis.")
    return getattr(original, "__wrapped__", original) if is_redis_pys_own else original


def _get_connection(tap: Tap, pool: Any) -> Any:
    get, get_now, nothing_left = pool.get_connection, MethodType(_undecorated(pool), pool), _nothing_left(pool)
    clock, here, waits = tap.clock, _Here(), can_wait(pool)

    def wait(borrow: Borrow) -> None:
        borrow.queued = True
        tap.asking.add(borrow)

    def in_a_thread(*args: Any, **kwargs: Any) -> Any:
        code, instruction = site_of(sys._getframe(1)) if tap.lines else UNKNOWN
        borrow = Borrow(here.name, code, instruction, clock())  # *site would take a fifth longer, for every command.
        if waits and nothing_left():
            wait(borrow)
        try:
            connection = get(*args, **kwargs) if args or kwargs else get_now()
        except BaseException as error:
            tap.turn_away(borrow, error)
            raise
        tap.hand_over(borrow, connection)
        return connection

    async def in_a_task(*args: Any, **kwargs: Any) -> Any:
        site = _site_in_a_task(sys._getframe(1)) if tap.lines else UNKNOWN
        borrow = Borrow(_current_name(), *site, clock())
        if waits and nothing_left():
            wait(borrow)
        try:
            connection = await (get(*args, **kwargs) if args or kwargs else get_now())
        except BaseException as error:
            tap.turn_away(borrow, error)
            raise
        tap.hand_over(borrow, connection)
        return connection

    def by_a_plain_function(*args: Any, **kwargs: Any) -> Any:
        """Stand in for what a subclass of an asyncio pool has without ``async``."""
        site = _site_in_a_task(sys._getframe(1)) if tap.lines else UNKNOWN
        borrow = Borrow(_current_name(), *site, clock())
        if waits and nothing_left():
            wait(borrow)
        try:
            found = get(*args, **kwargs)
        except BaseException as error:
            tap.turn_away(borrow, error)
            raise
        if inspect.isawaitable(found):
            return when_there(borrow, found)
        tap.hand_over(borrow, found)
        return found

    async def when_there(borrow: Borrow, coming: Awaitable[Any]) -> Any:
        try:
            connection = await coming
        except BaseException as error:
            tap.turn_away(borrow, error)
            raise
        tap.hand_over(borrow, connection)
        return connection

    if inspect.iscoroutinefunction(get):
        return functools.wraps(get)(in_a_task)
    is_for_tasks = isinstance(pool, redis.asyncio.ConnectionPool)
    return functools.wraps(get)(by_a_plain_function if is_for_tasks else in_a_thread)


def _release(tap: Tap, pool: Any) -> Any:
    give_back, held, socket_of = pool.release, tap.held, tap.socket_of

    def unknown_return(who: str, connection: Any) -> None:
        caller = sys._getframe(2)
        # A pool takes back a connection that it could not open, before the caller hears of it: that is no return.
        if not any(frame.f_code.co_filename == _HERE for frame, _ in traceback.walk_stack(caller)):
            tap.unknown_return(who, site_of(caller), id(connection))

    def in_a_thread(connection: Any) -> Any:
        borrow = held.pop(id(connection), None)
        if borrow is None:
            unknown_return(current_thread().name, connection)
        else:
            socket = socket_of(connection)  # Before the pool closes it, as it does if it should be opened anew.
            if socket is not borrow.socket:
                borrow.note_cut(socket)
            tap.end(borrow, tap.clock())
        return give_back(connection)

    async def in_a_task(connection: Any) -> Any:
        borrow = held.pop(id(connection), None)
        if borrow is None:
            unknown_return(_current_name(), connection)
            return await give_back(connection)
        back_at, socket = tap.clock(), socket_of(connection)  # From here on another task may get it.
        try:
            answer = await give_back(connection)
        except BaseException:  # Cancelled on the way: the pool has not got it back.
            held[id(connection)] = borrow
            raise
        if socket is not borrow.socket:
            borrow.note_cut(socket)
        tap.end(borrow, back_at)
        return answer

    return functools.wraps(give_back)(in_a_task if inspect.iscoroutinefunction(give_back) else in_a_thread)


def _current_name() -> str:
    """Say which task runs now, or which thread."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # No event loop runs in this thread.
        task = None
    if task is None:
        return current_thread().name
    name = task.get_name()
    if name.startswith("Task-"):  # asyncio's own choice: the name of the coroutine says more.
        name = f"{name} ({getattr(task.get_coro(), '__name__', 'coroutine')})"
    return name


def _site_in_a_task(frame: FrameType | None) -> Site:
    """Return the learner's line that led to ``frame``, or to the task that runs now."""
    site, task = site_of(frame), asyncio.current_task()
    return task_site(task) if site is UNKNOWN and task is not None else site
