"""What a live load can be told while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tutorial_lib.arguments import in_short, not_negative, positive, whole
from tutorial_lib.errors import BadSetting

MOST_LIVE_CONNECTIONS = 100
MOST_LIVE_CALLERS = 100
LONGEST_LIVE_HOLD = 10
LONGEST_ROUND_TRIP = 1
LONGEST_LIVE_TIMEOUT = 20


@dataclass(frozen=True)
class LiveSettings:
    """``callers`` threads, or asyncio tasks with ``tasks``, on a pool of ``limit`` connections, each held for ``hold``
    seconds or so.

    ``round_trip`` is how far away the server seems, in seconds. With ``wait`` the pool is a BlockingConnectionPool, in
    which a caller waits for ``timeout`` seconds at most; without, it is a plain ConnectionPool, which refuses.
    """

    limit: int = 3
    callers: int = 6
    hold: float = 0.5
    round_trip: float = 0.0
    wait: bool = False
    timeout: float = 1.0
    tasks: bool = False

    def __post_init__(self) -> None:
        keep = partial(object.__setattr__, self)
        keep("limit", whole("limit", self.limit, "connections", at_least=1, at_most=MOST_LIVE_CONNECTIONS))
        keep("callers", whole("callers", self.callers, "threads", at_least=1, at_most=MOST_LIVE_CALLERS))
        keep("hold", not_negative("hold", self.hold, "seconds", at_most=LONGEST_LIVE_HOLD))
        keep("round_trip", not_negative("round_trip", self.round_trip, "seconds", at_most=LONGEST_ROUND_TRIP))
        keep("timeout", positive("timeout", self.timeout, "seconds", at_most=LONGEST_LIVE_TIMEOUT))
        if not isinstance(self.wait, bool):
            raise BadSetting(f"wait is {in_short(self.wait)}. Give True for a pool that waits, or False.")
        if not isinstance(self.tasks, bool):
            raise BadSetting(
                f"tasks is {in_short(self.tasks)}. Give True for callers that are asyncio tasks, or False."
            )

    @property
    def of_the_pool(self) -> tuple[object, ...]:
        """What redis-py fixes when a pool is made."""
        return self.limit, self.wait, self.timeout if self.wait else None, self.tasks
