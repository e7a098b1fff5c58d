"""A stopwatch on one pool: how long each thread waited for connections, and how long it held them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import redis

from tutorial_lib.pools.borrow import Borrow, End, Ended, Held
from tutorial_lib.pools.cover import leave, listen
from tutorial_lib.pools.tap import Listener, Tap

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(slots=True)
class Spent:
    """What one thread has spent at the pool, in seconds, until it is set to 0 again."""

    waited: float = 0.0
    held: float = 0.0
    most_in_use: int = 0
    """The most connections in use at any moment when this thread got one."""


class _SpentByThread(threading.local):
    def __init__(self) -> None:
        self.spent = Spent()


class Meter(Listener):
    """Within a ``with`` block, times every borrow from ``pool`` and keeps only sums, for each thread its own.

    Waiting is the time in ``get_connection``: for a free connection, and for opening a new one. Held is the time
    from there to ``release``.
    """

    def __init__(self, pool: redis.ConnectionPool, clock: Callable[[], float]) -> None:
        self._pool, self._clock = pool, clock
        self._here = _SpentByThread()
        self._held: dict[int, Held] = {}
        self._tap: Tap | None = None

    def __enter__(self) -> Self:
        self._tap = listen(self._pool, self, self._clock)
        self._held = self._tap.held
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tap is not None:
            leave(self._tap, self)

    def spent_here(self) -> Spent:
        """Return what the current thread has spent; it goes on counting."""
        return self._here.spent

    def borrowed(self, held: Held) -> None:
        _, _, asked, _, got, _, _ = held
        spent = self._here.spent
        spent.waited += got - asked
        if len(self._held) > spent.most_in_use:  # Four times as fast as max(), at every call of a load.
            spent.most_in_use = len(self._held)

    def returned(self, ended: Ended) -> None:
        _, _, _, _, got, _, at, _ = ended
        self._here.spent.held += at - got

    def unserved(self, borrow: Borrow, end: End) -> None:
        self._here.spent.waited += end.at - borrow.asked
