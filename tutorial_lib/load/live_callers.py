"""Callers that come to a pool again and again until they are stopped, and that move to another pool when told to."""

from __future__ import annotations

import contextlib
import random
import threading
from dataclasses import dataclass, field

import redis

from tutorial_lib.load.live_counts import LiveCounts
from tutorial_lib.pools.cover import leave, listen
from tutorial_lib.pools.tap import Tap

THINK = 0.5
"""Seconds, on average, until a caller comes again, whether it got a connection or not."""


@dataclass(eq=False)
class Stay:
    """The time that callers spend with one pool. ``over`` is set when they are to leave it as soon as they can."""

    pool: redis.ConnectionPool
    tap: Tap
    over: threading.Event = field(default_factory=threading.Event)


class LiveCallers:
    """Threads that borrow, hold for about ``hold`` seconds, send a PING, return, think and come again.

    They hold and think for half to one and a half times as long, at random, so that they do not come in step.
    """

    def __init__(self, counts: LiveCounts, think: float = THINK) -> None:
        self.hold = 0.0
        self._counts = counts
        self._think = think
        self._wanted = 0
        self._running = False
        self._stay: Stay | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: dict[int, threading.Thread] = {}
        self._with: dict[int, Stay] = {}
        """Which stay each caller, by its place, is in now."""

    # -- what they are told

    def use(self, pool: redis.ConnectionPool | None) -> None:
        """Come to ``pool`` from now on. The pool before is disconnected once the last caller has left it."""
        stay = None if pool is None else Stay(pool, listen(pool, self._counts))
        with self._lock:
            before, self._stay = self._stay, stay
            left_alone = before is not None and before not in self._with.values()
        if before is None:
            return
        leave(before.tap, self._counts)
        before.over.set()
        if left_alone:
            before.pool.disconnect()

    def resize(self, number: int) -> None:
        """Let there be ``number`` callers. Those beyond that leave after the visit that they are in."""
        with self._lock:
            self._wanted = number
        self._begin()

    def start(self) -> None:
        """Start the callers. Starting twice does nothing."""
        with self._lock:
            if self._running:
                return
            self._running, self._stop = True, threading.Event()
            if self._stay is not None:
                self._stay.over = threading.Event()
        self._begin()

    def stop(self) -> None:
        """Stop the callers: they return what they hold at once, and send nothing. Does not wait for them."""
        with self._lock:
            self._running = False
            self._stop.set()
            if self._stay is not None:
                self._stay.over.set()

    @property
    def present(self) -> int:
        """How many threads there are now."""
        return len(self._threads)

    def _begin(self) -> None:
        with self._lock:
            if not self._running:
                return
            for place in range(self._wanted):
                if place not in self._threads:
                    name = f"caller {place + 1}"
                    # Daemons, so that they never keep Python from ending.
                    thread = threading.Thread(target=self._live, args=(place,), name=name, daemon=True)
                    self._threads[place] = thread
                    try:
                        thread.start()
                    except BaseException:  # This machine can start no more threads, or the learner interrupts.
                        if thread.ident is None:
                            del self._threads[place]
                        raise

    # -- one caller

    def _live(self, place: int) -> None:
        chance = random.Random(place)
        while self._goes_on(place):
            self._stop.wait(self._think * chance.uniform(0.5, 1.5))
            stay = self._enter(place)
            if stay is not None:
                try:
                    self._visit(stay, chance)
                finally:
                    self._leave(place, stay)

    def _goes_on(self, place: int) -> bool:
        with self._lock:
            if self._running and place < self._wanted:
                return True
            del self._threads[place]  # Under the lock, so that _begin finds it there or starts another.
            return False

    def _enter(self, place: int) -> Stay | None:
        with self._lock:
            if not self._running or self._stay is None:
                return None
            self._with[place] = self._stay
            return self._stay

    def _leave(self, place: int, stay: Stay) -> None:
        with self._lock:
            del self._with[place]
            was_the_last = stay is not self._stay and stay not in self._with.values()
        if was_the_last:
            stay.pool.disconnect()

    def _visit(self, stay: Stay, chance: random.Random) -> None:
        over = stay.over
        try:
            connection = stay.pool.get_connection()
        except (redis.RedisError, OSError) as error:
            if not over.is_set():
                self._counts.note_error(error)
            return
        try:
            if over.wait(self.hold * chance.uniform(0.5, 1.5)):
                return
            connection.send_command("PING")
            connection.read_response()
        except (redis.RedisError, OSError) as error:
            if not over.is_set():
                self._counts.note_failure(error)
            with contextlib.suppress(redis.RedisError, OSError):
                connection.disconnect()  # A reply that comes late must not reach the next caller.
        else:
            self._counts.note_done()
        finally:
            stay.pool.release(connection)
