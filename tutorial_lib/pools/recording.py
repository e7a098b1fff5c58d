"""record(pool): who borrowed a connection, how long they waited, how long they kept it, and who still has it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

from tutorial_lib.errors import BadSetting
from tutorial_lib.notebook.lines import line_of
from tutorial_lib.pools.borrow import Borrow, End, Ended, Finished, Outcome, Return, borrow_of, finished_of
from tutorial_lib.pools.copying import copied
from tutorial_lib.pools.cover import leave, listen
from tutorial_lib.pools.lease import Lease, Moment, moments
from tutorial_lib.pools.snapshot import AnyPool, check_pool
from tutorial_lib.pools.tap import Listener, Tap, can_wait

if TYPE_CHECKING:
    from typing_extensions import Self

KEPT = 100_000
"""How many finished leases are remembered one by one: about 220 bytes each, 22 MB in total."""

STRAYS_KEPT = 1_000

_NO_NUMBERS: Mapping[int, int] = {}


def record(pool: AnyPool) -> Recording:
    """Record who borrows from ``pool`` and who returns: ``with record(pool) as recording: …``.

    Works for ConnectionPool and BlockingConnectionPool, of redis and of redis.asyncio (a plain ``with`` for those
    too). Only this one pool is recorded, and it is as it was when the block ends. BadSetting if it is not a pool.

    Memory: the last 100,000 finished leases are kept one by one, about 22 MB, and the last 100,000 callers who were
    refused or timed out, as much again if there are so many. Of older ones only the totals remain, and
    ``recording.forgotten`` says of how many leases.
    """
    check_pool(pool)
    return Recording(pool)


class _Heard(Listener):
    """What is kept of what a recording hears."""

    wants_lines = True

    def __init__(self) -> None:
        self.done: deque[Ended] = deque(maxlen=KEPT)
        self.returned = self.done.append  # type: ignore[assignment, method-assign]
        # Not a function written in Python: to call one costs a GET on loopback 1 % of its throughput.
        self.got_none: deque[tuple[Borrow, End]] = deque(maxlen=KEPT)
        self.strays: deque[tuple[Borrow, Outcome]] = deque(maxlen=STRAYS_KEPT)
        self.outcomes: Counter[Outcome] = Counter()
        self.errors: Counter[str] = Counter()
        self.longest_wait = 0.0
        """Of the callers that are no longer waiting, those that are forgotten among them."""

    def finished(self) -> list[Finished]:
        """List the finished borrows that are kept."""
        return [finished_of(ended) for ended in copied(self.done)]

    def waited(self, borrow: Borrow) -> None:
        self.longest_wait = max(self.longest_wait, borrow.waited(until=borrow.got))

    def unserved(self, borrow: Borrow, end: End) -> None:
        self.outcomes[end.outcome] += 1
        self.errors[end.error] += 1
        self.longest_wait = max(self.longest_wait, borrow.waited(until=end.at))
        self.got_none.append((borrow, end))

    def stray(self, borrow: Borrow, outcome: Outcome) -> None:
        self.strays.append((borrow, outcome))


class Recording:
    """What happened at a pool between the beginning and the end of a ``record`` block. Can be read while it runs."""

    def __init__(self, pool: AnyPool) -> None:
        self._pool: AnyPool | None = pool
        self._tap: Tap | None = None
        self._clock = perf_counter
        self._heard = _Heard()
        self.kind = type(pool).__name__
        self.limit: int = pool.max_connections
        self.waits = can_wait(pool)
        """Whether a caller waits at the limit, as in a blocking pool, or is refused."""
        self._open: list[Borrow] = []
        self._waiting: list[Borrow] = []
        self._earlier: set[int] = set()
        self._before: set[tuple[int, float]] = set()
        """The borrows that were not over when the recording began."""
        self._returns_before = self._returns_until = 0
        self._began = self._ended = 0.0

    # -- beginning and end

    def __enter__(self) -> Self:
        if self._pool is None:
            raise BadSetting("This recording is over. Make another: with record(pool) as recording: …")
        self._tap, self._pool = listen(self._pool, self._heard), None
        self._clock = self._tap.clock
        self._returns_before = self._tap.ended()
        self._began = self._clock()
        self._before = {_key(borrow) for borrow in self._tap.in_use().values() if borrow.got < self._began}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tap = self._tap
        if tap is None:
            return
        # In this order: a lease that moves on meanwhile is then found at least once, and _served() drops its double.
        self._ended = self._clock()
        self._waiting, self._open = self._who_waits(), list(tap.in_use().values())
        self._earlier = set(copied(tap.earlier))
        self._tap = None
        leave(tap, self._heard)
        self._returns_until = tap.ended()

    # -- what it says

    @property
    def is_running(self) -> bool:
        """True until the ``with`` block ends."""
        return not self._ended

    @property
    def duration(self) -> float:
        """How long it lasted, or has lasted so far."""
        return (self._ended or self._clock()) - self._began if self._began else 0.0

    @property
    def leases(self) -> list[Lease]:
        """Every borrow that got a connection, in the order in which they were asked for."""
        done, still_open = self._served()
        numbers = _numbers([*(borrow for borrow, _, _ in done), *still_open])
        found = [self._finished(borrow, at, how, numbers) for borrow, at, how in done]
        found += [self._lease(borrow, "still held", self._now(), numbers) for borrow in still_open]
        return sorted(found, key=lambda lease: lease.asked)

    @property
    def unserved(self) -> list[Lease]:
        """Every caller that got no connection: refused, timed out, failed, cancelled, or still waiting at the end."""
        done, still_open = self._served()
        got_none = copied(self._heard.got_none)
        found = [self._lease(borrow, end.outcome, end.at, error=end.error) for borrow, end in got_none]
        moved_on = [*still_open, *(borrow for borrow, *_ in done), *(borrow for borrow, _ in got_none)]
        known = {(borrow.who, borrow.asked) for borrow in moved_on if borrow.queued}
        waiting = [borrow for borrow in self._who_waits() if (borrow.who, borrow.asked) not in known]
        found += [self._lease(borrow, "still waiting", self._now()) for borrow in waiting]
        return sorted(found, key=lambda lease: lease.asked)

    def still_held(self) -> list[Lease]:
        """The leases that were open at the end, or are open now. They are leaks unless they are still needed."""
        return [lease for lease in self.leases if lease.outcome == "still held"]

    def returned_twice(self) -> list[Lease]:
        """The returns of connections that were not in use: mostly a second release of the same one."""
        twice = [borrow for borrow, outcome in copied(self._heard.strays) if outcome == "returned twice"]
        return [self._lease(borrow, "returned", ended=borrow.got) for borrow in twice]

    @property
    def borrowed(self) -> int:
        """How many borrows got a connection."""
        return self.forgotten + sum(len(part) for part in self._served())

    @property
    def forgotten(self) -> int:
        """How many finished leases are no longer kept one by one. Totals include them.

        Read while other threads return connections, it may be a few too many or too few.
        """
        kept = copied(self._heard.done)
        if len(kept) != self._heard.done.maxlen:
            return 0
        returns = self._returns_until if self._tap is None else self._tap.ended()
        known = map(_key, [*self._in_use(), *map(borrow_of, kept)])
        return max(0, returns - self._returns_before - len(kept) - len(self._before.difference(known)))

    @property
    def refused(self) -> int:
        """How many callers an exhausted pool refused at once: MaxConnectionsError."""
        return self._heard.outcomes["refused"]

    @property
    def timed_out(self) -> int:
        """How many callers waited as long as a blocking pool lets them: "No connection available."."""
        return self._heard.outcomes["timed out"]

    @property
    def failed(self) -> int:
        """How many callers met any other error: the server is down, an argument is wrong, the task was cancelled."""
        return self._heard.outcomes["failed"] + self._heard.outcomes["cancelled"]

    @property
    def errors(self) -> dict[str, int]:
        """The errors that callers got instead of a connection: how many of each class."""
        return dict(self._heard.errors)

    @property
    def longest_wait(self) -> float:
        """The longest that a caller waited, with or without success. Opening is not waiting."""
        waits = [lease.waited for lease in [*self.leases, *self.unserved]]
        return max([self._heard.longest_wait, *waits])

    @property
    def peak(self) -> int:
        """The most connections in use at once, those borrowed before the recording included.

        Forgotten leases do not count, unless a caller was refused or timed out: then the peak was the limit.
        """
        if self.refused or self.timed_out:
            return self.limit
        return max(moment.in_use for moment in self.timeline())

    def timeline(self) -> list[Moment]:
        """How many were in use, and how many callers waited, after each change. Forgotten leases are not in it."""
        returned = [at for borrow, at, _ in self._heard.finished() if borrow.got < self._began]
        strays = [borrow for borrow, outcome in copied(self._heard.strays) if outcome == "borrowed earlier"]
        # The last return of each: one that is returned twice went, in between, to a caller that waited before.
        returned += {borrow.connection: borrow.got for borrow in strays}.values()
        earlier_returns = [at - self._began for at in returned if not self._ended or at <= self._ended]
        earlier = len(earlier_returns) + self._never_returned()
        return moments([*self.leases, *self.unserved], earlier, earlier_returns)

    def _never_returned(self) -> int:
        """Count the connections that were in use before the recording and all through it."""
        tap = self._tap
        unheard = self._earlier if tap is None else set(copied(tap.earlier))
        # If it was borrowed later, it had been returned just before we listened.
        done, still_open = self._served()
        borrowed_since = {borrow.connection for borrow in [*still_open, *(borrow for borrow, _, _ in done)]}
        return len([borrow for borrow in self._in_use() if borrow.got < self._began]) + len(unheard - borrowed_since)

    def to_html(self, path: str | Path, title: str = "") -> Path:
        """Write a replay of this recording as one file, which opens offline in any browser. Returns its path.

        BadSetting while the recording runs, or if it is empty or has forgotten leases.
        """
        from tutorial_lib.pools.replay_page import write_page

        return write_page(self, path, title)

    def __repr__(self) -> str:
        return (
            f"Recording(leases={self.borrowed}, refused={self.refused}, timed_out={self.timed_out}, "
            f"peak={self.peak}, still_held={len(self.still_held())})"
        )

    # -- from notes to leases

    def _who_waits(self) -> list[Borrow]:
        return self._waiting if self._tap is None else self._tap.waiting()

    def _in_use(self) -> list[Borrow]:
        return self._open if self._tap is None else list(self._tap.in_use().values())

    def _now(self) -> float:
        return self._ended or self._clock()

    def _served(self) -> tuple[list[Finished], list[Borrow]]:
        """Return the finished and the open leases that began within the recording."""
        still_open = self._in_use()
        doubles = set(map(_key, still_open))
        ended = self._now()
        done = [
            (borrow, at, how)
            for borrow, at, how in self._heard.finished()
            if self._began <= borrow.got <= ended and _key(borrow) not in doubles
        ]
        return done, [borrow for borrow in still_open if borrow.got >= self._began]

    def _finished(self, borrow: Borrow, at: float, how: Return, numbers: Mapping[int, int]) -> Lease:
        outcome: Outcome = "borrowed again" if how == "borrowed again" else "returned"
        return self._lease(borrow, outcome, at, numbers, how=how)

    def _lease(
        self,
        borrow: Borrow,
        outcome: Outcome,
        ended: float,
        numbers: Mapping[int, int] = _NO_NUMBERS,
        error: str = "",
        how: Return = "returned",
    ) -> Lease:
        got = borrow.got if borrow.connection in numbers else ended
        opening = 0.0 if borrow.queued or outcome == "refused" else got - borrow.asked
        return Lease(
            who=borrow.who,
            line=line_of(borrow.site),
            asked=borrow.asked - self._began,
            waited=borrow.waited(until=got),
            opening=opening,
            held=max(0.0, ended - got),
            outcome=outcome,
            connection=numbers.get(borrow.connection),
            error=error,
            was_cut=how in ("closed", "reopened"),
            reopened=how == "reopened",
        )


def _key(borrow: Borrow) -> tuple[int, float]:
    return borrow.connection, borrow.asked


def _numbers(borrows: Sequence[Borrow]) -> dict[int, int]:
    """Number the connections in the order in which they were first borrowed, from 1."""
    in_order = sorted(borrows, key=lambda borrow: borrow.got)
    first_seen = dict.fromkeys(borrow.connection for borrow in in_order)
    return {connection: number for number, connection in enumerate(first_seen, start=1)}
