"""One direction of one connection: bytes are read here, spend their time on the wire, and are written there."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import deque
from enum import Enum
from typing import Protocol

from tutorial_lib.network.end import Outlet
from tutorial_lib.network.direction import Wire

WINDOW = 1 << 20
"""Bytes that may be under way at once in one direction of a connection, as a TCP window limits them."""

_chance = random.Random()  # Our own, so that what a learner draws after random.seed() stays the same.


class Mark(Enum):
    """What may follow the last byte."""

    END = "the sender has finished"
    CUT = "the connection breaks here"


class Owner(Protocol):
    """The connection that a flow is one half of."""

    def lose(self) -> None:
        """Bytes were swallowed."""

    def reset(self) -> None:
        """One end broke the connection off; so does the proxy at the other."""

    def cut(self) -> None:
        """The proxy breaks it off, as a fault."""

    def finish(self, flow: Flow) -> None:
        """The flow has delivered everything, its END too."""


class Flow:
    """Carries bytes from ``source`` to ``target`` as ``wire`` says. Lives in one event loop.

    Without a target, as in a blackhole, the wire must be one that swallows. ``not_before`` is the moment, on the
    loop's clock, at which the first byte may set out.
    """

    def __init__(
        self, owner: Owner, source: socket.socket, target: socket.socket | None, wire: Wire, not_before: float = 0.0
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._owner, self._source, self._wire = owner, source, wire
        self._outlet = Outlet(target, self._read_or_pause, owner.reset) if target else None
        self._under_way: deque[tuple[float, bytes | Mark]] = deque()
        self._bytes_under_way = 0
        self._not_before = not_before
        self._arrival: asyncio.TimerHandle | None = None
        self._throttle: asyncio.TimerHandle | None = None
        self._is_over = self._is_reading = False
        self._read_or_pause()

    # -- from the source

    def _read(self) -> None:
        wire = self._wire
        try:
            data = self._source.recv(wire.piece)
        except BlockingIOError:
            return
        except OSError:  # The source broke the connection off.
            self._read_no_more()
            self._owner.lose() if wire.swallows else self._owner.reset()
            return
        wire.bytes += len(data)
        # Nearly every byte of a healthy connection takes this short way.
        if data and wire.is_clear and not self._under_way and not self._not_before:
            self._deliver(data)
        else:
            self._carry(data)

    def _carry(self, data: bytes) -> None:
        wire = self._wire
        if not data:
            self._read_no_more()
        if wire.swallows:
            self._owner.lose()
            return
        seconds = len(data) / wire.bandwidth if wire.bandwidth else 0.0
        if seconds:
            self._throttle = self._loop.call_later(seconds, self._unthrottle)
        through = wire.before_cut(len(data))
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
        is_stuck = self._throttle or self._bytes_under_way >= WINDOW or (self._outlet and self._outlet.is_stuck)
        should_read = not (self._is_over or is_stuck)
        if should_read and not self._is_reading:
            self._loop.add_reader(self._source, self._read)
        elif self._is_reading and not should_read:
            self._loop.remove_reader(self._source)
        self._is_reading = should_read

    # -- on the wire

    def _send_off(self, what: bytes | Mark, seconds: float = 0.0) -> None:
        """Let it arrive after ``seconds`` and the wire's latency. What is due earlier than its forerunners waits."""
        now, wire = self._loop.time(), self._wire
        due = max(now, self._not_before) + seconds + wire.latency + wire.jitter * _chance.random()
        self._not_before = 0.0
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
        was_stuck = self._outlet is not None and self._outlet.stop()
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
        if self._outlet is None:
            self._owner.lose()
        elif isinstance(what, bytes):
            self._outlet.write(what)
            if self._outlet.is_stuck:
                self._read_or_pause()
        elif what is Mark.CUT:
            self._outlet.when_written(self._owner.cut)
        else:
            self._outlet.when_written(self._end)

    def _end(self) -> None:
        assert self._outlet
        self._outlet.end()
        self._owner.finish(self)

    def stop(self) -> None:
        """Leave the sockets alone from now on. They are the owner's to close."""
        self._cancel_timers()
        self._read_no_more()
        self._under_way.clear()
        if self._outlet:
            self._outlet.stop()

    def _cancel_timers(self) -> None:
        for timer in (self._arrival, self._throttle):
            if timer:
                timer.cancel()
        self._arrival = self._throttle = None


def _size(what: bytes | Mark) -> int:
    return len(what) if isinstance(what, bytes) else 0
