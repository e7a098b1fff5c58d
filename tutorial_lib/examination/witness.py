"""Who watches a program's pools: a tap on each pool, and what it hears added up, pool by pool and line by line."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from collections import Counter, deque
from collections.abc import Iterator
from time import perf_counter as clock
from time import time
from types import FrameType
from typing import Any, NamedTuple

import redis
import redis.asyncio

from tutorial_lib.examination.evidence import MOST_LINES, Event, Evidence, Kept, Place, PoolEvidence, Recent, Times
from tutorial_lib.examination.hidden import in_error
from tutorial_lib.examination.keepers import Keepers, Said, said_of
from tutorial_lib.examination.places import ELSEWHERE, Origins, Places, package_at
from tutorial_lib.notebook.lines import Site
from tutorial_lib.pools.anatomy import in_use_and_idle
from tutorial_lib.pools.borrow import Borrow, End, Outcome, Return
from tutorial_lib.pools.copying import copied
from tutorial_lib.pools.cover import leave, listen
from tutorial_lib.pools.tap import Listener, Tap

SETTINGS = (
    "host",
    "port",
    "path",
    "db",
    "decode_responses",
    "socket_timeout",
    "socket_connect_timeout",
    "health_check_interval",
    "protocol",
    "client_name",
)
"""What is told of a pool's connections. Nothing else is looked at: user names and passwords are never read."""
MAY_BE_TOLD = frozenset(SETTINGS) | {"max_connections", "timeout"}
"""Arguments whose values hold no secret."""

NOT_TWICE = frozenset(
    {
        "APPEND",
        "DECR",
        "DECRBY",
        "HINCRBY",
        "HINCRBYFLOAT",
        "INCR",
        "INCRBY",
        "INCRBYFLOAT",
        "LINSERT",
        "LMOVE",
        "LPOP",
        "LPUSH",
        "LPUSHX",
        "PUBLISH",
        "RPOP",
        "RPOPLPUSH",
        "RPUSH",
        "RPUSHX",
        "SPOP",
        "XADD",
        "ZINCRBY",
        "ZPOPMAX",
        "ZPOPMIN",
    }
)
"""Commands that leave something else behind when they run twice."""

HANDSHAKE = frozenset({"HELLO", "AUTH", "CLIENT", "SELECT", "CLIENT SETINFO", "CLIENT SETNAME"})

RECENT = 400
"""Borrows that are kept one by one for each kind of pool."""
WITH_RECENT = 10
"""Kinds of pools whose last borrows are told: those with the most. That bounds a file at about 1 MB."""
LONG_BLOCK = 0.2
"""Seconds that a blocking command must keep its connection before it counts as blocking."""

Events = dict[str, dict[Place, Event]]


class Witness:
    """Everything that one process has seen of its pools. ``attach`` tells it; ``evidence()`` says it."""

    def __init__(self) -> None:
        self.keepers = Keepers()
        self.origins = Origins()
        self._places = Places()
        self._pools: weakref.WeakKeyDictionary[Any, Notes] = weakref.WeakKeyDictionary()
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._began, self._began_at = clock(), time()
        self._groups: dict[tuple[Any, ...], _Group] = {}
        self._events: Events = {}
        self._lock = threading.RLock()

    def after_fork(self) -> None:
        """Begin anew in a child process, which has its parent's pools."""
        self._start_afresh()
        for pool, notes in list(self._pools.items()):
            before = notes.group.evidence
            notes.group = self._group_of(
                pool, Made(before.made_at, before.by_client, before.package, before.limit_chosen)
            )
            notes.in_use = 0
            notes.times.clear()  # of the parent's lines
            if notes.tap is not None:  # What the parent has borrowed is not the child's to return.
                notes.tap.earlier |= set(notes.tap.held)
                notes.tap.held.clear()
                notes.tap.sockets.clear()
            for connection, in_use in in_use_and_idle(pool) or ():
                said = said_of(connection)
                if said is not None and in_use:
                    said.inherited = True

    # -- what attach tells

    def pool_made(self, pool: Any, frame: FrameType | None, by_client: bool, limit_chosen: bool = False) -> None:
        """Note a new pool, and listen to it."""
        with self._lock:
            made = Made(self._places.of(self.origins.site_of(frame)), by_client, package_at(frame), limit_chosen)
            group = self._group_of(pool, made)
            notes = self._pools[pool] = Notes(group, self.keepers, self.origins, self._places)
        group.add()
        notes.tap = listen(pool, notes)

    def pool_found(self, pool: Any) -> None:
        """Listen to a pool that was there before. Which line made it is not known."""
        self.pool_made(pool, None, by_client=False)
        for connection, _ in in_use_and_idle(pool) or ():
            self.connection_made(pool, connection)

    def leave(self) -> None:
        """Stop listening."""
        for notes in list(self._pools.values()):
            if notes.tap is not None:
                leave(notes.tap, notes)

    def _group_of(self, pool: Any, made: Made) -> _Group:
        settings, place = settings_of(pool), made.at
        key: tuple[Any, ...] = (place, type(pool).__name__, made.by_client, *map(str, settings.values()))
        if key not in self._groups and len(self._groups) >= MOST_LINES:
            key, place = (ELSEWHERE,), ELSEWHERE
        if key not in self._groups:
            is_async = isinstance(pool, redis.asyncio.ConnectionPool)
            how = (made.by_client, made.package, made.limit_chosen)
            evidence = PoolEvidence(type(pool).__name__, is_async, place, settings, *how)
            self._groups[key] = _Group(evidence)
        return self._groups[key]

    def is_for_waiting(self, pool: Any) -> None:
        """Note that a pool is used for subscriptions or blocking commands."""
        if notes := self._pools.get(pool):
            notes.group.evidence.waits = True

    def connected(self) -> list[Any]:
        """Return the pools that have opened a connection."""
        return [pool for pool, notes in list(self._pools.items()) if notes.group.evidence.opened]

    def connection_made(self, pool: Any, connection: Any) -> None:
        """Note whose connection this is."""
        notes = self._pools.get(pool)
        inner = getattr(connection, "_conn", connection)
        if notes is not None and hasattr(type(inner), "_examined"):
            inner._examined = notes.said[id(connection)] = Said(notes)

    def note(self, kind: str, frame: FrameType | None, detail: str = "", pool: Any = None) -> None:
        """Note that something happened on the user's line that led to ``frame``."""
        notes = None if pool is None else self._pools.get(pool)
        where = self._events if notes is None else notes.group.evidence.events
        add_event(where, kind, self._places.of(self.origins.site_of(frame)), detail)

    def closed(self, pool: Any, those_in_use: bool, frame: FrameType | None) -> None:
        """Note that a pool's connections are closed, and whether other callers use them."""
        notes = self._pools.get(pool)
        if notes is None:
            return
        for connection, _ in in_use_and_idle(pool) or ():
            said = said_of(connection)
            if said is not None:
                said.closed_on_purpose = True
        in_use = len(notes.tap.held) if notes.tap else 0
        if those_in_use and in_use:
            notes.note("closed-under-others", frame, f"{in_use} in use")
        notes.closed = those_in_use

    @staticmethod
    def opened(said: Said, frame: FrameType | None) -> None:
        """Note that a connection was opened, perhaps again."""
        evidence = said.notes.group.evidence
        evidence.opened += 1
        said.opened += 1
        if said.opened > 1:
            kind = "reopened after close" if said.closed_on_purpose else "reconnected"
            said.notes.note(kind, frame)
        said.closed_on_purpose = False

    @staticmethod
    def sent_again(said: Said, command: str, frame: FrameType | None) -> None:
        """Note that a command was sent a second time, after its reply did not come."""
        said.notes.note("sent-again", frame, command=command)
        if command in NOT_TWICE:
            said.notes.note("duplicated-write", frame, command=command)

    @staticmethod
    def reply_failed(said: Said, error: BaseException, frame: FrameType | None) -> None:
        """Note that a reply did not come, and why."""
        notes = said.notes
        if said.command in HANDSHAKE:  # A connection that cannot be opened: the caller gets none, which is noted then.
            return
        if isinstance(error, asyncio.CancelledError):
            notes.note("cancelled", frame, command=said.command)
        elif isinstance(error, redis.TimeoutError):
            notes.note("blocked-too-long" if said.may_block_for is not None else "timeout", frame, command=said.command)
        elif isinstance(error, redis.ConnectionError | OSError):
            notes.note("lost", frame, in_error(error), said.command)
        elif isinstance(error, RuntimeError):
            notes.note("two-loops", frame, in_error(error), said.command)

    # -- what it says

    def evidence(self, *, recent: bool = True) -> Evidence:
        """Return what was seen until now; with ``recent`` the last borrows one by one, too."""
        program = sys.argv[0] if sys.argv and sys.argv[0] else sys.executable
        evidence = Evidence(os.getpid(), os.getppid(), program, redis.__version__, self._began_at)
        evidence.duration = clock() - self._began
        with self._lock:
            groups, everyone = list(self._groups.values()), list(self._pools.values())
        now = clock()
        for group in groups:
            group.evidence.kept, group.evidence.recent = [], []
        for group in sorted(groups, key=lambda group: -len(group.recent))[: WITH_RECENT if recent else 0]:
            group.evidence.recent = [self._told(*past) for past in copied(group.recent)]
        for notes in everyone:
            evidence_of_pool = notes.group.evidence
            evidence_of_pool.kept += notes.kept(now)
            if evidence_of_pool.recent and notes.tap is not None:
                evidence_of_pool.recent += [
                    self._told(borrow, now, "still held") for borrow in copied(notes.tap.held.values())
                ]
        evidence.pools = [group.evidence for group in groups]
        evidence.events = self._events
        return evidence

    def _told(self, borrow: Borrow, ended: float, outcome: str) -> Recent:
        got = borrow.got or ended
        waited = borrow.waited(until=got)
        opening = got - borrow.asked - waited if borrow.got else 0.0
        times = (borrow.asked - self._began, waited, opening, ended - got)
        return Recent(borrow.who, self._places.of(borrow.site), *times, outcome, borrow.connection)


class Made(NamedTuple):
    """How a pool came about."""

    at: Place
    by_client: bool
    package: str
    limit_chosen: bool


class _Group:
    """The pools that share one entry of the evidence."""

    def __init__(self, evidence: PoolEvidence) -> None:
        self.evidence = evidence
        self.recent: deque[tuple[Borrow, float, str]] = deque(maxlen=RECENT)
        """The last borrows, when each ended, and how."""
        self._threads: set[str] = set()
        self._tasks: set[str] = set()

    def add(self) -> None:
        """Count one more, and who made it."""
        self.evidence.made += 1
        if len(self._threads) < MOST_LINES:
            self._threads.add(threading.current_thread().name)
        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
        if task is not None and len(self._tasks) < MOST_LINES:
            self._tasks.add(task.get_name())
        self.evidence.threads, self.evidence.tasks = len(self._threads), len(self._tasks)


class Notes(Listener):
    """What is heard at one pool, added to its group at once."""

    wants_lines = True

    def __init__(self, group: _Group, keepers: Keepers, origins: Origins, places: Places) -> None:
        self.group = group
        self.closed = False
        self.in_use = 0
        self.times: dict[tuple[int, int], Times] = {}
        """How long each line kept connections, by the ``id`` of its code and the instruction."""
        self.said: dict[int, Said] = {}
        """What was said on each of its connections, by the connection's ``id``."""
        self.tap: Tap | None = None
        self._keepers = keepers
        self._origins = origins
        self._places = places

    def note(self, kind: str, frame: FrameType | None, detail: str = "", command: str = "") -> None:
        """Note that something happened to this pool on the user's line that led to ``frame``."""
        add_event(self.group.evidence.events, kind, self._places.of(self._origins.site_of(frame)), detail, command)

    def site_of_task(self, task: asyncio.Task[Any]) -> Site:
        return self._origins.of(task)

    def borrowed(self, borrow: Borrow) -> None:
        self.in_use += 1
        evidence = self.group.evidence
        if self.in_use > evidence.most_in_use:
            evidence.most_in_use = self.in_use
        if borrow.queued:
            evidence.waited.add(borrow.got - borrow.asked)
        if self.closed:
            self.closed = False
            add_event(evidence.events, "used-after-close", self._places.of(borrow.site))

    def returned(self, borrow: Borrow, at: float, how: Return) -> None:
        self.in_use -= 1
        evidence = self.group.evidence
        self.group.recent.append((borrow, at, how))
        held = at - borrow.got
        # By the id of the code, which Places keeps alive: to find the line by its words would take ten times as long.
        code, instruction = borrow.site
        times = self.times.get((id(code), instruction))
        if times is None:
            times = self._times_of(borrow.site)
        times.add(held)
        said = self.said.get(borrow.connection)
        if said is None:
            return
        if said.unanswered:
            said.unanswered = 0
            add_event(evidence.events, "unread-reply", self._places.of(borrow.site), command=said.command)
        if said.may_block_for is not None:
            if held > LONG_BLOCK:
                add_event(evidence.events, "blocked", self._places.of(borrow.site), command=said.command)
            said.may_block_for = None

    def _times_of(self, site: Site) -> Times:
        """Return how long a line kept connections, in the evidence of the pool's group."""
        place, lines = self._places.of(site), self.group.evidence.lines
        times = lines.setdefault(place if place in lines or len(lines) < MOST_LINES else ELSEWHERE, Times())
        if place != ELSEWHERE and len(self.times) < MOST_LINES:
            code, instruction = site
            self.times[id(code), instruction] = times
        return times

    def unserved(self, borrow: Borrow, end: End) -> None:
        evidence = self.group.evidence
        self.group.recent.append((borrow, end.at, end.outcome))
        why: str = end.outcome
        if why == "failed":
            why = f"{end.error}: {in_error(sys.exc_info()[1])}"
        evidence.no_connection.setdefault(why, Counter())[self._places.of(borrow.site)] += 1
        if end.outcome in ("refused", "timed out") and self.tap is not None:
            for holder in copied(self.tap.held.values())[:MOST_LINES]:
                add_event(evidence.events, "held-meanwhile", self._places.of(holder.site))
        if end.outcome == "timed out":
            evidence.waited.add(end.at - borrow.asked)

    def stray(self, borrow: Borrow, outcome: Outcome) -> None:
        add_event(self.group.evidence.events, outcome, self._places.of(borrow.site))

    def kept(self, now: float) -> Iterator[Kept]:
        """Yield each connection that is in use now."""
        pool = self.tap.pool() if self.tap else None
        if self.tap is None or pool is None:
            return
        by_key = {id(connection): connection for connection, _ in in_use_and_idle(pool) or ()}
        for key, borrow in copied(self.tap.held.items()):
            by, command = self._keepers.who_keeps(by_key.get(key))
            place = self._places.of(borrow.site)
            yield Kept(place, borrow.who, now - borrow.got, by, command, self.closed)


def settings_of(pool: Any) -> dict[str, Any]:
    """Return the settings of a pool that are worth telling."""
    kwargs = pool.connection_kwargs
    retry = kwargs.get("retry")
    settings = {name: kwargs[name] for name in SETTINGS if kwargs.get(name) is not None}
    settings["max_connections"] = pool.max_connections
    settings["retries"] = getattr(retry, "_retries", 0) if retry else 0
    if hasattr(pool, "timeout"):
        settings["timeout"] = pool.timeout
    settings["unknown"] = sorted(set(kwargs) & {"ssl"})
    return settings


def add_event(events: Events, kind: str, place: Place, detail: str = "", command: str = "") -> None:
    """Count an event. Runs in any thread; a count that two threads raise at the same moment may be one too low."""
    on_line = events.setdefault(kind, {})
    if place not in on_line and len(on_line) >= MOST_LINES:
        place = ELSEWHERE
    event = on_line.setdefault(place, Event())
    event.count += 1
    event.detail = detail or event.detail
    if command:
        event.commands[command] += 1
