"""The callers of ``live_callers`` as asyncio tasks: all in one event loop, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import redis
import redis.asyncio

from tutorial_lib.load.live_callers import THINK
from tutorial_lib.load.live_counts import LiveCounts
from tutorial_lib.network.loop import LoopThread
from tutorial_lib.pools.cover import leave, listen
from tutorial_lib.pools.tap import Tap

LOOP = "loop of the callers"
"""What the thread is called."""

LOOP_ENDS_WITHIN = 5.0
"""Seconds in which the loop ends. Its tasks are cancelled, so it takes no longer than a connection takes to close."""


@dataclass(eq=False)
class TaskStay:
    """The time that tasks spend with one pool. ``over`` is set when they are to leave it as soon as they can."""

    pool: redis.asyncio.ConnectionPool
    tap: Tap
    over: asyncio.Event = field(default_factory=asyncio.Event)
    callers: int = 0


class LiveTasks:
    """Tasks that borrow, hold for about ``hold`` seconds, send a PING, return, think and come again.

    They are told the same as ``LiveCallers``, from any thread but the loop's. The loop lives as long as there is a
    pool to come to, because a connection belongs to the loop that opened it.
    """

    def __init__(self, counts: LiveCounts, think: float = THINK) -> None:
        self.hold = 0.0
        self._counts = counts
        self._think = think
        self._wanted = 0
        self._running = False
        self._lock = threading.Lock()
        self._loop: LoopThread | None = None
        # From here on for the loop's thread only, so no lock is needed.
        self._stay: TaskStay | None = None
        self._stop = asyncio.Event()
        self._tasks: dict[int, asyncio.Task[None]] = {}

    # -- what they are told

    def use(self, pool: redis.asyncio.ConnectionPool | None) -> None:
        """Come to ``pool`` from now on. The pool before is disconnected once the last caller has left it."""
        with self._lock:
            if pool is not None:
                self._loop = self._loop or LoopThread(LOOP)
                self._loop.run(self._move(TaskStay(pool, listen(pool, self._counts))))
            elif self._loop is not None:
                loop, self._loop = self._loop, None
                loop.close(self._end(), within=LOOP_ENDS_WITHIN)

    def resize(self, number: int) -> None:
        """Let there be ``number`` callers. Those beyond that leave after the visit that they are in."""
        self._wanted = number
        self._do(self._begin)

    def start(self) -> None:
        """Start the callers. Starting twice does nothing."""
        self._do(self._start)

    def stop(self) -> None:
        """Stop the callers: they return what they hold at once, and send nothing. Does not wait for them."""
        self._do(self._halt)

    @property
    def present(self) -> int:
        """How many tasks there are now."""
        return len(self._tasks)

    def _do(self, act: Callable[[], None]) -> None:
        async def in_the_loop() -> None:
            act()

        with self._lock:
            if self._loop is None:
                act()  # There is no task, so it only notes what it is told.
            else:
                self._loop.run(in_the_loop())

    # -- the same, in the loop

    async def _move(self, stay: TaskStay) -> None:
        before, self._stay = self._stay, stay
        if before is None:
            self._stop = asyncio.Event()  # An Event belongs to the loop in which it was first waited for.
        else:
            leave(before.tap, self._counts)
            before.over.set()
            await self._close_if_left(before)
        self._begin()

    async def _close_if_left(self, stay: TaskStay) -> None:
        if stay is not self._stay and not stay.callers:
            await stay.pool.disconnect()

    def _begin(self) -> None:
        if self._running and self._stay is not None:
            for place in range(self._wanted):
                if place not in self._tasks:
                    self._tasks[place] = asyncio.create_task(self._live(place), name=f"caller {place + 1}")

    def _start(self) -> None:
        if not self._running:
            self._running, self._stop = True, asyncio.Event()
            if self._stay is not None:
                self._stay.over = asyncio.Event()
        self._begin()

    def _halt(self) -> None:
        self._running = False
        self._stop.set()
        if self._stay is not None:
            self._stay.over.set()

    async def _end(self) -> None:
        stay, self._stay = self._stay, None
        if stay is not None:
            leave(stay.tap, self._counts)  # Before the tasks are cancelled: that is no failure.
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if stay is not None:
            await self._close_if_left(stay)

    # -- one caller

    async def _live(self, place: int) -> None:
        chance = random.Random(place)
        try:
            while self._running and place < self._wanted:
                await _happens_within(self._think * chance.uniform(0.5, 1.5), self._stop)
                if self._running and self._stay is not None:
                    await self._visit(self._stay, chance)
        finally:
            del self._tasks[place]

    async def _visit(self, stay: TaskStay, chance: random.Random) -> None:
        stay.callers += 1
        try:
            await self._borrow(stay.pool, stay.over, chance)
        finally:
            stay.callers -= 1
            await self._close_if_left(stay)

    async def _borrow(self, pool: redis.asyncio.ConnectionPool, over: asyncio.Event, chance: random.Random) -> None:
        try:
            connection = await pool.get_connection()
        except (redis.RedisError, OSError) as error:
            if not over.is_set():
                self._counts.note_error(error)
            return
        try:
            if await _happens_within(self.hold * chance.uniform(0.5, 1.5), over):
                return
            await connection.send_command("PING")
            await connection.read_response()
        except (redis.RedisError, OSError) as error:
            if not over.is_set():
                self._counts.note_failure(error)
            with contextlib.suppress(redis.RedisError, OSError):
                await connection.disconnect()  # A reply that comes late must not reach the next caller.
        else:
            self._counts.note_done()
        finally:
            await pool.release(connection)


async def _happens_within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for ``event``, for ``seconds`` at most, and say whether it has happened."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
