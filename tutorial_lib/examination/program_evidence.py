"""What all processes of a program saw, put together: pools of the same line and settings become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tutorial_lib.examination.evidence import Event, Evidence, PoolEvidence, Recent, ServerSaid, SourceLine


@dataclass
class PoolGroup:
    """All pools that one line made with the same settings, in all processes of the program."""

    evidence: PoolEvidence
    """What they saw, added up. Its own ``recent`` stays empty: moments of two processes don't add up."""
    processes: int = 1
    most_made: int = 0
    """The most of them that one process made."""
    recent: list[Recent] = field(default_factory=list)
    """The last borrows in the process that has the most of them."""


@dataclass
class ProgramEvidence:
    """What all processes of a program saw: what the rules look at."""

    processes: list[Evidence]
    pools: list[PoolGroup] = field(default_factory=list)
    events: dict[str, dict[SourceLine, Event]] = field(default_factory=dict)
    servers: list[ServerSaid] = field(default_factory=list)
    """What servers answered to ``--ask-server``."""
    is_over: bool = False
    """Whether what was watched has ended, as a test has: a connection that is in use then is one that was kept."""

    @property
    def duration(self) -> float:
        """How long the program has run, in seconds: the longest of its processes."""
        return max((process.duration for process in self.processes), default=0.0)

    @property
    def has_users_lines(self) -> bool:
        """Whether any pool was made or used by a line that is in no installed package."""
        return any(
            place.file and not place.package
            for pool in self.pools
            for place in (pool.evidence.made_at, *pool.evidence.lines)
        )

    def of_kind(self, kind: str) -> dict[SourceLine, Event]:
        """Return the events of one kind, of pools and of clients, by their lines."""
        found: dict[SourceLine, Event] = {}
        for events in [self.events, *(pool.evidence.events for pool in self.pools)]:
            _merge_events({kind: found}, {kind: events.get(kind, {})})
        return found


def put_together(
    processes: Iterable[Evidence], servers: Iterable[ServerSaid] = (), is_over: bool = False
) -> ProgramEvidence:
    """Merge what several processes saw. The evidence itself is not changed afterwards."""
    seen = ProgramEvidence(list(processes), servers=list(servers), is_over=is_over)
    by_key: dict[tuple[object, ...], PoolGroup] = {}
    for process in seen.processes:
        _merge_events(seen.events, process.events)
        for pool in process.pools:
            key = (pool.kind, pool.for_asyncio, pool.made_at, str(pool.settings), pool.by_client)
            known = by_key.get(key)
            if known is None:
                known = by_key[key] = PoolGroup(_empty_like(pool), processes=0)
                seen.pools.append(known)
            known.processes += 1
            known.most_made = max(known.most_made, pool.made)
            known.recent = max(known.recent, pool.recent, key=len)
            _merge(known.evidence, pool)
    return seen


def _empty_like(pool: PoolEvidence) -> PoolEvidence:
    known = (pool.kind, pool.for_asyncio, pool.made_at, pool.settings, pool.by_client, pool.package, pool.limit_chosen)
    return PoolEvidence(*known)


def _merge(into: PoolEvidence, pool: PoolEvidence) -> None:
    into.made += pool.made
    into.threads += pool.threads
    into.tasks += pool.tasks
    into.opened += pool.opened
    into.most_in_use = max(into.most_in_use, pool.most_in_use)
    into.waited.merge(pool.waited)
    for place, held in pool.lines.items():
        into.lines.setdefault(place, type(held)()).merge(held)
    for why, lines in pool.no_connection.items():
        into.no_connection.setdefault(why, Counter()).update(lines)
    into.kept += pool.kept
    into.waits = into.waits or pool.waits
    _merge_events(into.events, pool.events)


def _merge_events(into: dict[str, dict[SourceLine, Event]], events: dict[str, dict[SourceLine, Event]]) -> None:
    for kind, by_place in events.items():
        for place, event in by_place.items():
            known = into.setdefault(kind, {}).setdefault(place, Event())
            known.count += event.count
            known.detail = event.detail or known.detail
            known.commands.update(event.commands)
