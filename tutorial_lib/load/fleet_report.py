"""What came of a load from many processes: each of them, and all together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tutorial_lib.load.histogram import Histogram
from tutorial_lib.load.report import (
    FALLBACK_NOTE,
    LoadReport,
    TimeSummary,
    in_markdown,
    milliseconds,
    without_nan,
)
from tutorial_lib.load.workload import Workload
from tutorial_lib.words import counted

HEAD = (
    *("", "done", "a second", "refused", "failed", "median", "99 %", "worst"),
    *("opened", "peak in use", "limit"),
)


@dataclass(frozen=True)
class ProcessReport:
    """What one process of a fleet did. Times in seconds; the other names mean what they mean in a LoadReport."""

    name: str
    """``process 1``, and so on."""
    client_name: str
    """What its connections are called in the server's list of clients."""
    where: str
    """The process's number, and its computer."""
    limit: int
    done: int
    refused: int
    failed: dict[str, int]
    first_error: str | None
    seconds: float
    peak_in_use: int
    opened: int | None
    """Its connections, counted by the server: every one that the server's list showed under this process's name."""
    latencies: Histogram = field(repr=False)
    waits: Histogram = field(repr=False)
    services: Histogram = field(repr=False)
    interrupted: bool
    gave_up: bool
    not_begun: int
    no_free_user: int
    generator_was_late: bool

    @classmethod
    def of(cls, report: LoadReport, name: str, client_name: str, where: str) -> ProcessReport:
        """Take from a LoadReport what is small enough to be sent, and can be added up."""
        calls = report.calls
        return cls(
            name=name,
            client_name=client_name,
            where=where,
            limit=report.limit,
            done=report.done,
            refused=report.refused,
            failed=report.failed,
            first_error=report.first_error,
            seconds=report.seconds,
            peak_in_use=report.peak_in_use,
            opened=None,
            latencies=Histogram.of(calls.latency),
            waits=Histogram.of(calls.waiting),
            services=Histogram.of(calls.service),
            interrupted=report.interrupted,
            gave_up=report.gave_up,
            not_begun=report.not_begun,
            no_free_user=report.no_free_user,
            generator_was_late=report.generator_was_late,
        )

    @property
    def throughput(self) -> float:
        """Calls done per second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def latency(self) -> TimeSummary:
        """From the time when a call was due to its answer."""
        return self.latencies.summary()

    @property
    def waiting(self) -> TimeSummary:
        """In the pool's ``get_connection``: for a free connection, and for opening one."""
        return self.waits.summary()

    @property
    def service(self) -> TimeSummary:
        """With a connection in hand."""
        return self.services.summary()


@dataclass(frozen=True)
class FleetReport:
    """What came of a load from many processes. Display it for the table; ``to_dict()`` has it as plain numbers.

    ``processes`` has a ProcessReport for each that lived to the end. The figures of the whole are of those: counts
    are sums, and percentiles are taken from all their calls together, to half a percent.
    """

    workload: Workload
    processes: tuple[ProcessReport, ...]
    lost: tuple[str, ...]
    """The processes that died or no longer answered. What they did is in no figure but the server's own."""
    opened: int | None
    """Connections that the server accepted during the run, from any client; None if it doesn't tell."""
    peak: int | None
    """The most connections of this fleet that the server had open at once, of some five looks a second."""
    real: bool
    interrupted: bool

    @property
    def done(self) -> int:
        """Calls that returned, of all processes."""
        return sum(process.done for process in self.processes)

    @property
    def refused(self) -> int:
        """Calls that found their pool at its limit."""
        return sum(process.refused for process in self.processes)

    @property
    def failed(self) -> dict[str, int]:
        """The other calls that raised, by error."""
        return dict(sorted(sum((Counter(process.failed) for process in self.processes), Counter[str]()).items()))

    @property
    def first_error(self) -> str | None:
        """The first error of the first process that had one."""
        return next((process.first_error for process in self.processes if process.first_error), None)

    @property
    def limit(self) -> int:
        """How many connections all pools together may open."""
        return sum(process.limit for process in self.processes)

    @property
    def seconds(self) -> float:
        """How long it took: as long as the process that took longest. They begin together."""
        return max((process.seconds for process in self.processes), default=0.0)

    @property
    def throughput(self) -> float:
        """Calls done per second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def latency(self) -> TimeSummary:
        """From the time when a call was due to its answer."""
        return Histogram.merged(process.latencies for process in self.processes).summary()

    @property
    def waiting(self) -> TimeSummary:
        """In the pools' ``get_connection``: for a free connection, and for opening one."""
        return Histogram.merged(process.waits for process in self.processes).summary()

    @property
    def service(self) -> TimeSummary:
        """With a connection in hand."""
        return Histogram.merged(process.services for process in self.processes).summary()

    def notes(self) -> list[str]:
        """Return what must be known before anything is concluded from this report, as sentences."""
        gave_up = [process.name for process in self.processes if process.gave_up]
        late = [process.name for process in self.processes if process.generator_was_late]
        not_begun = sum(process.not_begun for process in self.processes)
        notes = {
            FALLBACK_NOTE: not self.real,
            "Interrupted: this is the report so far.": self.interrupted,
            f"{_listed(self.lost)} died or no longer answered: its calls are not counted.": len(self.lost) == 1,
            f"{_listed(self.lost)} died or no longer answered: their calls are not counted.": len(self.lost) > 1,
            f"Ended early in {_listed(gave_up)}: many calls failed before any had succeeded.": bool(gave_up),
            f"The first error: {self.first_error}.": self.first_error is not None,
            f"{counted(not_begun, 'call')} fell due and never began: the queues were too long to wait for.": bool(
                not_begun and not self.interrupted and not gave_up
            ),
            f"The generator was late in {_listed(late)}: the machine was busy. Waiting and service are still right; "
            "latency is not.": bool(late),
        }
        return [note for note, applies in notes.items() if applies]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain numbers, times in seconds, ready for JSON: the whole, and each process."""
        return {
            "load": self.workload.describe(),
            **_figures(self),
            "peak": self.peak,
            "lost": list(self.lost),
            "interrupted": self.interrupted,
            "processes": [
                {"name": process.name, "where": process.where, "peak_in_use": process.peak_in_use, **_figures(process)}
                for process in self.processes
            ],
            "notes": self.notes(),
        }

    def __repr__(self) -> str:
        return (
            f"FleetReport(processes={len(self.processes)}, done={self.done}, refused={self.refused}, "
            f"failed={self.failed}, opened={self.opened}, limit={self.limit})"
        )

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(len(row[column]) for row in rows) + 2 for column in range(len(HEAD))]
        lines = [
            "".join(
                [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
            )
            for row in rows
        ]
        return "\n".join([self._caption(), "", *lines, *(f"\n{note}" for note in self.notes())])

    def _repr_markdown_(self) -> str:
        # A number stays on one line with its unit.
        head, *each, last = [
            [in_markdown(cell).replace(" ms", "\N{NO-BREAK SPACE}ms") for cell in row] for row in self._rows()
        ]
        rows = [f"| {' | '.join(row)} |" for row in (*each, [f"**{cell}**" for cell in last])]
        notes = [f"**Note:** {in_markdown(note)}\n" for note in self.notes()]
        return "\n".join(
            [
                *notes,
                f"{in_markdown(self._caption())}\n",
                f"| {' | '.join(head)} |",
                "|:--|" + "--:|" * (len(HEAD) - 1),
                *rows,
            ]
        )

    def _caption(self) -> str:
        many = counted(len(self.processes), "process", "processes")
        peak = f"; {counted(self.peak, 'connection')} open at the peak" if self.peak is not None else ""
        return f"{self.workload.describe()}; {many}{peak}"

    def _rows(self) -> list[tuple[str, ...]]:
        together = _cells("together", self, str(sum(process.peak_in_use for process in self.processes)))
        return [HEAD, *(_cells(each.name, each, str(each.peak_in_use)) for each in self.processes), together]


def _cells(name: str, of: ProcessReport | FleetReport, peak_in_use: str) -> tuple[str, ...]:
    times = of.latency
    return (
        *(name, f"{of.done:,}", f"{of.throughput:,.1f}", f"{of.refused:,}", f"{sum(of.failed.values()):,}"),
        *(milliseconds(times.p50), milliseconds(times.p99), milliseconds(times.worst)),
        *("-" if of.opened is None else f"{of.opened:,}", peak_in_use, f"{of.limit:,}"),
    )


def _figures(of: ProcessReport | FleetReport) -> dict[str, Any]:
    return {
        "limit": of.limit,
        "seconds": of.seconds,
        "done": of.done,
        "refused": of.refused,
        "failed": dict(of.failed),
        "throughput": of.throughput,
        "opened": of.opened,
        **{name: without_nan(getattr(of, name)) for name in ("latency", "waiting", "service")},
    }


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
