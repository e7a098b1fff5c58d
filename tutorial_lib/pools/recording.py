"""record(pool): who borrowed a connection, how long they waited, how long they kept it, and who still has it."""

from __future__ import annotations

import itertools
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tutorial_lib.errors import BadSetting
from tutorial_lib.notebook.lines import Line, Site, line_of
from tutorial_lib.pools.anatomy import copied
from tutorial_lib.pools.covers import (
    ASKED,
    CODE,
    CONNECTION,
    ENDED,
    GOT,
    INSTRUCTION,
    KEPT,
    OUTCOME,
    QUEUED,
    WHO,
    RawLease,
    clock,
)
from tutorial_lib.pools.lease import Lease, Moment, Outcome, moments
from tutorial_lib.pools.snapshot import AnyPool, check_pool
from tutorial_lib.pools.tap import Tap, can_wait, listen, stop_listening

if TYPE_CHECKING:
    from typing_extensions import Self

FORGOTTEN_AT_ONCE = 1_000


def record(pool: AnyPool) -> Recording:
    """Record who borrows from ``pool`` and who brings back: ``with record(pool) as recording: …``.

    Works for ConnectionPool and BlockingConnectionPool, of redis and of redis.asyncio (a plain ``with`` for those
    too). Only this one pool is recorded, and it is as it was when the block ends. BadSetting if it is not a pool,
    or is being recorded already; different pools may be recorded at once.

    Memory: the last 100,000 finished leases are kept one by one, about 27 MB, and the last 100,000 callers who were
    turned away, as much again if there are so many. Of older ones only the totals remain; ``recording.forgotten``
    says of how many leases.
    """
    check_pool(pool)
    return Recording(pool)


class Recording:
    """What happened at a pool between the beginning and the end of a ``record`` block. Can be read while it runs."""

    def __init__(self, pool: AnyPool) -> None:
        self._pool: AnyPool | None = pool
        self._tap: Tap | None = None
        self.kind = type(pool).__name__
        self.limit: int = pool.max_connections
        self.waits = can_wait(pool)
        """Whether a caller waits at the limit, as in a blocking pool, or is refused."""
        self.forgotten = 0
        """How many finished leases are no longer kept one by one. Totals include them."""
        self._done: deque[RawLease] = deque()
        self._unserved: deque[RawLease] = deque(maxlen=KEPT)
        self._strays: deque[RawLease] = deque(maxlen=FORGOTTEN_AT_ONCE)
        self._outcomes: Counter[str] = Counter()
        self._open: list[RawLease] = []
        self._asking: list[RawLease] = []
        self._forgetting = threading.Lock()
        self._longest_past_wait = 0.0
        self._earlier: set[int] = set()
        self._began = self._ended = 0.0

    # -- beginning and end

    def __enter__(self) -> Self:
        if self._pool is None:
            raise BadSetting("This recording is over. Make another: with record(pool) as recording: …")
        tap = listen(self._pool)
        began = clock()
        if not tap.claim(self._done):
            stop_listening(tap)
            raise BadSetting(
                "This pool is already being recorded. Read that recording, which can be read while it runs, or end it."
            )
        self._pool, self._tap, self._began = None, tap, began
        tap.unserved, tap.stray, tap.overflow = self._turned_away, self._strays.append, self._forget_oldest
        tap.lines = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tap = self._tap
        if tap is None:
            return
        # In this order: a lease that moves on meanwhile is then found at least once, and _leases() drops its double.
        self._ended = clock()
        self._asking, self._open = copied(tap.asking.values()), copied(tap.held.values())
        self._earlier = set(copied(tap.earlier))
        tap.done, tap.lines = None, False
        tap.forget_recording()
        self._tap = None
        stop_listening(tap)

    def _turned_away(self, lease: RawLease) -> None:
        self._outcomes[lease[OUTCOME]] += 1
        if lease[QUEUED]:
            self._longest_past_wait = max(self._longest_past_wait, lease[ENDED] - lease[ASKED])
        self._unserved.append(lease)

    def _forget_oldest(self) -> None:
        if not self._forgetting.acquire(blocking=False):
            return  # Somebody else is at it.
        try:
            for _ in range(FORGOTTEN_AT_ONCE):
                lease = self._done.popleft()
                if lease[GOT] >= self._began:
                    self.forgotten += 1
                    waited = lease[GOT] - lease[ASKED] if lease[QUEUED] else 0.0
                    self._longest_past_wait = max(self._longest_past_wait, waited)
        finally:
            self._forgetting.release()

    # -- what it says

    @property
    def is_running(self) -> bool:
        """True until the ``with`` block ends."""
        return not self._ended

    @property
    def duration(self) -> float:
        """How long it lasted, or has lasted so far."""
        return (self._ended or clock()) - self._began if self._began else 0.0

    @property
    def leases(self) -> list[Lease]:
        """Every borrow that got a connection, in the order in which they were asked for."""
        done, still_open = self._served()
        numbers = _numbers([*done, *still_open])
        found = [self._lease(raw, raw[OUTCOME] or "returned", numbers) for raw in done]
        found += [self._lease(raw, "still held", numbers) for raw in still_open]
        return sorted(found, key=lambda lease: lease.asked)

    @property
    def turned_away(self) -> list[Lease]:
        """Every caller that got no connection: refused, timed out, failed, cancelled, or still waiting at the end."""
        unserved = copied(self._unserved)
        known = {id(raw) for raw in [*unserved, *itertools.chain(*self._served())]}
        tap = self._tap
        asking = self._asking if tap is None else copied(tap.asking.values())
        found = [self._lease(raw, raw[OUTCOME], {}) for raw in unserved]
        found += [self._lease(raw, "still waiting", {}) for raw in asking if id(raw) not in known]
        return sorted(found, key=lambda lease: lease.asked)

    def still_held(self) -> list[Lease]:
        """The leases that were open at the end, or are open now: leaks, unless somebody still needs them."""
        return [lease for lease in self.leases if lease.outcome == "still held"]

    def returned_twice(self) -> list[Lease]:
        """The returns of connections that nobody had: mostly a second release of the same one."""
        twice = [raw for raw in copied(self._strays) if raw[OUTCOME] == "returned twice"]
        return [self._lease(raw, "returned", {}) for raw in twice]

    @property
    def borrowed(self) -> int:
        """How many borrows got a connection."""
        return self.forgotten + sum(len(part) for part in self._served())

    @property
    def refused(self) -> int:
        """How many callers a full pool turned away at once: MaxConnectionsError."""
        return self._outcomes["refused"]

    @property
    def timed_out(self) -> int:
        """How many callers waited as long as a blocking pool lets them: "No connection available."."""
        return self._outcomes["timed out"]

    @property
    def failed(self) -> int:
        """How many callers met another error: the server is down, or an argument is wrong."""
        return self._outcomes["failed"]

    @property
    def longest_wait(self) -> float:
        """The longest that anybody waited, with or without success. Opening is not waiting."""
        waits = [lease.waited for lease in [*self.leases, *self.turned_away]]
        return max([self._longest_past_wait, *waits])

    @property
    def peak(self) -> int:
        """The most connections in use at once, those borrowed before the recording included.

        Forgotten leases do not count, unless somebody was refused or timed out: then it was the limit.
        """
        if self.refused or self.timed_out:
            return self.limit
        return max(moment.in_use for moment in self.timeline())

    def timeline(self) -> list[Moment]:
        """How many were in use, and how many callers waited, after each change. Forgotten leases are not in it."""
        returned = [raw[ENDED] for raw in copied(self._done) if raw[GOT] < self._began]
        strays = [raw for raw in copied(self._strays) if raw[OUTCOME] == "borrowed earlier"]
        # The last return of each: what comes back twice went in between to somebody who waited before we listened.
        returned += {raw[CONNECTION]: raw[ENDED] for raw in strays}.values()
        earlier_returns = [at - self._began for at in returned if not self._ended or at <= self._ended]
        earlier = len(earlier_returns) + self._never_returned()
        return moments([*self.leases, *self.turned_away], earlier, earlier_returns)

    def _never_returned(self) -> int:
        """Count the connections that were in use before the recording and all through it."""
        tap = self._tap
        known = self._open if tap is None else copied(tap.held.values())
        unheard = self._earlier if tap is None else set(copied(tap.earlier))
        # Who was heard to borrow a connection later shows that it had come back, just before anybody listened.
        borrowed_since = {raw[CONNECTION] for part in self._served() for raw in part}
        return len([raw for raw in known if raw[GOT] < self._began]) + len(unheard - borrowed_since)

    def to_html(self, path: str | Path, title: str = "") -> Path:
        """Write a replay of this recording as one file, which opens offline in any browser. Returns its path.

        BadSetting while the recording runs, or if it is empty or has forgotten leases.
        """
        from tutorial_lib.pools.replay import write_page

        return write_page(self, path, title)

    def __repr__(self) -> str:
        return (
            f"Recording(leases={self.borrowed}, refused={self.refused}, timed_out={self.timed_out}, "
            f"peak={self.peak}, still_held={len(self.still_held())})"
        )

    # -- from notes to leases

    def _served(self) -> tuple[list[RawLease], list[RawLease]]:
        """Return the finished and the open leases that began within the recording."""
        tap = self._tap
        still_open = self._open if tap is None else copied(tap.held.values())
        doubles = {id(raw) for raw in still_open}
        ended = self._ended or clock()
        done = [raw for raw in copied(self._done) if id(raw) not in doubles and raw[GOT] <= ended]
        return [raw for raw in done if raw[GOT] >= self._began], [raw for raw in still_open if raw[GOT] >= self._began]

    def _lease(self, raw: RawLease, outcome: Outcome, numbers: Mapping[int, int]) -> Lease:
        end = self._ended or clock()
        served = raw[CONNECTION] in numbers
        got = end if outcome == "still waiting" else raw[GOT] if served else raw[ENDED]
        ended = got if not served else end if outcome == "still held" else raw[ENDED]
        took = got - raw[ASKED]
        return Lease(
            who=raw[WHO],
            line=_line_of((raw[CODE], raw[INSTRUCTION])),
            asked=raw[ASKED] - self._began,
            waited=took if raw[QUEUED] else 0.0,
            opening=0.0 if raw[QUEUED] or outcome == "refused" else took,
            held=max(0.0, ended - got),
            outcome=outcome,
            connection=numbers.get(raw[CONNECTION]),
        )


@lru_cache(maxsize=1000)
def _line_of(site: Site) -> Line:
    return line_of(site)


def _numbers(leases: Sequence[RawLease]) -> dict[int, int]:
    """Number the connections in the order in which they were first borrowed, from 1."""
    in_order = sorted(leases, key=lambda raw: raw[GOT])
    first_seen = dict.fromkeys(raw[CONNECTION] for raw in in_order)
    return {connection: number for number, connection in enumerate(first_seen, start=1)}
