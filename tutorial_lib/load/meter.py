"""A stopwatch on one pool: how long each call waited for connections, and how long it held them."""

from __future__ import annotations

import math
import threading
from array import array
from collections import defaultdict, deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import redis

from tutorial_lib.load.report import Seconds
from tutorial_lib.pools.borrow import Borrow, End, Ended, borrow_of
from tutorial_lib.pools.cover import leave, listen, tap_of
from tutorial_lib.pools.tap import Listener, Tap

if TYPE_CHECKING:
    from typing_extensions import Self

PUT_AWAY_EVERY = 0.1
"""What was heard in so many seconds is put away at once."""


class Meter(Listener):
    """Within a ``with`` block, writes down every borrow from ``pool``. Afterwards it says what each call spent there.

    Waiting is the time in ``get_connection``: for a free connection, and for opening a new one. Held is the time
    from there to ``release``. The sums are made afterwards, because a Python function that is called at each borrow and
    each return costs a GET on loopback 3 % of its throughput. Memory: 24 bytes for each borrow.
    """

    def __init__(self, pool: redis.ConnectionPool, clock: Callable[[], float]) -> None:
        self._pool, self._clock = pool, clock
        self._heard: deque[Ended] = deque()
        self.returned = self._heard.append  # type: ignore[assignment, method-assign]
        self._borrows: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        """Three numbers for each borrow of a thread: when it asked, got its connection and returned it. By its name."""
        self._over = threading.Event()

    def __enter__(self) -> Self:
        try:
            self._tap = listen(self._pool, self, self._clock)
            # A thread of its own: in the users' threads this would cost a GET 1 % of its throughput, and in the cell's
            # thread an interrupt could come in the middle of it.
            self._writer = threading.Thread(target=self._write, args=[self._tap], name="meter", daemon=True)
            self._writer.start()
        except BaseException:
            self._over.set()
            if tap := tap_of(self._pool):  # An interrupt may come when listen() has just done its work.
                leave(tap, self)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._writer.join()

    def thread_name(self) -> str:
        """Return the name under which the borrows of the current thread are written down."""
        return self._tap.name_here()

    def unserved(self, borrow: Borrow, end: End) -> None:
        """Write down a caller that got no connection as one that waited, and held a connection for no time."""
        self._heard.append((borrow.who, borrow.site, borrow.asked, borrow.queued, end.at, 0, end.at, "returned"))

    # -- the thread that writes

    def _write(self, tap: Tap) -> None:
        while not self._over.wait(PUT_AWAY_EVERY):
            self._put_away(self._taken())
        in_use = tap.in_use().values()
        leave(tap, self)
        last = self._taken()
        self._put_away(last)
        returned_meanwhile = {borrow_of(ended) for ended in last} if in_use else set()
        for borrow in in_use:
            if borrow not in returned_meanwhile:
                self._borrows[borrow.who].extend((borrow.asked, borrow.got, math.inf))

    def _taken(self) -> list[Ended]:
        return [self._heard.popleft() for _ in range(len(self._heard))]

    def _put_away(self, heard: list[Ended]) -> None:
        """Put what was heard into arrays, where it takes a ninth of the memory."""
        by_thread: defaultdict[str, list[float]] = defaultdict(list)
        for who, _, asked, _, got, _, at, _ in heard:
            by_thread[who] += asked, got, at
        for who, times in by_thread.items():
            self._borrows[who].fromlist(times)

    # -- afterwards

    def most_in_use(self) -> int:
        """Return how many connections were in use at once, at most."""
        borrows = np.concatenate([np.empty(0), *self._borrows.values()]).reshape(-1, 3)
        got, returned = np.sort(borrows[:, 1]), np.sort(borrows[:, 2])
        # In use when the nth was got: n, less those that were back by that time.
        in_use = np.arange(1, len(got) + 1) - np.searchsorted(returned, got, side="right")
        return int(in_use.max(initial=0))

    def spent(self, who: str, begun: Seconds, ended: Seconds) -> tuple[Seconds, Seconds]:
        """Return how long each call of a thread waited for connections, and how long it held them.

        ``who`` is the thread's ``thread_name()``; ``begun`` and ``ended`` say when its calls began and ended, one after
        the other. A connection that a call did not return was held until the call ended. Borrows outside these calls
        are left out.
        """
        waited, held = np.zeros_like(begun), np.zeros_like(begun)
        if not len(begun):
            return waited, held
        asked, got, returned = np.array(self._borrows[who]).reshape(-1, 3).T
        call = np.searchsorted(begun, asked, side="right") - 1  # The last call that had begun, -1 if none had.
        inside = (call >= 0) & (asked < ended[call])
        call, asked, got, returned = call[inside], asked[inside], got[inside], returned[inside]
        np.add.at(waited, call, got - asked)
        np.add.at(held, call, np.minimum(returned, ended[call]) - got)
        return waited, held
