"""run_load(): put a pool under load and report what came of it."""

from __future__ import annotations

import contextlib
import threading
import traceback
from collections import Counter
from collections.abc import Callable

import redis
from redis.exceptions import RedisError

from tutorial_lib.errors import BadSetting
from tutorial_lib.load.meter import Meter
from tutorial_lib.load.pace import Clock, pace_of
from tutorial_lib.load.progress_bar import ProgressBar
from tutorial_lib.load.report import Calls, LoadReport, Seconds, TimeSummary
from tutorial_lib.load.tally import Tally
from tutorial_lib.load.target import check_pool_for_threads, is_real
from tutorial_lib.load.workload import MOST_CALLS, NeverRan, Workload, check_ran, check_workload
from tutorial_lib.notebook.lines import is_between
from tutorial_lib.pools.tap import outcome_of
from tutorial_lib.servers.base import Server, check_server

__all__ = ["LoadReport", "Workload", "run_load"]

GIVE_UP_AFTER = 20
"""A run ends early when this many calls have failed and none has succeeded, one more for each user: a single moment of
trouble hits all users at once."""

LOOK_AT_RUN_EVERY = 0.1
"""How often the waiting cell looks whether the run is over, and moves its progress bar."""

MOST_FRESH = 3 * 100
"""How many fresh numbers a user may have before they are put away: three for each of a hundred calls."""

LET_FINISH = 1.0
"""How long an interrupted run waits for the calls that are under way."""


def run_load(
    pool: redis.ConnectionPool, workload: Workload, *, server: Server | None = None, clock: Clock | None = None
) -> LoadReport:
    """Put ``pool`` under ``workload`` and report what came of it. Interrupt the cell to get the report so far.

    With ``server``, the report also tells how many connections the server accepted meanwhile (from any client), and
    whether its times mean anything. The pool keeps the connections that it opened.

    Raises BadSetting if the work is mistaken: a function that raises something other than Redis's errors each time,
    or returns a coroutine or a generator, which would never run.
    """
    check_server(server)
    check_workload(workload)
    check_pool_for_threads(pool)
    with ProgressBar(workload.name) as bar:
        return measure(pool, workload, server, bar.show, clock or Clock())


def measure(
    pool: redis.ConnectionPool,
    workload: Workload,
    server: Server | None,
    show: Callable[[float], None],
    clock: Clock,
) -> LoadReport:
    """Do what run_load does; ``show`` is told now and then which part of the run is over, from 0 to 1."""
    opened_before = server.opened() if server else 0
    with Meter(pool, clock.now) as meter:
        run = _Run(pool, workload, meter, clock)
        run.go(show)
    run.raise_if_mistaken()
    return run.report(
        real=is_real(pool, server),
        opened=server.opened() - opened_before if server else None,
    )


class _Run:
    """One run: its users, their tallies, and what ends it."""

    def __init__(self, pool: redis.ConnectionPool, workload: Workload, meter: Meter, clock: Clock) -> None:
        self._pool = pool
        self._workload = workload
        self._meter = meter
        self._clock = clock
        self._stop = threading.Event()
        # What _stop says. Each user asks before each call, and an Event takes five times as long.
        self._stopping = False
        self._pace = pace_of(workload, clock, self._stop)
        self._call = workload.bound_to(redis.Redis(connection_pool=pool))
        users = workload.users_for(MOST_CALLS if self._pace.expected is None else self._pace.expected)
        self._tallies = [Tally() for _ in range(users)]
        self._give_up_after = GIVE_UP_AFTER + users
        self._some_success = False
        self._gave_up = False
        self._never_ran: NeverRan | None = None
        self._interrupted = False
        self._ended = 0.0

    # -- the cell that waits

    def go(self, show: Callable[[float], None]) -> None:
        """Run to the end, or until the cell is interrupted."""
        # Daemons: a call that never returns must not keep Python from ending.
        threads = [threading.Thread(target=self._user, args=(tally,), daemon=True) for tally in self._tallies]
        try:
            for thread in threads:
                thread.start()
            self._pace.begin()
            for thread, tally in zip(threads, self._tallies, strict=True):
                while not tally.finished.is_set():
                    tally.finished.wait(LOOK_AT_RUN_EVERY)
                    if self._pace.is_over():
                        self._stop_all()
                    show(self._pace.part_done())
                thread.join()
        except KeyboardInterrupt:
            self._interrupted = True
            with contextlib.suppress(KeyboardInterrupt):  # The second interrupt ends the waiting, too.
                self._end(threads)
        except BaseException:
            self._end(threads)
            raise
        self._ended = self._clock.now()

    def _end(self, threads: list[threading.Thread]) -> None:
        """Let no user begin another call, and give those under way a moment."""
        self._stop_all()
        self._pace.begin()
        time_is_up = threading.Event()
        timer = threading.Timer(LET_FINISH, time_is_up.set)
        timer.daemon = True
        timer.start()
        for thread, tally in zip(threads, self._tallies, strict=True):
            while thread.ident and not (tally.finished.is_set() or time_is_up.is_set()):
                tally.finished.wait(LOOK_AT_RUN_EVERY)
        timer.cancel()

    # -- one user's thread

    def _user(self, tally: Tally) -> None:
        try:
            tally.who = self._meter.thread_name()
            self._make_calls(tally)
        finally:
            tally.finished.set()

    def _make_calls(self, tally: Tally) -> None:
        """Make calls until there are no more. What can be looked up beforehand costs no call its time."""
        now, fresh, note = self._clock.now, tally.fresh, tally.fresh.extend
        call, later_call, think = self._first_call, self._call, self._workload.think
        for turn in self._pace.turns():
            if self._stopping:  # While it waited for its time: that call was never begun.
                return
            counts, due, free = turn
            begun = now()
            try:
                call()
            except BaseException as error:  # A learner's function may even call sys.exit().
                self._note_error(error, counts, tally)
            else:
                if counts:
                    note((begun if due is None else due, begun, now()))
                    if len(fresh) > MOST_FRESH:
                        tally.keep()
                call = later_call
            if counts and due is not None:
                tally.note_start(due, free, begun)
            if think:
                self._clock.wait(think, self._stop)

    def _first_call(self) -> object:
        """Make a call and look at what it returns. Later calls go without, as looking takes time."""
        result = self._call()
        check_ran(self._workload.name, result)
        self._some_success = True
        return result

    def _note_error(self, error: BaseException, counts: bool, tally: Tally) -> None:
        if isinstance(error, NeverRan):
            self._never_ran = error
            self._stop_all()
            return
        if outcome_of(error) in ("refused", "timed out"):
            self._some_success = True  # The server is there and the work may be right: the pool is exhausted.
            tally.refused += counts
            return
        tally.first_error = tally.first_error or error
        tally.failures += 1
        if counts:
            tally.failed[type(error).__name__] += 1
        if not self._some_success and sum(other.failures for other in self._tallies) >= self._give_up_after:
            self._gave_up = True
            self._stop_all()

    def _stop_all(self) -> None:
        """Let no user begin another call."""
        self._stopping = True
        self._stop.set()

    # -- afterwards

    def _first_error(self) -> BaseException | None:
        return next((tally.first_error for tally in self._tallies if tally.first_error), None)

    def raise_if_mistaken(self) -> None:
        """Raise BadSetting if nothing of a call ran, or every call raised, and not one of Redis's errors."""
        if self._never_ran:
            raise BadSetting(str(self._never_ran))
        error = self._first_error()
        if error is None or self._some_success or isinstance(error, (RedisError, OSError)):
            return
        raise BadSetting(
            f"The work ({self._workload.name}) raised at every call: {_say(error)}. "
            "Try it by itself, with redis.Redis(connection_pool=pool), until it works."
        ) from error

    def report(self, real: bool | None, opened: int | None) -> LoadReport:
        """Add up what the users did."""
        tallies = self._tallies
        error = self._first_error()
        calls = Calls.of_users([self._times_of(tally) for tally in tallies], self._pace.window())
        refused, failed = sum(tally.refused for tally in tallies), sum((t.failed for t in tallies), Counter[str]())
        begun = len(calls) + refused + failed.total()
        return LoadReport(
            workload=self._workload,
            limit=self._pool.max_connections,
            calls=calls,
            refused=refused,
            failed=dict(sorted(failed.items())),
            first_error=_say(error) if error else None,
            peak_in_use=self._meter.most_in_use(),
            opened=opened,
            seconds=self._seconds(calls),
            real=real,
            interrupted=self._interrupted,
            gave_up=self._gave_up,
            not_begun=(self._pace.expected or begun) - begun,
            no_free_user=sum(tally.no_free_user for tally in tallies),
            overslept=TimeSummary.of_arrays(tally.overslept for tally in tallies),
        )

    def _times_of(self, tally: Tally) -> tuple[Seconds, ...]:
        due, begun, ended = tally.times()
        heard = ended <= self._ended  # The meter doesn't hear a user who goes on after an interrupt.
        due, begun, ended = due[heard], begun[heard], ended[heard]
        return due, begun, ended, *self._meter.spent(tally.who, begun, ended)

    def _seconds(self, calls: Calls) -> float:
        """How long the reported part took: to the last answer, and in an open loop at least as long as planned."""
        if self._interrupted or not len(calls):
            return max(0.0, self._ended - self._pace.window())  # It may have ended in the warm-up.
        last = float(calls.ended.max())
        return max(last, self._workload.seconds) if self._workload.is_open else last


def _say(error: BaseException) -> str:
    """The error's name and text, and which line of the learner's function it came from, if it is not one of Redis's."""
    text = f"{type(error).__name__}: {error}".rstrip(" .:")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not is_between(frame.filename)]
    if not frames or isinstance(error, (RedisError, OSError)):
        return text
    return f"{text} (line {frames[0].lineno} of {frames[0].name})"
