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
from types import MethodType
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.errors import BadSetting
from tutorial_lib.notebook import lines
from tutorial_lib.notebook.lines import UNKNOWN, Site, site_of, site_of_caller
from tutorial_lib.pools.anatomy import in_use_now, waiting_now
from tutorial_lib.pools.borrow import Borrow, Return
from tutorial_lib.pools.copying import copied
from tutorial_lib.pools.frames import leave_no_frame
from tutorial_lib.pools.tap import Listener, Tap, can_wait, how_returned


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
    tap = getattr(getattr(pool, "get_connection", None), "tap", None)
    return tap if isinstance(tap, Tap) else None


def _cover(pool: Any, clock: Callable[[], float]) -> Tap:
    try:
        tap = Tap(pool, clock)
        functions = {"get_connection": _get_connection(tap, pool), "release": _release(tap, pool)}
        for name, function in functions.items():
            # The functions refer to the pool, and the pool to them. The tap refers to neither, so that a pool can be
            # garbage-collected while it is listened to.
            function.tap, function.before = tap, _own(pool, name)
            tap.covers[name] = weakref.ref(function)
        try:  # In one line, so that an interrupt finds both or none.
            pool.get_connection, pool.release = functions.values()
        except (AttributeError, TypeError):  # Its class may have a __setattr__ of its own.
            vars(pool).update(functions)
        # Only now: a connection that came back a moment ago is not in use, and every later return is heard.
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
        if ours is None or getattr(pool, name) is not ours:
            continue
        try:
            if ours.before is None:
                delattr(pool, name)
            else:
                setattr(pool, name, ours.before)
        except (AttributeError, TypeError):
            vars(pool).pop(name)
            vars(pool).update({} if ours.before is None else {name: ours.before})


def _own(pool: Any, name: str) -> Any:
    """Return the function that a pool object has in the place of its class's, or None.

    Without ``vars(pool)``, if possible: Python 3.11 and 3.12 then give the object a dict, which makes all its
    attributes slower for good, and each GET on loopback by 1 %.
    """
    found = getattr(pool, name)
    if isinstance(found, MethodType) and found.__self__ is pool and found.__func__ is getattr(type(pool), name):
        return None
    return vars(pool).get(name)


_HERE = listen.__code__.co_filename

IPYTHONS_COROUTINE = "run_cell_async"
"""In whose task a notebook's cell runs."""
THE_CELL = "your cell"
"""What the caller is called if a cell awaits by itself, and not in a task that it made."""


class _ThreadName(threading.local):
    """The current thread's name, found once: asking the thread takes four times as long."""

    def __init__(self) -> None:
        self.name = current_thread().name


def _undecorated(pool: Any) -> Callable[..., Any]:
    """Return redis-py's get_connection without its check for deprecated arguments, which does nothing without any.

    That check takes about as long as our own notes, so a pool that is listened to is as fast as one that is not.
    """
    own = _own(pool, "get_connection")
    if own is not None:
        return lambda pool, *args, **kwargs: own(*args, **kwargs)
    original: Callable[..., Any] = type(pool).get_connection
    is_redis_pys_own = original.__module__.startswith("redis.")
    return getattr(original, "__wrapped__", original) if is_redis_pys_own else original


def _get_connection(tap: Tap, pool: Any) -> Any:
    get = pool.get_connection
    if inspect.iscoroutinefunction(get):
        cover = _get_in_a_task(tap, pool, get)
    elif isinstance(pool, redis.asyncio.ConnectionPool):
        cover = _get_by_a_plain_function(tap, pool, get)
    else:
        cover = _get_in_a_thread(tap, pool, get)
    return functools.wraps(get)(cover)


# The covers of a thread's pool save calls where they can: each takes 0.3 µs or more, for every command.


def _get_in_a_thread(tap: Tap, pool: Any, get: Any) -> Any:
    get_now, waits = MethodType(_undecorated(pool), pool), can_wait(pool)
    clock, here, held, socket_of = tap.clock, _ThreadName(), tap.held, tap.socket_of
    tap.name_here = lambda: here.name

    def get_connection(*args: Any, **kwargs: Any) -> Any:
        site = UNKNOWN
        if tap.lines:  # Mostly it is the line that borrowed last: to look there first saves a GET on loopback 0.3 %.
            above, site, _ = lines.last_found
            code, instruction = site
            try:
                frame = sys._getframe(above)
                if frame.f_code is not code or frame.f_lasti != instruction:
                    site = site_of_caller()
            except ValueError:  # This stack is not as deep.
                site = site_of_caller()
        asked, waiting = clock(), None
        if waits and not pool.pool.queue:
            waiting = Borrow(here.name, site, asked, queued=True)
            tap.note_waiting(waiting)
        try:
            connection = get(*args, **kwargs) if args or kwargs else get_now()
        except BaseException as error:
            tap.note_unserved(waiting or Borrow(here.name, site, asked, queued=False), error)
            leave_no_frame(error)
            raise
        if waiting is not None:
            tap.note_borrowed(waiting, connection)
            return connection
        # As note_borrowed does; a call less for every command.
        key, got = id(connection), clock()
        if key in held:
            tap.note_borrowed_again(key, got)
        try:
            socket = connection._sock
        except AttributeError:
            socket = socket_of(connection)
        held[key] = noted = here.name, site, asked, False, got, key, socket
        if tell := tap.tell_borrowed:
            tell(noted)
        return connection

    return get_connection


def _get_in_a_task(tap: Tap, pool: Any, get: Any) -> Any:
    get_now = MethodType(_undecorated(pool), pool)

    async def get_connection(*args: Any, **kwargs: Any) -> Any:
        borrow = _asked_in_a_task(tap, pool)
        try:
            connection = await (get(*args, **kwargs) if args or kwargs else get_now())
        except BaseException as error:
            tap.note_unserved(borrow, error)
            leave_no_frame(error)
            raise
        tap.note_borrowed(borrow, connection)
        return connection

    return get_connection


def _get_by_a_plain_function(tap: Tap, pool: Any, get: Any) -> Any:
    """Cover what a subclass of an asyncio pool has without ``async``."""

    def get_connection(*args: Any, **kwargs: Any) -> Any:
        borrow = _asked_in_a_task(tap, pool)
        try:
            found = get(*args, **kwargs)
        except BaseException as error:
            tap.note_unserved(borrow, error)
            leave_no_frame(error)
            raise
        if inspect.isawaitable(found):
            return when_there(borrow, found)
        tap.note_borrowed(borrow, found)
        return found

    async def when_there(borrow: Borrow, coming: Awaitable[Any]) -> Any:
        try:
            connection = await coming
        except BaseException as error:
            tap.note_unserved(borrow, error)
            leave_no_frame(error)
            raise
        tap.note_borrowed(borrow, connection)
        return connection

    return get_connection


def _asked_in_a_task(tap: Tap, pool: Any) -> Borrow:
    """Begin a borrow for the task that runs now."""
    site = _site_in_a_task(tap) if tap.lines else UNKNOWN
    borrow = Borrow(_current_name(), site, tap.clock(), queued=can_wait(pool) and not pool.can_get_connection())
    if borrow.queued:
        tap.note_waiting(borrow)
    return borrow


def _release(tap: Tap, pool: Any) -> Any:
    release, held, socket_of, clock = pool.release, tap.held, tap.socket_of, tap.clock
    returns = tap.returns

    def note_stray(who: str, connection: Any) -> None:
        caller = sys._getframe(2)
        # A pool takes back a connection that it could not open, before its get_connection raises: that is no return.
        if not any(frame.f_code.co_filename == _HERE for frame, _ in traceback.walk_stack(caller)):
            tap.note_stray(who, site_of(caller), id(connection))

    def in_a_thread(connection: Any) -> Any:
        found = held.pop(id(connection), None)
        if found is None:
            note_stray(current_thread().name, connection)
        elif tell := tap.tell_returned:
            who, site, asked, queued, got, key, before = found
            try:  # Looked at before the pool closes it, as it does if it should be opened anew.
                socket = connection._sock
            except AttributeError:
                socket = socket_of(connection)
            how: Return = "returned" if socket is before else how_returned(before, socket)
            next(returns)
            tell((who, site, asked, queued, got, key, clock(), how))
        try:
            return release(connection)
        except BaseException as error:
            leave_no_frame(error)
            raise

    async def in_a_task(connection: Any) -> Any:
        key = id(connection)
        found = held.pop(key, None)
        if found is None:
            note_stray(_current_name(), connection)
        at, socket = clock(), socket_of(connection)  # From here on another task may get it.
        try:
            answer = await release(connection)
        except BaseException as error:  # Cancelled on the way: the pool does not have it back.
            if found is not None:
                held[key] = found
            leave_no_frame(error)
            raise
        if found is not None:
            *_, before = found
            tap.note_ended(found, at, how_returned(before, socket))
        return answer

    return functools.wraps(release)(in_a_task if inspect.iscoroutinefunction(release) else in_a_thread)


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
        coroutine = getattr(task.get_coro(), "__name__", "coroutine")
        name = THE_CELL if coroutine == IPYTHONS_COROUTINE else f"{name} ({coroutine})"
    return name


def _site_in_a_task(tap: Tap) -> Site:
    """Return the learner's line that led here, or to the task that runs now."""
    site, task = site_of_caller(), asyncio.current_task()
    return tap.site_of_task(task) if site is UNKNOWN and task is not None else site
