"""Who borrows from a pool and who brings back, heard at the pool itself: what recordings and live views listen to.

``get_connection`` and ``release`` of *one* pool object are covered by functions of ours that call the original ones
and note who, where and when. Neither redis-py nor other pools are touched, and when the last listener has gone the
pool is exactly as it was before.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable
from types import MethodType
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import MaxConnectionsError

from tutorial_lib.errors import BadSetting
from tutorial_lib.notebook.lines import caller_site
from tutorial_lib.pools.anatomy import copied, in_use_now, waiting_now
from tutorial_lib.pools.covers import ENDED, OUTCOME, RawLease, clock, cover_async, cover_sync

_COVERS = cover_sync.__code__.co_filename

_lock = threading.RLock()  # Reentrant: a garbage-collected PubSub returns its connection in the middle of anything.


class Tap:
    """What is heard at one pool. Made by ``listen(pool)``; ended by ``stop_listening(tap)``."""

    def __init__(self, pool: Any) -> None:
        self.pool = weakref.ref(pool)
        self.waits = can_wait(pool)
        self.asking: dict[int, RawLease] = {}
        self.held: dict[int, RawLease] = {}
        self.done: deque[RawLease] | None = None
        """Where finished leases go while a recording runs."""
        self.lines = False
        """Whether to find out which line borrows. That is the larger half of the cost; a live view does without."""
        self.forget_recording()
        self.outcomes: Counter[str] = Counter()
        self.earlier: set[int] = set()
        """Connections that were borrowed before anybody listened, and that nobody was heard to return or to borrow."""
        self.waited_before = 0
        """How many callers waited already when listening began: they are not heard to get what they wait for."""
        self.listeners = 0
        self.covers: dict[str, weakref.ref[Any]] = {}

    def forget_recording(self) -> None:
        """Tell nobody: the state without a recording."""
        self.overflow: Callable[[], None] = _nothing
        self.unserved: Callable[[RawLease], None] = _nothing
        self.stray: Callable[[RawLease], None] = _nothing

    def claim(self, done: deque[RawLease]) -> bool:
        """Let finished leases go to ``done``; False if they already go to another recording."""
        with _lock:
            if self.done is not None:
                return False
            self.done = done
            return True

    def turned_away(self, lease: RawLease, error: BaseException) -> None:
        """Note a caller who got no connection."""
        lease[ENDED] = clock()
        lease[OUTCOME] = outcome = outcome_of(error)
        with _lock:
            self.outcomes[outcome] += 1
            self.unserved(lease)

    def lent_again(self, connection: int) -> None:
        """Note that a connection was lent to a second caller while the first still had it."""
        lease = self.held.pop(connection, None)
        if lease is not None and self.done is not None:
            lease[ENDED], lease[OUTCOME] = clock(), "lent again"
            self.done.append(lease)

    def unknown_return(self, connection: int, who: str) -> None:
        """Note the return of a connection that nobody, as far as was heard, has borrowed."""
        if _within_get_connection():
            return  # The pool takes back a connection that it could not open, before its caller hears of it.
        with _lock:
            now = clock()
            unnamed = next((key for key in self.earlier if key < 0), connection)
            key = connection if connection in self.earlier else unnamed
            # Whoever waited already when we came got it without our hearing: the pool knows that it was lent.
            was_lent = key in self.earlier or connection in in_use_now(self.pool())
            outcome = "borrowed earlier" if was_lent else "returned twice"
            self.earlier.discard(key)
            self.outcomes[outcome] += 1
            self.stray([who, *caller_site(), now, now, now, connection, False, outcome])


def _within_get_connection() -> bool:
    """Say whether a covered get_connection is what calls us, however far up."""
    frame = sys._getframe(1)
    while frame is not None and (frame.f_code.co_filename, frame.f_code.co_name) != (_COVERS, "get_connection"):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None


def can_wait(pool: Any) -> bool:
    """Say whether callers may have to wait for a connection of this pool, and whether that can be seen."""
    if isinstance(pool, redis.BlockingConnectionPool):
        return hasattr(pool.pool, "queue")  # Not so with a queue_class of somebody's own.
    return isinstance(pool, redis.asyncio.BlockingConnectionPool)


def _nothing(*args: object) -> None:
    pass


def outcome_of(error: BaseException) -> str:
    """Put into words why a caller got no connection."""
    if isinstance(error, MaxConnectionsError):
        return "refused"
    # A blocking pool's timeout is a plain ConnectionError: only its text tells it from a server that is down.
    if str(error) == "No connection available.":
        return "timed out"
    if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt)):
        return "cancelled"
    return "failed"


def listen(pool: Any) -> Tap:
    """Begin to listen at ``pool``, or join those who already do."""
    with _lock:
        tap = tap_of(pool) or _cover(pool)
        tap.listeners += 1
        return tap


def stop_listening(tap: Tap) -> None:
    """Stop listening. After the last one the pool is as it was; what somebody else put there since then stays."""
    with _lock:
        tap.listeners -= 1
        pool = tap.pool()
        if tap.listeners or pool is None:
            return
        for name, cover in tap.covers.items():
            ours = cover()
            if pool.__dict__.get(name) is not ours or ours is None:
                continue
            if ours.before is None:
                del pool.__dict__[name]
            else:
                pool.__dict__[name] = ours.before


def tap_of(pool: Any) -> Tap | None:
    """Return what already listens at ``pool``, or None."""
    tap = getattr(getattr(pool, "__dict__", {}).get("get_connection"), "tap", None)
    return tap if isinstance(tap, Tap) else None


def _cover(pool: Any) -> Tap:
    is_async = isinstance(pool, redis.asyncio.ConnectionPool) or inspect.iscoroutinefunction(pool.get_connection)
    cover = cover_async if is_async else cover_sync
    try:
        tap = Tap(pool)
        # The functions hold the pool, and the pool them. The tap holds neither, so that a pool which nobody else has
        # is garbage-collected though it is watched.
        functions = cover(tap, pool, MethodType(undecorated(pool), pool))
        for name, function in functions.items():
            function.__signature__ = inspect.signature(getattr(pool, name))
            function.before = pool.__dict__.get(name)
            tap.covers[name] = weakref.ref(function)
        pool.__dict__.update(functions)  # Both at once, so that an interrupt finds both or none.
        # Only now, so that nobody who returns a connection meanwhile is missed.
        tap.earlier = in_use_now(pool) - set(copied(tap.held))
        tap.waited_before = max(0, waiting_now(pool) - len(tap.asking))
    except (AttributeError, TypeError):
        raise BadSetting(
            f"A {type(pool).__name__} cannot be listened to: it has no attributes of its own. "
            "Use redis.ConnectionPool, redis.BlockingConnectionPool or one of their asyncio twins."
        ) from None
    return tap


def undecorated(pool: Any) -> Callable[..., Any]:
    """Return redis-py's get_connection without its check for deprecated arguments, which does nothing without any.

    That check takes about as long as our own notes, so a pool that is listened to is as fast as one that is not.
    """
    if "get_connection" in pool.__dict__:
        own = pool.__dict__["get_connection"]
        return lambda pool, *args, **kwargs: own(*args, **kwargs)
    original: Callable[..., Any] = type(pool).get_connection
    is_redis_pys_own = original.__module__.startswith("redis.")
    return getattr(original, "__wrapped__", original) if is_redis_pys_own else original


def _renew_lock() -> None:
    global _lock  # A forked child may inherit the lock from a thread that does not exist there.
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
