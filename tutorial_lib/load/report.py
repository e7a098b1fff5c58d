"""What came of a load: counts, times and whether to believe them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutorial_lib.load.workload import Workload

Seconds = NDArray[np.float64]

FALLBACK_NOTE = (
    "Measured on the fallback, where times are no result: they say how fast fakeredis is, not Redis. Counts are right."
)

LATE_SHARE = 0.2
LATE_FLOOR = 0.001


@dataclass(frozen=True)
class TimeSummary:
    """Some times in seconds, in five figures: mean, three percentiles and the worst. ``nan`` where there was none."""

    mean: float
    p50: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: Seconds) -> TimeSummary:
        """Sum up ``seconds``. Percentiles are interpolated, as numpy does by default."""
        if not len(seconds):
            return cls(*[math.nan] * 5)
        return cls(float(seconds.mean()), *(float(p) for p in np.percentile(seconds, (50, 95, 99, 100))))

    @classmethod
    def of_arrays(cls, parts: Iterable[Sequence[float]]) -> TimeSummary:
        """Sum up all ``parts`` as one."""
        # Copied first: a user who is still at it goes on writing, and an array that numpy looks into cannot grow.
        return cls.of(np.concatenate([np.array(part[:], dtype=np.float64) for part in parts]))


@dataclass(frozen=True)
class Calls:
    """Every call that was done, in the order in which they were due: five arrays of seconds.

    ``due``, ``begun`` and ``ended`` count from the start of the reported part; ``waiting`` is what the call spent
    getting connections from the pool, opening them included, and ``service`` what it spent holding them.
    """

    due: Seconds
    begun: Seconds
    ended: Seconds
    waiting: Seconds
    service: Seconds

    @classmethod
    def of_users(cls, users: Iterable[Sequence[Seconds]], start: float) -> Calls:
        """Put together the calls of all users. Each has five arrays, in the order of the fields."""
        due, begun, ended, waiting, service = (np.concatenate(parts) for parts in zip(*users, strict=True))
        order = np.argsort(due, kind="stable")
        due, begun, ended = due - start, begun - start, ended - start
        return cls(due[order], begun[order], ended[order], waiting[order], service[order])

    def __len__(self) -> int:
        return len(self.due)

    @property
    def latency(self) -> Seconds:
        """From the moment when a call was due to its answer: what its caller had to wait, lateness included."""
        return self.ended - self.due


@dataclass(frozen=True)
class LoadReport:
    """What came of a load. Display it for the table; ``to_dict()`` has the same as plain numbers.

    ``latency`` counts from the time when a call was *due*, so a server that stalls cannot hide the calls that it
    kept from being made; ``waiting`` is for a connection, ``service`` is with one. All three are about calls that
    were done, in seconds. ``refused`` calls found the pool at its limit; ``failed`` counts the others by error.
    """

    workload: Workload
    limit: int
    calls: Calls = field(repr=False)
    refused: int
    failed: dict[str, int]
    first_error: str | None
    peak_in_use: int
    opened: int | None
    """Connections that the server accepted during the run, warm-up included; None if no server was given."""
    seconds: float
    real: bool | None
    """False on the fallback, None if no server was given."""
    interrupted: bool
    gave_up: bool
    not_begun: int
    """Calls that were due and never begun, as the queue had grown too long or the run was interrupted."""
    no_free_user: int
    """Calls that began late because every user was busy. That wait is in the latency, not in the waiting."""
    overslept: TimeSummary
    """By how much the load generator itself was late with a call of an open loop: its own error."""

    @property
    def done(self) -> int:
        """Calls that returned."""
        return len(self.calls)

    @property
    def throughput(self) -> float:
        """Calls done per second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def latency(self) -> TimeSummary:
        """From the time when a call was due to its answer."""
        return TimeSummary.of(self.calls.latency)

    @property
    def waiting(self) -> TimeSummary:
        """In the pool's ``get_connection``: for a free connection, and for opening one."""
        return TimeSummary.of(self.calls.waiting)

    @property
    def service(self) -> TimeSummary:
        """With a connection in hand."""
        return TimeSummary.of(self.calls.service)

    @property
    def generator_was_late(self) -> bool:
        """True if the load was late by so much that its latency says something about this machine, not the pool."""
        return self.overslept.p99 > max(LATE_FLOOR, LATE_SHARE * self.latency.p99)

    @property
    def offered(self) -> float:
        """How many connections an open loop would have in use on average: its rate times the mean service time."""
        return (self.workload.rate or 0.0) * self.service.mean

    @property
    def is_overloaded(self) -> bool:
        """True if calls fell due faster than so many connections can do them: there is no steady state."""
        return self.workload.is_open and self.offered >= self.limit

    def notes(self) -> list[str]:
        """Return what must be known before anything is concluded from this report, as sentences."""
        notes = []
        if self.real is False:
            notes.append(FALLBACK_NOTE)
        if self.interrupted:
            notes.append("Interrupted: this is the report so far.")
        if self.gave_up:
            notes.append(f"Ended early: many calls failed before any had succeeded. The first: {self.first_error}.")
        if self.is_overloaded:
            notes.append(
                f"This rate keeps {self.offered:.2f} connections busy, and the limit is {self.limit}: no steady state, "
                "the waits grow with the length of the run. "
                f"Up to {self.limit / self.service.mean:,.0f} calls a second would fit."
            )
        if self.not_begun and not (self.interrupted or self.gave_up):
            notes.append(f"{_calls(self.not_begun)} fell due and never began: the queue was too long to wait for.")
        if self.no_free_user:
            notes.append(
                f"{_calls(self.no_free_user)} began late because every user was busy. That wait is in the latency and "
                "not in the waiting for the pool; with more users it would be in both."
            )
        if self.generator_was_late:
            notes.append(
                f"The generator was late by {milliseconds(self.overslept.p99)} for 1 call in 100: this machine was "
                "busy. Lower the rate, or read only service and waiting."
            )
        return notes

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain numbers, times in seconds, ready for JSON."""
        return {
            "load": self.workload.describe(),
            "limit": self.limit,
            "seconds": self.seconds,
            "done": self.done,
            "refused": self.refused,
            "failed": dict(self.failed),
            "throughput": self.throughput,
            "peak_in_use": self.peak_in_use,
            "opened": self.opened,
            **{name.replace(" ", "_"): without_nan(times) for name, times in self._times().items()},
            "not_begun": self.not_begun,
            "no_free_user": self.no_free_user,
            "notes": self.notes(),
        }

    def _times(self) -> dict[str, TimeSummary]:
        times = {"latency": self.latency, "waiting": self.waiting, "service": self.service}
        return times | ({"generator late by": self.overslept} if self.workload.is_open else {})

    def _counts(self) -> list[tuple[str, str]]:
        failed = ", ".join(f"{count} x {name}" for name, count in self.failed.items())
        return [
            ("load", self.workload.describe()),
            ("done", f"{self.done} ({self.throughput:,.1f} a second)"),
            ("refused", str(self.refused)),
            ("failed", failed or "0"),
            ("peak in use", f"{self.peak_in_use} of {self.limit}"),
            *([("connections opened", str(self.opened))] if self.opened is not None else []),
        ]

    def __repr__(self) -> str:
        opened = "" if self.opened is None else f", opened={self.opened}"
        return (
            f"LoadReport(done={self.done}, refused={self.refused}, failed={self.failed}, "
            f"peak_in_use={self.peak_in_use}, limit={self.limit}{opened})"
        )

    def __str__(self) -> str:
        counts = [f"{name:<20}{value}" for name, value in self._counts()]
        times = [f"{name:<20}" + "".join(f"{cell:>10}" for cell in cells) for name, cells in self._time_rows()]
        return "\n".join([*counts, "", *times, *(f"\n{note}" for note in self.notes())])

    def _repr_markdown_(self) -> str:
        counts = [f"| {name} | {in_markdown(value)} |" for name, value in self._counts()]
        (_, names), *rows = self._time_rows()
        head = [f"| | {' | '.join(names)} |", "|:--|" + "--:|" * len(names)]
        times = [f"| {name} | {' | '.join(cells)} |" for name, cells in rows]
        notes = [f"**Note:** {in_markdown(note)}\n" for note in self.notes()]
        return "\n".join([*notes, "| | |", "|:--|:--|", *counts, "", *head, *times])

    def _time_rows(self) -> list[tuple[str, list[str]]]:
        names = {"mean": "mean", "p50": "median", "p95": "95 %", "p99": "99 %", "worst": "worst"}
        rows = [(row, [milliseconds(getattr(times, name)) for name in names]) for row, times in self._times().items()]
        return [("", list(names.values())), *rows]


def milliseconds(seconds: float) -> str:
    """Write ``seconds`` as milliseconds: ``"0.41 ms"``, ``"12.5 ms"``, ``"203 ms"``; a dash where there is none."""
    if math.isnan(seconds):
        return "-"
    value = seconds * 1000
    decimals = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{decimals}f} ms"


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"


def in_markdown(text: str) -> str:
    """Write ``text`` so that Markdown shows it as it is, also in a table."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text).replace("\n", " ")


def without_nan(times: TimeSummary) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in asdict(times).items()}
