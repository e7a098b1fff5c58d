"""A stopwatch on one pool: how long each call waited for connections, and how long it held them."""

from __future__ import annotations

import math
import threading
from array import array
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import redis

from tutorial_lib.load.report import Seconds
from tutorial_lib.pools.borrow import Borrow, End, Ended, borrow_of
from tutorial_lib.pools.copying import copied
from tutorial_lib.pools.cover import leave, listen
from tutorial_lib.pools.tap import Listener, Tap

if TYPE_CHECKING:
    from typing_extensions import Self


KEEP_EVERY = 0.1
"""How often what was heard is put into an array."""


class Meter(Listener):
    """Within a ``with`` block, writes down every borrow from ``pool``. Afterwards it says what each call spent there.

    Waiting is the time in ``get_connection``: for a free connection, and for opening a new one. Held is the time
    from there to ``release``. It adds up afterwards, because a function of ours at each borrow and each return would
    cost a GET on loopback 3 % of its throughput.
    """

    def __init__(self, pool: redis.ConnectionPool, clock: Callable[[], float]) -> None:
        self._pool, self._clock = pool, clock
        self._ended: deque[Ended] = deque()
        self.returned = self._ended.append  # type: ignore[assignment, method-assign]
        self._numbers: dict[str, int] = {}
        """The number of each thread that borrowed, by its name."""
        self._kept = array("d")
        """Four numbers for each borrow: whose it was, and when it was asked for, got and returned."""
        self._borrows = np.empty((4, 0))
        """The same for all borrows in four rows, once the ``with`` block has ended."""
        self._tap: Tap | None = None
        self._over = threading.Event()
        # A thread of its own works mostly while the users wait for Redis: if they put away what is heard, a GET on
        # loopback would lose 1 % of its throughput. The cell's thread won't do, as an interrupt could come in between.
        self._keeper = threading.Thread(target=self._keep_on, name="meter", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._keeper.start()
            self._tap = listen(self._pool, self, self._clock)
        except BaseException:
            self._over.set()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tap is None:
            return
        self._over.set()  # What the keeper still puts away was returned before now, so it is not in use.
        in_use = self._tap.in_use().values()
        leave(self._tap, self)
        self._keeper.join()
        returned_meanwhile = {borrow_of(ended) for ended in copied(self._ended)}
        self._keep()
        for borrow in in_use:
            if borrow not in returned_meanwhile:
                self._kept.extend((self._number_of(borrow.who), borrow.asked, borrow.got, math.inf))
        self._borrows = np.array(self._kept).reshape(-1, 4).T

    def unserved(self, borrow: Borrow, end: End) -> None:
        """Write down a caller that got no connection as one that waited, and held a connection for no time."""
        self._ended.append((borrow.who, borrow.site, borrow.asked, borrow.queued, end.at, 0, end.at, "returned"))

    def _keep_on(self) -> None:
        while not self._over.wait(KEEP_EVERY):
            self._keep()

    def _keep(self) -> None:
        """Put what was heard into an array, where it takes a seventh of the memory."""
        fresh: list[float] = []
        for _ in range(len(self._ended)):
            who, _, asked, _, got, _, at, _ = self._ended.popleft()
            fresh += self._number_of(who), asked, got, at
        self._kept.fromlist(fresh)

    def _number_of(self, who: str) -> int:
        return self._numbers.setdefault(who, len(self._numbers))

    # -- afterwards

    def most_in_use(self) -> int:
        """Return how many connections were in use at once, at most."""
        _, _, got, returned = self._borrows
        # Returns first: at one and the same moment a connection comes back before it is borrowed again.
        order = np.argsort(np.concatenate([returned, got]), kind="stable")
        return int(np.repeat([-1, 1], len(got))[order].cumsum().max(initial=0))

    def spent(self, who: str, begun: Seconds, ended: Seconds) -> tuple[Seconds, Seconds]:
        """Return how long each call of the thread ``who`` waited for connections, and how long it held them.

        ``begun`` and ``ended`` say when its calls began and ended, one call after the other. A connection that a call
        did not return was held until the call ended. Borrows outside these calls are left out.
        """
        thread, *times = self._borrows
        asked, got, returned = (seconds[thread == self._numbers.get(who)] for seconds in times)
        call = np.searchsorted(begun, asked, side="right") - 1  # The last call that had begun, -1 if none had.
        inside = asked < np.append(ended, -math.inf)[call]
        call, asked, got, returned = call[inside], asked[inside], got[inside], returned[inside]
        waited, held = np.zeros_like(begun), np.zeros_like(begun)
        np.add.at(waited, call, got - asked)
        np.add.at(held, call, np.minimum(returned, ended[call]) - got)
        return waited, held
