"""What happens to bytes in one direction. The links of a relay share two of these, one for each way."""

from __future__ import annotations

from tutorial_lib.arguments import not_negative, positive
from tutorial_lib.errors import BadSetting

CHUNK = 65_536
"""The most bytes that are read at a time."""

SMOOTH = 0.02
"""A throttled direction takes as much at a time as it carries in these seconds, so that bytes trickle."""


class Direction:
    """One direction: ``latency`` and ``jitter`` in seconds, ``bandwidth`` in bytes per second or None.

    Change them at any time: a change holds for what arrives from then on. Order is always kept.
    """

    __slots__ = (
        *("_bandwidth", "_jitter", "_latency", "_paused_until", "_swallows", "_until_cut"),
        *("bytes", "is_clear", "piece"),
    )

    def __init__(self) -> None:
        self.bytes = 0
        self.heal()

    def heal(self) -> None:
        """Carry everything at once again, and forget every fault."""
        self._latency = self._jitter = 0.0
        self._bandwidth: float | None = None
        self._swallows = False
        self._until_cut: int | None = None
        self._paused_until = 0.0
        self._changed()

    @property
    def latency(self) -> float:
        """Seconds that every byte takes."""
        return self._latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.delay_by(not_negative("latency", seconds, "seconds"))

    def delay_by(self, seconds: float) -> None:
        """Set a latency that has been checked."""
        self._latency = seconds
        self._changed()

    @property
    def jitter(self) -> float:
        """Up to so many seconds more, at random. Bytes that would overtake others wait for them."""
        return self._jitter

    @jitter.setter
    def jitter(self, seconds: float) -> None:
        self._jitter = not_negative("jitter", seconds, "seconds")
        self._changed()

    @property
    def bandwidth(self) -> float | None:
        """Bytes per second that each connection can carry, 1 at least; None: as many as there are."""
        return self._bandwidth

    @bandwidth.setter
    def bandwidth(self, bytes_per_second: float | None) -> None:
        if bytes_per_second is not None and positive("bandwidth", bytes_per_second, "bytes per second") < 1:
            raise BadSetting(f"bandwidth is {bytes_per_second!r}. Give 1 or more, in bytes per second, or None.")
        self._bandwidth = None if bytes_per_second is None else float(bytes_per_second)
        self._changed()

    @property
    def swallows(self) -> bool:
        """True if nothing arrives at the other end."""
        return self._swallows

    @swallows.setter
    def swallows(self, yes: bool) -> None:
        self._swallows = yes
        self._changed()

    @property
    def paused_until(self) -> float:
        """When the next bytes arrive, on the loop's clock; 0: at once."""
        return self._paused_until

    @paused_until.setter
    def paused_until(self, moment: float) -> None:
        self._paused_until = moment
        self._changed()

    def cut_after(self, count: int) -> None:
        """Let ``count`` more bytes through; the next one is lost, and its connection with it."""
        self._until_cut = count
        self._changed()

    def before_cut(self, count: int) -> int:
        """Return how many of the next ``count`` bytes get through. If not all do, the cut has happened."""
        if self._until_cut is None:
            return count
        through = min(count, self._until_cut)
        self._until_cut = None if through < count else self._until_cut - count
        self._changed()
        return through

    def faults(self, name: str) -> list[str]:
        """Say what is wrong in this direction: ``["upstream.latency=0.005"]``."""
        settings = {"latency": self._latency, "jitter": self._jitter, "bandwidth": self._bandwidth}
        return [f"{name}.{setting}={value:g}" for setting, value in settings.items() if value]

    def __repr__(self) -> str:
        return f"Direction(latency={self._latency:g}, jitter={self._jitter:g}, bandwidth={self._bandwidth})"

    def _changed(self) -> None:
        """Work out what is asked for every piece of data."""
        self.piece = CHUNK if self._bandwidth is None else max(1, min(CHUNK, int(self._bandwidth * SMOOTH)))
        delays = self._latency or self._jitter or self._bandwidth or self._paused_until
        self.is_clear = not (delays or self._swallows or self._until_cut is not None)
