"""sweep(): the same load on pools of different limits, round after round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

import redis

from tutorial_lib.arguments import in_short, not_negative, several, whole
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.pace import Clock
from tutorial_lib.load.progress_bar import ProgressBar
from tutorial_lib.load.report import FALLBACK_NOTE, LoadReport, in_markdown, milliseconds
from tutorial_lib.load.run import measure
from tutorial_lib.load.target import check_pool_for_threads
from tutorial_lib.load.workload import Workload, check_workload, with_seed
from tutorial_lib.servers.base import MOST_CLIENTS, Server, check_server

MOST_LIMITS = 100
SUCH_AS = "Give several, such as [1, 2, 4, 8]."

MakePoolOfLimit = Callable[[int], redis.ConnectionPool]


class Spread(NamedTuple):
    """One figure over all rounds: the lowest, the median and the highest."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> Spread:
        """Take the spread of one figure's rounds. Those in which no call was done have none: ``nan``."""
        rounds = sorted(figure for figure in figures if not math.isnan(figure)) or [math.nan]
        return cls(rounds[0], statistics.median(rounds), rounds[-1])


@dataclass(frozen=True)
class SweepRow:
    """What one limit did, over all rounds. Times in seconds."""

    limit: int
    throughput: Spread
    waiting: Spread
    """The mean wait for a connection."""
    service: Spread
    """The mean time with a connection."""
    p99: Spread
    """The latency that 99 calls in 100 stay under."""
    refused: int
    failed: int
    peak_in_use: int


class Sweep(Sequence[SweepRow]):
    """A row for each limit, smallest first. Display it for the table; ``to_dicts()`` has the same as plain numbers.

    ``reports[limit]`` are the LoadReports that a row sums up, one for each round.
    """

    def __init__(self, workload: Workload, reports: dict[int, list[LoadReport]]) -> None:
        self.workload = workload
        self.reports = reports
        self._rows = [_row(limit, reports[limit]) for limit in sorted(reports)]

    @property
    def limits(self) -> list[int]:
        """The limits that were tried, smallest first."""
        return [row.limit for row in self]

    @property
    def rounds(self) -> int:
        """How often each limit was tried."""
        return min(len(reports) for reports in self.reports.values())

    def smallest_limit(self, wait: float) -> int | None:
        """Return the smallest limit from which on the mean wait stays at or under ``wait`` seconds; None: none does."""
        longest, enough = not_negative("wait", wait, "seconds"), None
        for row in reversed(self._rows):
            if row.refused or not row.waiting.middle <= longest:
                break
            enough = row.limit
        return enough

    def notes(self) -> list[str]:
        """Return what must be known before anything is concluded, as sentences."""
        reports = [(limit, report) for limit in self.limits for report in self.reports[limit]]
        overloaded = sorted({limit for limit, report in reports if report.is_overloaded})
        late = [report for _, report in reports if report.generator_was_late]
        errors = [
            f"Limit {limit}: {row.failed} failed. {_first_error(self.reports[limit])}."
            for limit, row in zip(self.limits, self, strict=True)
            if row.failed
        ]
        notes = {
            FALLBACK_NOTE: any(report.real is False for _, report in reports),
            f"No steady state with limit {', '.join(map(str, overloaded))}: more is asked than so few connections can "
            "do, and the waits grow with the length of the run.": bool(overloaded),
            f"The generator was late in {len(late)} of {len(reports)} runs: this machine was busy. Waiting and service "
            "are still right; of the latency, believe the lowest round.": bool(late),
        }
        return [note for note, applies in notes.items() if applies] + errors

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as plain numbers, times in seconds; each spread as [low, middle, high]."""
        return [{name: _plain(value) for name, value in vars(row).items()} for row in self]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __iter__(self) -> Iterator[SweepRow]:
        return iter(self._rows)

    def __repr__(self) -> str:
        return f"Sweep(limits={self.limits}, rounds={self.rounds})"

    def __str__(self) -> str:
        lines = [
            "".join(f"{cell:>{width}}" for cell, width in zip(cells, (5, 24, 30, 30, 9), strict=True))
            for cells in self._cells()
        ]
        return "\n".join([f"{self.workload.describe()}, {_rounds(self.rounds)}", *lines, *self.notes()])

    def _repr_markdown_(self) -> str:
        head, *rows = ["| " + " | ".join(cells) + " |" for cells in self._cells()]
        notes = [f"**Note:** {in_markdown(note)}\n" for note in self.notes()]
        return "\n".join([*notes, head, "|" + "--:|" * len(self._cells()[0]), *rows])

    def _cells(self) -> list[list[str]]:
        head = ["limit", "calls a second", "mean wait", "99 % of calls within", "refused"]
        rows = [
            [
                str(row.limit),
                _between(row.throughput, lambda figure: f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"),
                _between(row.waiting, milliseconds),
                _between(row.p99, milliseconds),
                str(row.refused),
            ]
            for row in self
        ]
        return [head, *rows]


def sweep(
    limits: Iterable[int],
    workload: Workload,
    make_pool: MakePoolOfLimit,
    *,
    rounds: int = 3,
    server: Server | None = None,
    clock: Clock | None = None,
) -> Sweep:
    """Run ``workload`` on a pool of each limit, ``rounds`` times, and put the results side by side.

    ``make_pool(limit)`` makes the pool; its connections are opened before the first round, and closed at the end.
    All limits take turns within a round, up and then down, so that one noisy moment hits one round of a few limits
    and not all rounds of one. In one round all limits get the same arrivals; each round has its own. Interrupt the
    cell to get the rounds that were completed.
    """
    check_server(server)
    check_workload(workload)
    if not callable(make_pool):
        raise BadSetting(
            f"make_pool is {in_short(make_pool)}. Give a function that makes a pool of the limit it is given: "
            "lambda limit: redis.BlockingConnectionPool(host=…, port=…, max_connections=limit)."
        )
    rounds = whole("rounds", rounds, "rounds", at_least=1, at_most=1000)
    wanted = _checked(limits)
    reports: dict[int, list[LoadReport]] = {limit: [] for limit in wanted}
    with ExitStack() as at_the_end, ProgressBar("sweep") as bar:
        pools = {limit: _filled(make_pool, limit, at_the_end) for limit in wanted}
        for number, (round_, limit) in enumerate(_turns(wanted, rounds)):

            def show(part: float, runs_before: int = number) -> None:
                bar.show((runs_before + part) / (rounds * len(wanted)))

            load = with_seed(workload, workload.seed + round_)
            report = measure(pools[limit], load, server, show, clock or Clock())
            if report.interrupted:
                break
            reports[limit].append(report)
    return Sweep(workload, _whole_rounds(reports))


def check_done(measured: Sweep, limits: Iterable[int]) -> None:
    """Raise BadSetting, with the reason, if there is one of these ``limits`` with which no call was done."""
    for limit in limits:
        if not any(report.done for report in measured.reports[limit]):
            raise BadSetting(f"No call was done with limit {limit}. {_why_none(measured.reports[limit])}.")


def _why_none(reports: list[LoadReport]) -> str:
    if any(report.first_error for report in reports):
        return f"{_first_error(reports)}. Try the work by itself"
    if any(report.refused for report in reports):
        return "The pool refused them all: try a larger limit"
    return "None fell due: raise the rate or the duration"


def _turns(limits: list[int], rounds: int) -> Iterator[tuple[int, int]]:
    for round_ in range(rounds):
        for limit in limits if round_ % 2 == 0 else reversed(limits):
            yield round_, limit


def _whole_rounds(reports: dict[int, list[LoadReport]]) -> dict[int, list[LoadReport]]:
    rounds = min(len(done) for done in reports.values())
    if rounds == 0:
        raise KeyboardInterrupt("Interrupted before the first round was complete.")
    return {limit: done[:rounds] for limit, done in reports.items()}


def _checked(limits: Iterable[int]) -> list[int]:
    given = several("limits", limits, SUCH_AS, at_most=MOST_LIMITS)
    if not given:
        raise BadSetting(f"There is no limit to try. {SUCH_AS}")
    return sorted({whole("A limit", limit, "connections", at_least=1, at_most=MOST_CLIENTS) for limit in given})


def _filled(make_pool: MakePoolOfLimit, limit: int, at_the_end: ExitStack) -> redis.ConnectionPool:
    """Make the pool and open every connection that it may hold, so that none is opened while it is measured."""
    try:
        pool = make_pool(limit)
    except TypeError as error:
        raise BadSetting(
            f"make_pool({limit}) failed: {error}. It is called with a limit and returns a pool."
        ) from error
    check_pool_for_threads(pool)
    at_the_end.callback(pool.disconnect)
    if pool.max_connections != limit:
        raise BadSetting(
            f"make_pool({limit}) made a pool whose limit is {pool.max_connections}. Pass the number on: "
            "max_connections=limit."
        )
    borrowed: list[Any] = []
    try:
        for _ in range(limit):
            borrowed.append(pool.get_connection())
    finally:
        for connection in borrowed:
            pool.release(connection)
    return pool


def _rounds(number: int) -> str:
    return "1 round" if number == 1 else f"{number} rounds"


def _first_error(reports: list[LoadReport]) -> str:
    return next(f"The first: {report.first_error}" for report in reports if report.first_error)


def _row(limit: int, reports: list[LoadReport]) -> SweepRow:
    return SweepRow(
        limit=limit,
        throughput=Spread.of(report.throughput for report in reports),
        waiting=Spread.of(report.waiting.mean for report in reports),
        service=Spread.of(report.service.mean for report in reports),
        p99=Spread.of(report.latency.p99 for report in reports),
        refused=sum(report.refused for report in reports),
        failed=sum(sum(report.failed.values()) for report in reports),
        peak_in_use=max(report.peak_in_use for report in reports),
    )


def _between(spread: Spread, write: Callable[[float], str]) -> str:
    low, middle, high = (write(figure) for figure in spread)
    return f"{middle} ({low.removesuffix(' ms')} to {high.removesuffix(' ms')})"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Spread) else value
