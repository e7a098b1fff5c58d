"""One direction of one link: bytes are read at one end, delayed, and written at the other."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from tutorial_lib.network.direction import Direction
from tutorial_lib.network.end import LinkEnd

WINDOW = 1 << 20
"""Bytes that may be under way at once in one direction of a connection, as a TCP window limits them."""

_chance = random.Random()  # Our own, so that what a learner draws after random.seed() stays the same.


class Mark(Enum):
    """What may follow the last byte."""

    END = "the sender has finished"
    CUT = "the connection breaks here"


class FlowOwner(Protocol):
    """The link that a flow is one half of."""

    def lose(self) -> None:
        """Bytes were swallowed."""

    def reset(self) -> None:
        """One end broke the connection off; so does the relay at the other."""

    def cut(self) -> None:
        """The relay breaks it off, as a fault."""

    def finish(self, flow: Flow) -> None:
        """The flow has delivered everything, its END too."""


class Flow:
    """Carries bytes from ``source`` to ``target`` as ``way`` says. Lives in one event loop.

    Without a target, as in a blackhole, the way must be one that swallows. ``not_before`` is the moment, on the
    loop's clock, at which the first byte may set out. ``hear`` is told of the bytes before they are passed on.
    """

    def __init__(
        self,
        owner: FlowOwner,
        source: LinkEnd,
        target: LinkEnd | None,
        way: Direction,
        *,
        not_before: float = 0.0,
        hear: Callable[[bytes], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._owner, self._source, self._target, self._way, self._hear = owner, source, target, way, hear
        source.readable = self._read
        if target:
            target.ready, target.broken = self._read_or_pause, owner.reset
        self._under_way: deque[tuple[float, bytes | Mark]] = deque()
        self._bytes_under_way = 0
        self._not_before = not_before
        self._arrival: asyncio.TimerHandle | None = None
        self._throttle: asyncio.TimerHandle | None = None
        self._is_over = self._is_reading = False
        self._read_or_pause()

    # -- from the source

    def _read(self) -> None:
        way = self._way
        try:
            data = self._source.recv(way.piece)
        except BlockingIOError:
            return
        except OSError:  # The source broke the connection off.
            self._read_no_more()
            self._owner.lose() if way.swallows else self._owner.reset()
            return
        way.bytes += len(data)
        if self._hear and data:
            self._hear(data)  # Before it is passed on: a client that has its reply finds its command counted.
        # Nearly every byte of a healthy connection takes this short way.
        if data and way.is_clear and not self._under_way and not self._not_before:
            self._deliver(data)
        else:
            self._carry(data)

    def _carry(self, data: bytes) -> None:
        way = self._way
        if not data:
            self._read_no_more()
        if way.swallows:
            self._owner.lose()
            return
        seconds = len(data) / way.bandwidth if way.bandwidth else 0.0
        if seconds:
            self._throttle = self._loop.call_later(seconds, self._unthrottle)
        through = way.before_cut(len(data))
        if through < len(data) or not data:
            self._read_no_more()
        if through:
            self._send_off(data[:through], seconds)
        if through < len(data):
            self._send_off(Mark.CUT)
        elif not data:
            self._send_off(Mark.END)
        self._read_or_pause()

    def _unthrottle(self) -> None:
        self._throttle = None
        self._read_or_pause()

    def _read_no_more(self) -> None:
        self._is_over = True
        self._read_or_pause()

    def _read_or_pause(self) -> None:
        """Read, unless there is nothing to come or the bytes could not leave as fast as they arrive."""
        is_stuck = self._throttle or self._bytes_under_way >= WINDOW or (self._target and self._target.is_stuck)
        should_read = not (self._is_over or is_stuck)
        if should_read and not self._is_reading:
            self._source.resume()
        elif self._is_reading and not should_read:
            self._source.pause()
        self._is_reading = should_read

    # -- under way

    def _send_off(self, what: bytes | Mark, seconds: float = 0.0) -> None:
        """Let it arrive after ``seconds`` and this way's latency, and never before what was sent earlier."""
        now, way = self._loop.time(), self._way
        due = max(now, self._not_before) + seconds + way.latency + way.jitter * _chance.random()
        self._not_before = 0.0
        if way.paused_until:
            due = max(due, way.paused_until)
            if now >= way.paused_until:
                way.paused_until = 0.0  # The next piece takes the short way again.
        if due <= now and not self._under_way:
            self._deliver(what)
            return
        self._under_way.append((due, what))
        self._bytes_under_way += _size(what)
        self._arrival = self._arrival or self._loop.call_at(due, self._arrive)

    def _arrive(self) -> None:
        """Deliver all that is due by now."""
        self._arrival = None
        now = self._loop.time()
        while self._under_way and self._under_way[0][0] <= now:
            self._deliver_next()
        if self._under_way:
            self._arrival = self._loop.call_at(self._under_way[0][0], self._arrive)
        self._read_or_pause()

    def hurry(self) -> None:
        """Deliver at once what is under way, and read on if a throttle was the reason not to."""
        self._cancel_timers()
        self._not_before = 0.0
        while self._under_way:
            self._deliver_next()
        self._read_or_pause()

    def swallow(self) -> None:
        """Lose what is under way."""
        was_stuck = self._target is not None and self._target.stop()
        if self._under_way or was_stuck:
            self._owner.lose()
        self._under_way.clear()
        self._bytes_under_way = 0
        self._read_or_pause()

    # -- to the target

    def _deliver_next(self) -> None:
        _, what = self._under_way.popleft()
        self._bytes_under_way -= _size(what)
        self._deliver(what)

    def _deliver(self, what: bytes | Mark) -> None:
        if self._target is None:
            self._owner.lose()
        elif isinstance(what, bytes):
            self._target.write(what)
            if self._target.is_stuck:
                self._read_or_pause()
        elif what is Mark.CUT:
            self._target.when_written(self._owner.cut)
        else:
            self._target.when_written(self._end)

    def _end(self) -> None:
        assert self._target
        self._target.end()
        self._owner.finish(self)

    def stop(self) -> None:
        """Leave both ends alone from now on. They are the owner's to close."""
        self._cancel_timers()
        self._read_no_more()
        self._under_way.clear()
        if self._target:
            self._target.stop()

    def _cancel_timers(self) -> None:
        for timer in (self._arrival, self._throttle):
            if timer:
                timer.cancel()
        self._arrival = self._throttle = None


def _size(what: bytes | Mark) -> int:
    return len(what) if isinstance(what, bytes) else 0
