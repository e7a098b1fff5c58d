"""What a pool's tap knows: which caller waits for a connection, which caller has one, and who listens.

It runs for every command, so it takes no lock unless a caller gets no connection: each step is a single operation on
a set or a dict, which Python does not interrupt. It knows connections by their ``id``, so that it keeps no connection
and no pool alive.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import repeat
from operator import length_hint
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.notebook.lines import UNKNOWN, Site, task_site
from tutorial_lib.pools.anatomy import in_use_now, socket_reader
from tutorial_lib.pools.borrow import Borrow, End, Ended, Held, Outcome, Return, borrow_of
from tutorial_lib.pools.copying import copied


class Listener:
    """What a tap tells. Override what you want to hear: ``borrowed`` and ``returned`` cost nothing otherwise."""

    wants_lines = False
    """Whether to find out which line borrows. A live view does without."""

    def borrowed(self, held: Held) -> None:
        """A caller has got its connection. This is told for every command."""

    def waited(self, borrow: Borrow) -> None:
        """A caller has got its connection, and had to wait for it."""

    def returned(self, ended: Ended) -> None:
        """A connection was returned, or a second caller got it while the first still had it.

        This is told for every command. A listener may have any callable in its place.
        """

    def unserved(self, borrow: Borrow, end: End) -> None:
        """A caller got no connection, and ``end`` says why."""

    def stray(self, borrow: Borrow, outcome: Outcome) -> None:
        """A connection was returned, and no borrow of it was heard: ``borrow`` is the return."""

    def site_of_task(self, task: asyncio.Task[Any]) -> Site:
        """Which line made a task that has none of the learner's on its stack? The tap asks those that want lines."""
        return task_site(task)


class Tap:
    """What is heard at one pool. ``cover.listen(pool, listener)`` makes it; several listeners share it."""

    lock = threading.RLock()
    """For all taps. Reentrant: a garbage-collected PubSub returns its connection in the middle of anything."""

    def __init__(self, pool: Any, clock: Callable[[], float]) -> None:
        self.pool = weakref.ref(pool)
        self.clock = clock
        self.socket_of = socket_reader(pool)
        self.asking: dict[int, Borrow] = {}
        """The callers that wait because the pool was exhausted, by the ``id`` of their borrow."""
        self.held: dict[int, Held] = {}
        """What is known of each connection that is in use, by the connection's ``id``: see ``in_use()``."""
        self.returns = repeat(None, sys.maxsize)
        """``next(returns)`` counts a borrow that ends: one step, which Python does not interrupt."""
        self.earlier: set[int] = set()
        """Connections that were in use before the tap was there, and were neither returned nor borrowed since."""
        self.waited_before = 0
        """How many callers waited before the tap was there. It does not hear them get their connections."""
        self.outcomes: Counter[Outcome] = Counter()
        """How many callers got no connection, and how many returns were strays."""
        self.covers: dict[str, weakref.ref[Any]] = {}
        """What covers the pool's methods, by their names."""
        self.name_here: Callable[[], str] = lambda: threading.current_thread().name
        """Returns the name under which the current thread's borrows are noted, even if it gets a new name meanwhile."""
        self.lines = False
        """Whether a listener wants to know which line borrows."""
        self.listeners = ()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """All who are told what happens."""
        return self._listeners

    @listeners.setter
    def listeners(self, listeners: tuple[Listener, ...]) -> None:
        self._listeners = listeners
        self.lines = any(listener.wants_lines for listener in listeners)
        self.tell_borrowed = _as_one([one.borrowed for one in listeners if type(one).borrowed is not Listener.borrowed])
        self.tell_returned = _as_one(
            [one.returned for one in listeners if getattr(one.returned, "__func__", None) is not Listener.returned]
        )

    def in_use(self) -> dict[int, Borrow]:
        """Return the borrow of each connection that is in use, by the connection's ``id``."""
        return {key: borrow_of(held) for key, held in copied(self.held.items())}

    def ended(self) -> int:
        """Return how many borrows have ended of which a listener was told."""
        return sys.maxsize - length_hint(self.returns)

    def waiting(self) -> list[Borrow]:
        """Return the callers that wait, the longest wait first."""
        return sorted(copied(self.asking.values()), key=lambda borrow: borrow.asked)

    def site_of_task(self, task: asyncio.Task[Any]) -> Site:
        """Return the line that made a task, if a listener knows it; else UNKNOWN."""
        sites = (listener.site_of_task(task) for listener in self._listeners)
        return next((site for site in sites if site is not UNKNOWN), UNKNOWN)

    # -- what the covers tell

    def note_waiting(self, borrow: Borrow) -> None:
        """Note that the caller has to wait, because the pool is exhausted."""
        self.asking[id(borrow)] = borrow

    def note_borrowed(self, asked: Borrow, connection: object) -> None:
        """Note that the caller has got ``connection``."""
        key = id(connection)
        borrow = asked._replace(got=self.clock(), connection=key)
        if key in self.held:
            self.note_borrowed_again(key, borrow.got)
        self.held[key] = noted = (*borrow, self.socket_of(connection))
        self.asking.pop(id(asked), None)  # Only now, so that a look at any moment finds the borrow.
        if borrow.queued:
            for listener in self._listeners:
                listener.waited(borrow)
        if tell := self.tell_borrowed:
            tell(noted)

    def note_borrowed_again(self, key: int, at: float) -> None:
        """Note that a caller gets a connection that another one has not returned."""
        self.note_ended(self.held.pop(key), at, "borrowed again")

    def note_ended(self, held: Held, at: float, how: Return) -> None:
        """Note that the caller no longer has its connection."""
        if tell := self.tell_returned:  # A listener may leave meanwhile.
            next(self.returns)
            tell((*held[:6], at, how))

    def note_unserved(self, borrow: Borrow, error: BaseException) -> None:
        """Note that the caller got no connection, and why: each error of a borrow is counted here."""
        end = End(self.clock(), outcome_of(error), type(error).__name__)
        self.asking.pop(id(borrow), None)
        with Tap.lock:
            self.outcomes[end.outcome] += 1
            for listener in self._listeners:
                listener.unserved(borrow, end)

    def note_stray(self, who: str, site: Site, connection: int) -> None:
        """Note that a connection was returned, and that the tap had not heard of its borrow."""
        with Tap.lock:
            now = self.clock()
            unnamed = next((key for key in self.earlier if key < 0), connection)
            key = connection if connection in self.earlier else unnamed
            # A caller that waited before the tap was there got it unheard, but the pool knows that it is in use.
            was_in_use = key in self.earlier or connection in in_use_now(self.pool())
            self.earlier.discard(key)
            borrow = Borrow(who, site, asked=now, queued=False, got=now, connection=connection)
            outcome: Outcome = "borrowed earlier" if was_in_use else "returned twice"
            self.outcomes[outcome] += 1
            for listener in self._listeners:
                listener.stray(borrow, outcome)


def _as_one(functions: Sequence[Callable[[Any], None]]) -> Callable[[Any], None] | None:
    """Return one function that calls all of them; None if there are none."""
    if len(functions) < 2:
        return functions[0] if functions else None

    def tell_all(what: Any) -> None:
        for tell in functions:
            tell(what)

    return tell_all


def how_returned(before: object, socket: object) -> Return:
    """Say how a connection came back that spoke through ``before`` when it was borrowed, and now through ``socket``."""
    if socket is before or before is None:  # A learner's own connection class may show no socket.
        return "returned"
    return "closed" if socket is None else "reopened"


def outcome_of(error: BaseException) -> Outcome:
    """Say why a caller got no connection."""
    if isinstance(error, redis.MaxConnectionsError):
        return "refused"
    # A blocking pool's timeout is a plain ConnectionError. What it came from tells it from a server that is down.
    if isinstance(error, redis.ConnectionError) and isinstance(error.__context__, queue.Empty | asyncio.TimeoutError):
        return "timed out"
    # redis-py 6's asyncio pool refuses with a plain ConnectionError, after it found no idle connection in its list.
    if type(error) is redis.ConnectionError and isinstance(error.__context__, IndexError):
        return "refused"
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
        return "cancelled"
    return "failed"


def can_wait(pool: Any) -> bool:
    """Say whether callers may have to wait for a connection of this pool, and whether that can be seen."""
    if isinstance(pool, redis.BlockingConnectionPool):
        return hasattr(pool.pool, "queue")  # Not so with a queue_class of the learner's own.
    return isinstance(pool, redis.asyncio.BlockingConnectionPool)


def _renew_lock() -> None:
    Tap.lock = threading.RLock()  # A forked child may inherit the lock from a thread that does not exist there.


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
