"""What is heard at one pool, added up: how long each line kept connections, who got none, what happened."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from types import FrameType
from typing import Any

from tutorial_lib.examination.evidence import MOST_LINES, Event, Kept, PoolEvidence, SourceLine, Times
from tutorial_lib.examination.hidden import in_error
from tutorial_lib.examination.keepers import ConnectionState, Keepers
from tutorial_lib.examination.source_lines import ELSEWHERE, Origins, SourceLines
from tutorial_lib.notebook.lines import Site
from tutorial_lib.pools.anatomy import in_use_and_idle
from tutorial_lib.pools.borrow import Borrow, End, Ended, Held, Outcome
from tutorial_lib.pools.cover import listen
from tutorial_lib.pools.tap import Listener, Tap

MOST_RECENT = 400
"""Borrows that are kept one by one for each kind of pool."""
MOST_PENDING = 100
"""Borrows that wait to be added up, if no command is sent meanwhile."""
LONG_BLOCK = 0.2
"""Seconds that a blocking command must keep its connection before it counts as blocking."""


Events = dict[str, dict[SourceLine, Event]]


class Group:
    """The pools that share one entry of the evidence."""

    def __init__(self, evidence: PoolEvidence, places: SourceLines) -> None:
        self.evidence = evidence
        self.pending: deque[Ended] = deque()
        """Borrows that are over, and not yet added up."""
        self.recent: deque[tuple[Any, ...]] = deque(maxlen=MOST_RECENT)
        """The last borrows: the fields of each, when it ended, and how."""
        self._times: dict[tuple[int, int], Times] = {}
        """How long each line kept connections, by the ``id`` of its code and the instruction."""
        self._places = places
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

    def add_up(self) -> None:
        """Add the borrows that are over to the evidence. Threads may do so at once: each takes what it adds."""
        while True:
            try:
                ended = self.pending.popleft()
            except IndexError:
                return
            self.recent.append(ended)
            _, site, _, _, got, _, at, _ = ended
            # By the id of the code, which SourceLines keeps alive: to find the line by its words takes ten times as
            # long.
            code, instruction = site
            times = self._times.get((id(code), instruction)) or self._times_of(site)
            times.add(at - got)

    def _times_of(self, site: Site) -> Times:
        """Return how long a line kept connections, as the evidence has it."""
        place, lines = self._places.of(site), self.evidence.lines
        times = lines.setdefault(place if place in lines or len(lines) < MOST_LINES else ELSEWHERE, Times())
        if place != ELSEWHERE and len(self._times) < MOST_LINES:
            code, instruction = site
            self._times[id(code), instruction] = times
        return times


class Notes(Listener):
    """What is heard at one pool, for its group, which adds up a borrow a little after it is over."""

    wants_lines = True

    def __init__(self, group: Group, keepers: Keepers, origins: Origins, places: SourceLines) -> None:
        self.group = group
        self.closed = False
        self.states: dict[int, ConnectionState] = {}
        """What was sent on each of its connections, by the connection's ``id``."""
        self.tap: Tap | None = None
        self.held: dict[int, Held] = {}
        """The tap's own: what is in use now."""
        self._keepers = keepers
        self._origins = origins
        self._places = places

    def listen_to(self, pool: Any) -> None:
        """Hear from now on what happens at the pool."""
        self.tap = listen(pool, self)
        self.held = self.tap.held

    def note(self, kind: str, frame: FrameType | None, detail: str = "", command: str = "") -> None:
        """Note that something happened to this pool on the user's line that led to ``frame``."""
        add_event(self.group.evidence.events, kind, self._places.of(self._origins.site_of(frame)), detail, command)

    def site_of_task(self, task: asyncio.Task[Any]) -> Site:
        return self._origins.of(task)

    def waited(self, borrow: Borrow) -> None:
        self.group.evidence.waited.add(borrow.got - borrow.asked)

    def returned(self, ended: Ended) -> None:
        group = self.group
        group.pending.append(ended)
        if len(self.held) >= group.evidence.most_in_use:  # Without this borrow, which was in use until now.
            group.evidence.most_in_use = len(self.held) + 1
        _, _, _, _, _, connection, _, _ = ended
        state = self.states.get(connection)
        if state is not None and (state.unanswered or state.may_block_for is not None):
            self._look_closer(state, ended)
        if len(group.pending) >= MOST_PENDING:
            group.add_up()

    def count_in_use(self) -> None:
        """Note how many are in use now. Each return notes how many there were until then, so no peak is missed."""
        evidence = self.group.evidence
        evidence.most_in_use = max(evidence.most_in_use, len(self.held))

    def _look_closer(self, state: ConnectionState, ended: Ended) -> None:
        _, site, _, _, got, _, at, _ = ended
        events, place = self.group.evidence.events, self._places.of(site)
        if state.unanswered:
            state.unanswered = 0
            add_event(events, "unread-reply", place, command=state.command)
        if state.may_block_for is not None:
            if at - got > LONG_BLOCK:
                add_event(events, "blocked", place, command=state.command)
            state.may_block_for = None

    def unserved(self, borrow: Borrow, end: End) -> None:
        evidence = self.group.evidence
        self.group.recent.append((*borrow, end.at, end.outcome))
        why: str = end.outcome
        if why == "failed":
            why = f"{end.error}: {in_error(sys.exc_info()[1])}"
        evidence.no_connection.setdefault(why, Counter())[self._places.of(borrow.site)] += 1
        if end.outcome in ("refused", "timed out") and self.tap is not None:
            for holder in islice(self.tap.in_use().values(), MOST_LINES):
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
        for key, borrow in self.tap.in_use().items():
            by, command = self._keepers.who_keeps(by_key.get(key))
            place = self._places.of(borrow.site)
            yield Kept(place, borrow.who, now - borrow.got, by, command, self.closed)


def add_event(events: Events, kind: str, place: SourceLine, detail: str = "", command: str = "") -> None:
    """Count an event. Runs in any thread; a count that two threads raise at the same moment may be one too low."""
    on_line = events.setdefault(kind, {})
    if place not in on_line and len(on_line) >= MOST_LINES:
        place = ELSEWHERE
    event = on_line.setdefault(place, Event())
    event.count += 1
    event.detail = detail or event.detail
    if command:
        event.commands[command] += 1
