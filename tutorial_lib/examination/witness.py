"""Who watches a program's pools: a tap on each pool, and what it hears added up, pool by pool and line by line."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from time import perf_counter as clock
from time import time
from types import FrameType
from typing import Any, NamedTuple

import redis
import redis.asyncio

from tutorial_lib.examination.evidence import MOST_LINES, Evidence, PoolEvidence, Recent, SourceLine
from tutorial_lib.examination.hidden import in_error
from tutorial_lib.examination.keepers import ConnectionState, Keepers, state_of
from tutorial_lib.examination.notes import Events, Group, Notes, add_event
from tutorial_lib.examination.source_lines import ELSEWHERE, Origins, SourceLines, package_at
from tutorial_lib.pools.anatomy import in_use_and_idle
from tutorial_lib.pools.borrow import Borrow, finished_of
from tutorial_lib.pools.copying import copied
from tutorial_lib.pools.cover import leave

SETTINGS_TOLD = (
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
MAY_BE_TOLD = frozenset(SETTINGS_TOLD) | {"max_connections", "timeout"}
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

SILENT = ("hand", "pubsub idle")
"""Who keeps a connection, and waits for nothing: code between two commands, or that has leaked it, and a listener that
has unsubscribed. Nobody notices when it is closed, and the next command opens it again."""

WITH_RECENT = 10
"""Kinds of pools whose last borrows are told: those with the most. That bounds a file at about 1 MB."""


class Witness:
    """Everything that one process has seen of its pools. ``attach`` tells it; ``evidence()`` says it."""

    def __init__(self) -> None:
        self.keepers = Keepers()
        self.origins = Origins()
        self._places = SourceLines()
        self._pools: weakref.WeakKeyDictionary[Any, Notes] = weakref.WeakKeyDictionary()
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._began, self._began_at = clock(), time()
        self._groups: dict[tuple[Any, ...], Group] = {}
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
            if notes.tap is not None:  # What the parent has borrowed is not the child's to return.
                notes.tap.earlier |= set(notes.tap.held)
                notes.tap.held.clear()
            for connection, in_use in in_use_and_idle(pool) or ():
                state = state_of(connection)
                if state is not None and in_use:
                    state.inherited = True

    # -- what attach tells

    def pool_made(self, pool: Any, frame: FrameType | None, by_client: bool, limit_chosen: bool = False) -> None:
        """Note a new pool, and listen to it."""
        with self._lock:
            made = Made(self._places.of(self.origins.site_of(frame)), by_client, package_at(frame), limit_chosen)
            group = self._group_of(pool, made)
            notes = self._pools[pool] = Notes(group, self.keepers, self.origins, self._places)
        group.add()
        notes.listen_to(pool)

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

    def _group_of(self, pool: Any, made: Made) -> Group:
        settings, place = settings_of(pool), made.at
        key: tuple[Any, ...] = (place, type(pool).__name__, made.by_client, *map(str, settings.values()))
        if key not in self._groups and len(self._groups) >= MOST_LINES:
            key, place = (ELSEWHERE,), ELSEWHERE
        if key not in self._groups:
            is_async = isinstance(pool, redis.asyncio.ConnectionPool)
            how = (made.by_client, made.package, made.limit_chosen)
            evidence = PoolEvidence(type(pool).__name__, is_async, place, settings, *how)
            self._groups[key] = Group(evidence, self._places)
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
            inner._examined = notes.states[id(connection)] = ConnectionState(notes, id(connection))

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
        connections = [connection for connection, _ in in_use_and_idle(pool) or ()]
        for connection in connections:
            state = state_of(connection)
            if state is not None:
                state.closed_on_purpose = True
        if those_in_use:
            held = notes.tap.held if notes.tap else {}
            kept_by = [self.keepers.who_keeps(each)[0] for each in connections if id(each) in held]
            if in_use := [by for by in kept_by if by not in SILENT]:
                notes.note("closed-under-others", frame, f"{len(in_use)} in use")
        notes.closed = those_in_use

    def client_dropped(self, pool: Any) -> None:
        """Note that an asyncio client is gone. Nothing closes the pool that it made for itself, if it has not."""
        notes = self._pools.get(pool)
        if notes is None or not notes.group.evidence.by_client:
            return
        if any(connection.is_connected for connection, _ in in_use_and_idle(pool) or ()):
            evidence = notes.group.evidence
            add_event(evidence.events, "dropped-unclosed", evidence.made_at)

    @staticmethod
    def opened(state: ConnectionState, frame: FrameType | None) -> None:
        """Note that a connection was opened, perhaps again."""
        notes = state.notes
        notes.group.evidence.opened += 1
        state.opened += 1
        if state.opened > 1:
            kind = "reopened after close" if state.closed_on_purpose else "reconnected"
            notes.note(kind, frame)
        state.closed_on_purpose = False
        is_for_a_new_borrow = notes.tap is not None and state.connection not in notes.tap.held
        if notes.closed and is_for_a_new_borrow:
            notes.closed = False
            notes.note("used-after-close", frame)

    @staticmethod
    def sent_again(state: ConnectionState, command: str, frame: FrameType | None) -> None:
        """Note that a command was sent a second time, after its reply did not come."""
        state.notes.note("sent-again", frame, command=command)
        if command in NOT_TWICE:
            state.notes.note("duplicated-write", frame, command=command)

    @staticmethod
    def reply_failed(state: ConnectionState, error: BaseException, frame: FrameType | None) -> None:
        """Note that a reply did not come, and why."""
        notes = state.notes
        if isinstance(error, redis.TimeoutError):
            state.closed_on_purpose = True  # By redis-py, in a moment: the server does not close it.
        if state.command in HANDSHAKE:  # A connection that cannot be opened: the caller gets none, which is noted then.
            if isinstance(error, redis.TimeoutError):
                notes.note("timeout-opening", frame)
            return
        if isinstance(error, asyncio.CancelledError):
            notes.note("cancelled", frame, command=state.command)
        elif isinstance(error, redis.TimeoutError):
            notes.note(
                "blocked-too-long" if state.may_block_for is not None else "timeout", frame, command=state.command
            )
        elif isinstance(error, redis.ConnectionError | OSError):
            notes.note("lost", frame, in_error(error), state.command)
        elif isinstance(error, RuntimeError):
            notes.note("two-loops", frame, in_error(error), state.command)

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
            group.add_up()
            group.evidence.kept, group.evidence.recent = [], []
        for group in sorted(groups, key=lambda group: -len(group.recent))[: WITH_RECENT if recent else 0]:
            group.evidence.recent = [self._told(*finished_of(ended)) for ended in copied(group.recent)]
        for notes in everyone:
            evidence_of_pool = notes.group.evidence
            evidence_of_pool.kept += notes.kept(now)
            notes.count_in_use()
            if evidence_of_pool.recent and notes.tap is not None:
                evidence_of_pool.recent += [
                    self._told(borrow, now, "still held") for borrow in notes.tap.in_use().values()
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

    at: SourceLine
    by_client: bool
    package: str
    limit_chosen: bool


def settings_of(pool: Any) -> dict[str, Any]:
    """Return the settings of a pool that are worth telling."""
    kwargs = pool.connection_kwargs
    retry = kwargs.get("retry")
    settings = {name: kwargs[name] for name in SETTINGS_TOLD if kwargs.get(name) is not None}
    settings["max_connections"] = pool.max_connections
    settings["retries"] = getattr(retry, "_retries", 0) if retry else 0
    if hasattr(pool, "timeout"):
        settings["timeout"] = pool.timeout
    settings["unknown"] = sorted(set(kwargs) & {"ssl"})
    return settings
