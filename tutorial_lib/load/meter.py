"""A stopwatch on one pool: how long each thread waited for connections, and how long it held them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

import redis

from tutorial_lib.pools.tap import undecorated

if TYPE_CHECKING:
    from typing_extensions import Self


class Spent(threading.local):
    """What the current thread has spent at the pool: a list of its own, as its items are quick to reach."""

    def __init__(self) -> None:
        self.sums = [0.0, 0.0, 0]
        """Seconds waited and seconds held, until somebody sets them to 0 again, and the most connections in use at
        any moment when this thread got one."""


_lock = threading.Lock()


def meter_of(pool: redis.ConnectionPool, now: Callable[[], float]) -> Meter:
    """Return the meter that times ``pool`` by this clock already, for another load, or a new one."""
    found = getattr(vars(pool).get("get_connection"), "meter", None)
    return found if isinstance(found, Meter) and found.now is now else Meter(pool, now)


class Meter:
    """Within a ``with`` block, times every borrow from ``pool``, on that instance alone, and keeps only sums.

    Waiting is the time in ``get_connection``: for a free connection, and for opening a new one. Held is the time
    from there to ``release``. It costs about a microsecond per borrow, as nothing is shared between the threads
    but one dict, whose single operations Python makes whole. (``record`` tells the story of each lease, which
    costs more.) Loads that overlap share one: whichever ends last takes it away.
    """

    def __init__(self, pool: redis.ConnectionPool, now: Callable[[], float]) -> None:
        self.here = Spent()
        self.now = now
        self._pool = pool
        self._users = 0
        self._before: dict[str, Any] = {}
        self._covers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        with _lock:
            self._users += 1
            if not self._covers:
                self._cover()
        return self

    def _cover(self) -> None:
        pool, now, here = self._pool, self.now, self.here
        acquire, give_back = functools.partial(undecorated(pool), pool), pool.release
        held_since: dict[object, float] = {}

        @functools.wraps(pool.get_connection)
        def get_connection(*args: Any, **options: Any) -> Any:
            sums = here.sums
            asked = now()
            try:
                connection = acquire(*args, **options)
            except BaseException:
                sums[0] += now() - asked
                raise
            held_since[connection] = got = now()
            sums[0] += got - asked
            if len(held_since) > sums[2]:
                sums[2] = len(held_since)
            return connection

        @functools.wraps(give_back)
        def release(connection: Any) -> None:
            since = held_since.pop(connection, None)
            if since is not None:
                here.sums[1] += now() - since
            give_back(connection)

        get_connection.meter = self  # type: ignore[attr-defined]
        # Somebody else may watch this pool too (record does): what the instance had is put back at the end.
        self._before = {name: vars(pool)[name] for name in ("get_connection", "release") if name in vars(pool)}
        self._covers = {"get_connection": get_connection, "release": release}
        vars(pool).update(self._covers)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _lock:
            self._users -= 1
            own = vars(self._pool)
            # What somebody has put over ours since then stays, and ours below it: the next load uses it again.
            if self._users or any(own.get(name) is not cover for name, cover in self._covers.items()):
                return
            for name in self._covers:
                del own[name]
            own.update(self._before)
            self._covers = {}
