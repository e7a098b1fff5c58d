"""The two functions that stand in for a pool's own: they call the original and note who, where and when.

They run for every command, so they take no lock and keep little: one short list for each borrow, handed from
``asking`` (if it must wait) to ``held`` to ``done``. Each of those steps is one operation of a dict or a deque, which
Python makes indivisible. Connections are known by ``id``, so that a note keeps no connection and no pool alive.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from threading import current_thread, get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tutorial_lib.notebook.lines import NOWHERE, caller_site

if TYPE_CHECKING:
    from tutorial_lib.pools.tap import Tap

clock = perf_counter

WHO, CODE, INSTRUCTION, ASKED, GOT, ENDED, CONNECTION, QUEUED, OUTCOME = range(9)

RawLease = list[Any]
"""One borrow as it is noted. Times are by ``clock``; CODE and INSTRUCTION say which line; CONNECTION is an id;
QUEUED says whether a blocking pool had nothing left when the caller came."""

KEPT = 100_000
"""How many finished leases are remembered one by one: about 270 bytes each, 27 MB in all."""


def cover_sync(tap: Tap, pool: Any, get_now: Callable[..., Any]) -> dict[str, Any]:
    """Return what takes the place of the pool's methods, by their names."""
    return {"get_connection": _noted_get(tap, pool, get_now), "release": _noted_release(tap, pool.release)}


def _noted_get(tap: Tap, pool: Any, get_now: Callable[..., Any]) -> Any:
    get, asking, held, waits = pool.get_connection, tap.asking, tap.held, tap.waits
    names = threading.local()

    # The numbers are WHO … OUTCOME written out: a global name costs a look-up each time.
    @functools.wraps(get)
    def get_connection(*args: Any, **kwargs: Any) -> Any:
        code, instruction = caller_site() if tap.lines else NOWHERE
        try:
            who = names.who
        except AttributeError:
            who = names.who = current_thread().name
        lease = [who, code, instruction, clock(), 0.0, 0.0, 0, False, None]
        if waits and not pool.pool.queue:
            lease[7] = True
            asking[get_ident()] = lease
        try:
            connection = get(*args, **kwargs) if args or kwargs else get_now()
        except BaseException as error:
            asking.pop(get_ident(), None)
            tap.turned_away(lease, error)
            raise
        lease[4] = clock()
        lease[6] = key = id(connection)
        if key in held:
            tap.lent_again(key)
        held[key] = lease
        if lease[7]:
            del asking[get_ident()]  # Only now: whoever looks, at any moment, finds the lease.
        return connection

    get_connection.tap = tap  # type: ignore[attr-defined]
    return get_connection


def _noted_release(tap: Tap, give_back: Callable[..., Any]) -> Any:
    held = tap.held

    @functools.wraps(give_back)
    def release(connection: Any) -> Any:
        done = tap.done
        lease = held.pop(id(connection), None)
        if lease is None:
            tap.unknown_return(id(connection), current_thread().name)
        else:
            lease[5] = clock()
            if done is not None:
                done.append(lease)
                if len(done) > KEPT:
                    tap.overflow()
        return give_back(connection)

    return release


def cover_async(tap: Tap, pool: Any, get_now: Callable[..., Any]) -> dict[str, Any]:
    """Return what takes the place of an asyncio pool's methods, by their names."""
    return {"get_connection": _noted_async_get(tap, pool, get_now), "release": _noted_async_release(tap, pool.release)}


def _noted_async_get(tap: Tap, pool: Any, get_now: Callable[..., Any]) -> Any:
    get, asking, held, waits = pool.get_connection, tap.asking, tap.held, tap.waits

    @functools.wraps(get)
    async def get_connection(*args: Any, **kwargs: Any) -> Any:
        me, who = current_caller()
        code, instruction = caller_site() if tap.lines else NOWHERE
        lease = [who, code, instruction, clock(), 0.0, 0.0, 0, False, None]
        if waits and not pool.can_get_connection():
            lease[7] = True
            asking[me] = lease
        try:
            connection = await (get(*args, **kwargs) if args or kwargs else get_now())
        except BaseException as error:
            asking.pop(me, None)
            tap.turned_away(lease, error)
            raise
        lease[4] = clock()
        lease[6] = key = id(connection)
        if key in held:
            tap.lent_again(key)
        held[key] = lease
        if lease[7]:
            del asking[me]
        return connection

    get_connection.tap = tap  # type: ignore[attr-defined]
    return get_connection


def _noted_async_release(tap: Tap, give_back: Callable[..., Any]) -> Any:
    held = tap.held

    @functools.wraps(give_back)
    async def release(connection: Any) -> Any:
        done = tap.done
        lease = held.pop(id(connection), None)
        if lease is None:
            tap.unknown_return(id(connection), current_caller()[1])
            return await give_back(connection)
        lease[5] = clock()
        try:
            answer = await give_back(connection)
        except BaseException:  # Cancelled on the way: the pool has not got it back.
            held[id(connection)] = lease
            raise
        if done is not None:
            done.append(lease)
            if len(done) > KEPT:
                tap.overflow()
        return answer

    return release


def current_caller() -> tuple[int, str]:
    """Say which task runs now: something that tells it from others, and a name for people."""
    task = asyncio.current_task()
    if task is None:
        return get_ident(), current_thread().name
    name = task.get_name()
    if name.startswith("Task-"):  # A name that nobody chose: the coroutine's says more.
        name = f"{name} ({getattr(task.get_coro(), '__name__', 'coroutine')})"
    return id(task), name
