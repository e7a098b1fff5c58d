"""What one process saw of its pools: plain data that is counted while the program runs and written down as JSON.

Everything is bounded. Pools that the same line makes with the same settings share one entry, lines beyond MOST_LINES
are counted together, and a wait is kept in a histogram.

The classes have no ``__eq__`` and ``__repr__``: those take most of the time in which a dataclass is made, and the
program under examine imports them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from math import frexp, ldexp
from typing import Any, NamedTuple

from tutorial_lib.pools.copying import copied

MOST_LINES = 500
"""Lines, and kinds of pools, that are told apart in one process. The rest is counted as one."""


class SourceLine(NamedTuple):
    """A line of code: the whole path of its file, the number, the function and the text.

    Unlike a recording's Line, which names the file or cell as a learner knows it, it is found again in other processes.
    """

    file: str = ""
    line: int = 0
    function: str = ""
    text: str = ""
    package: str = ""
    """The installed package whose line it is; "" for the user's own lines."""

    def __str__(self) -> str:
        inside = f", in {self.function}()" if self.function.isidentifier() else ""
        return f"{self.file}:{self.line}{inside}" if self.file else "an unknown line"


@dataclass(eq=False, repr=False)
class Times:
    """How long something took, many times: the count, the sum and the longest in seconds, and a histogram.

    A bucket holds times up to ``2 ** bucket`` milliseconds, so a percentile is at most twice the true one.
    """

    count: int = 0
    total: float = 0.0
    longest: float = 0.0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, seconds: float) -> None:
        self.count += 1
        self.total += seconds
        if seconds > self.longest:
            self.longest = seconds
        bucket = frexp(seconds * 1000)[1] if seconds > 0 else -20
        try:
            self.buckets[bucket] += 1
        except KeyError:
            self.buckets[bucket] = 1

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    def percentile(self, share: float) -> float:
        """Return a time that ``share`` of all (0.99, say) did not exceed: the upper end of its bucket."""
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= share * self.count:
                return min(ldexp(1, bucket) / 1000, self.longest)
        return self.longest

    def merge(self, other: Times) -> None:
        self.count += other.count
        self.total += other.total
        self.longest = max(self.longest, other.longest)
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count


@dataclass(eq=False, repr=False)
class Kept:
    """A connection that is in use now: who borrowed it on which line, how long ago, and what keeps it."""

    place: SourceLine
    who: str
    age: float
    by: str
    """``hand``, ``command``, ``pubsub``, ``watch`` or ``monitor``, and then ``generator`` or ``exception`` if one keeps
    that."""
    command: str = ""
    """The last command that was sent on it."""
    closed: bool = False
    """Whether the pool has been closed since, and with it this connection."""


@dataclass(eq=False, repr=False)
class Recent:
    """One of the last borrows. Times are seconds since the process was first watched."""

    who: str
    place: SourceLine
    asked: float
    waited: float
    opening: float
    held: float
    outcome: str
    """How it came back, or why there was no connection: a Return or an Outcome of ``pools.borrow``."""
    connection: int
    """The connection's ``id``; 0 for a caller that got none."""


@dataclass(eq=False, repr=False)
class PoolEvidence:
    """All pools that one line made with the same settings, in one process."""

    kind: str
    for_asyncio: bool
    made_at: SourceLine
    settings: dict[str, Any]
    by_client: bool = False
    """Whether a client made the pool for itself."""
    package: str = ""
    """The installed package that made it, perhaps because a line of the user's called it: django, kombu."""
    limit_chosen: bool = False
    """Whether its limit was given as an argument, and is not redis-py's own."""
    waits: bool = False
    """Whether it was used for subscriptions or blocking commands, which need a pool of their own."""
    made: int = 0
    threads: int = 0
    tasks: int = 0
    """How many threads, and how many asyncio tasks, made them."""
    opened: int = 0
    most_in_use: int = 0
    """The most connections of one of them in use at the same moment."""
    waited: Times = field(default_factory=Times)
    """The borrows that had to wait, served or not."""
    lines: dict[SourceLine, Times] = field(default_factory=dict)
    """How long each line that borrowed kept its connection."""
    no_connection: dict[str, Counter[SourceLine]] = field(default_factory=dict)
    """Callers that got no connection: by ``refused``, ``timed out``, ``cancelled`` or the error, then by line."""
    kept: list[Kept] = field(default_factory=list)
    recent: list[Recent] = field(default_factory=list)
    """The last borrows, for the replay."""
    events: dict[str, dict[SourceLine, Event]] = field(default_factory=dict)

    @property
    def limit(self) -> int:
        return int(self.settings["max_connections"])

    @property
    def held(self) -> Times:
        """How long connections were kept, whichever line borrowed them."""
        together = Times()
        for times in self.lines.values():
            together.merge(times)
        return together

    @property
    def borrows(self) -> int:
        """How many connections were borrowed, those that are in use now among them."""
        return self.held.count + len(self.kept)

    def count(self, outcome: str) -> int:
        """Return how many callers got no connection for this reason."""
        return sum(self.no_connection.get(outcome, Counter()).values())


@dataclass(eq=False, repr=False)
class ServerSaid:
    """What a server answered to ``--ask-server``, or why it did not."""

    address: str
    maxclients: int = 0
    clients: int = 0
    """How many were connected then."""
    trouble: str = ""


def address_of(settings: dict[str, Any]) -> str:
    """Return where the server is that a pool's settings name."""
    return str(settings.get("path") or f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}")


@dataclass(eq=False, repr=False)
class Event:
    """What happened on one line, and how often. ``detail`` is that of the last time."""

    count: int = 0
    detail: str = ""
    commands: Counter[str] = field(default_factory=Counter)


@dataclass(eq=False, repr=False)
class Evidence:
    """What one process saw."""

    pid: int
    parent: int
    program: str
    redis_py: str
    began: float = 0.0
    """When it was first watched, in seconds since 1970."""
    duration: float = 0.0
    pools: list[PoolEvidence] = field(default_factory=list)
    events: dict[str, dict[SourceLine, Event]] = field(default_factory=dict)
    """What concerns no pool that is known: arguments of a client, say."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        result: dict[str, Any] = _plain(self)
        return result

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Evidence:
        """Make it again from what ``to_json`` returned."""
        pools = [_pool(pool) for pool in data["pools"]]
        return cls(**{**data, "pools": pools, "events": _events(data["events"])})


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it. A dict whose keys are lines becomes a list of pairs."""
    if isinstance(value, SourceLine):
        return value._asdict()
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        # Copied first: the program goes on meanwhile.
        pairs = copied(value.items())
        if any(isinstance(key, SourceLine) for key, _ in pairs):
            return [[_plain(key), _plain(each)] for key, each in pairs]
        return {str(key): _plain(each) for key, each in pairs}
    if isinstance(value, list):
        return [_plain(each) for each in copied(value)]
    return value


def _by_place(pairs: Iterable[Any]) -> dict[SourceLine, Any]:
    return {SourceLine(**place): value for place, value in (pairs or ())}


def _times(data: dict[str, Any]) -> Times:
    return Times(**{**data, "buckets": {int(bucket): count for bucket, count in data["buckets"].items()}})


def _events(data: dict[str, Any]) -> dict[str, dict[SourceLine, Event]]:
    return {
        kind: {
            place: Event(event["count"], event["detail"], Counter(event["commands"]))
            for place, event in _by_place(pairs).items()
        }
        for kind, pairs in data.items()
    }


def _pool(data: dict[str, Any]) -> PoolEvidence:
    return PoolEvidence(
        **{
            **data,
            "made_at": SourceLine(**data["made_at"]),
            "waited": _times(data["waited"]),
            "lines": {place: _times(times) for place, times in _by_place(data["lines"]).items()},
            "no_connection": {why: Counter(_by_place(pairs)) for why, pairs in data["no_connection"].items()},
            "recent": [Recent(**{**recent, "place": SourceLine(**recent["place"])}) for recent in data["recent"]],
            "kept": [Kept(**{**kept, "place": SourceLine(**kept["place"])}) for kept in data["kept"]],
            "events": _events(data["events"]),
        }
    )
