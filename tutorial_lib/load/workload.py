"""What a load asks of a pool: which work, by how many callers or how often, and for how long."""

from __future__ import annotations

import inspect
import math
import random
import shlex
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass
from functools import partial
from itertools import count as counting
from typing import Literal

import redis

from tutorial_lib.arguments import in_short, not_negative, of_kind, positive, whole
from tutorial_lib.errors import BadSetting

Work = str | tuple[object, ...] | Callable[[redis.Redis], object]

MOST_CALLS = 1_000_000
"""The most calls of one run: each leaves three numbers in memory, and three more for each of its borrows."""

MOST_USERS = 512
"""The most threads of one run."""

LONGEST_RUN = 86_400
"""Seconds, a day: of a run, and of any wait in it."""

LONGEST_COMMAND = 10_000
"""Characters of a command that is taken apart. One with a large value is given as a tuple."""

NAME_LENGTH = 60

DEFAULT_USERS = 8
DEFAULT_DURATION = 1.0


@dataclass(frozen=True)
class Workload:
    """What to ask of a pool, how often and for how long. Times in seconds, ``rate`` in calls per second.

    ``work`` is a command, ``"GET greeting"`` or ``("SET", "greeting", "good day")``, or a function that is called
    with a ``redis.Redis`` on the pool.

    Without ``rate`` it is a *closed loop*: each of ``users`` threads (8) waits for its answer, thinks for ``think``
    seconds and asks again. A slow server is asked less often, so a closed loop shows how much a pool can do.

    With ``rate`` it is an *open loop*: calls fall due at set times, whatever became of those before, as they do
    when many people use a web site. It shows how long callers wait. ``arrivals`` is ``"poisson"`` (at random; the
    same ``seed`` gives the same times) or ``"constant"``. ``users`` threads carry the calls out: by default as many
    as fall due in one second, 64 at least and 512 at most.

    It ends after ``duration`` seconds (1) or ``count`` calls, at the latest after a million. ``warm_up`` calls come
    first and are not reported.
    """

    work: Work
    _: KW_ONLY
    users: int | None = None
    think: float = 0.0
    rate: float | None = None
    arrivals: Literal["poisson", "constant"] = "poisson"
    seed: int = 1
    duration: float | None = None
    count: int | None = None
    warm_up: int = 0

    def __post_init__(self) -> None:
        _check_work(self.work)
        # What the checks return is kept: a thread cannot wait for numpy's numbers, nor for a Decimal.
        keep = partial(object.__setattr__, self)
        if self.users is not None:
            keep("users", whole("users", self.users, "threads", at_least=1, at_most=MOST_USERS))
        if self.count is not None:
            keep("count", whole("count", self.count, "calls", at_least=1, at_most=MOST_CALLS))
        keep("warm_up", whole("warm_up", self.warm_up, "calls", at_least=0, at_most=MOST_CALLS))
        keep("seed", whole("seed", self.seed, "any kind", at_least=0))
        keep("think", not_negative("think", self.think, "seconds", at_most=LONGEST_RUN))
        if self.duration is not None:
            keep("duration", positive("duration", self.duration, "seconds", at_most=LONGEST_RUN))
        if self.duration is not None and self.count is not None:
            raise BadSetting("Both duration and count are given. A run ends by one of them: leave the other out.")
        if self.rate is not None:
            keep("rate", positive("rate", self.rate, "calls per second"))
            self._check_open_loop(self.rate)
        elif self.arrivals != "poisson":
            raise BadSetting(
                "arrivals says when the calls of an open loop fall due. Give a rate as well, or leave it out."
            )

    def _check_open_loop(self, rate: float) -> None:
        if self.think:
            raise BadSetting("think is for a closed loop. With a rate, calls fall due at set times. Leave one out.")
        if self.arrivals not in ("poisson", "constant"):
            raise BadSetting(f"arrivals is {in_short(self.arrivals)}. It is 'poisson' or 'constant'.")
        if rate * self.seconds > MOST_CALLS:
            raise BadSetting(
                f"{rate:g} calls per second for {self.seconds:g} s are more than {MOST_CALLS:,} calls. "
                "Lower the rate or the duration."
            )
        if self.warm_up + (self.count or 0) > rate * LONGEST_RUN:
            raise BadSetting(
                f"rate is {rate:g} per second: the last call would be due in more than a day. Raise the rate."
            )

    @property
    def is_open(self) -> bool:
        """True for an open loop: calls fall due at set times."""
        return self.rate is not None

    @property
    def seconds(self) -> float:
        """How long calls are made for: 0 where ``count`` ends the run."""
        return 0.0 if self.count is not None else self.duration or DEFAULT_DURATION

    def due_times(self) -> list[float]:
        """Return when each call of an open loop falls due, in seconds from the start, warm-up first."""
        assert self.rate is not None
        gaps = random.Random(self.seed)
        last = math.inf if self.count is None else self.warm_up + self.count
        until = self.seconds if self.count is None else math.inf
        times: list[float] = []
        now = warm_until = 0.0
        for number_of_call in counting():
            now += gaps.expovariate(self.rate) if self.arrivals == "poisson" else 1 / self.rate
            if number_of_call < self.warm_up:
                warm_until = now
            elif number_of_call >= last or now > warm_until + until:
                break
            times.append(now)
        return times

    def users_for(self, calls: int) -> int:
        """Return how many threads carry the load, where ``calls`` are to be made."""
        if self.users is not None:
            return self.users
        if self.rate is None:
            return DEFAULT_USERS
        return max(1, min(MOST_USERS, max(64, math.ceil(self.rate)), calls))

    def bound_to(self, client: redis.Redis) -> Callable[[], object]:
        """Return what makes one call with ``client``."""
        if callable(self.work):
            return partial(self.work, client)
        return partial(client.execute_command, *_command(self.work))

    def describe(self) -> str:
        """Say in one line what is asked, by how many callers and for how long."""
        length = f"{self.count} calls" if self.count is not None else f"{self.seconds:g} s"
        if self.rate is None:
            many = self.users or DEFAULT_USERS
            users, think = ("1 user", "thinks") if many == 1 else (f"{many} users", "think")
            thinking = f" who {think} {self.think:g} s" if self.think else ""
            return f"closed loop, {users}{thinking}, {length}: {self.name}"
        kind = f"Poisson, seed {self.seed}" if self.arrivals == "poisson" else "evenly spaced"
        return f"open loop, {self.rate:g} calls a second ({kind}), {length}: {self.name}"

    @property
    def name(self) -> str:
        """The command, or the name of the learner's function."""
        if callable(self.work):
            return str(getattr(self.work, "__name__", type(self.work).__name__)).strip("<>")  # <lambda>
        command = " ".join(str(part) for part in _command(self.work))
        return command if len(command) <= NAME_LENGTH else command[: NAME_LENGTH - 1] + "…"


def check_workload(thing: object) -> Workload:
    """Return ``thing`` if it is a Workload; otherwise say how to make one of it."""
    name = getattr(thing, "__name__", "")
    work = in_short(thing) if isinstance(thing, (str, tuple)) else name if name.isidentifier() else "work"
    how = f"Say what to ask, and how often: Workload({work}) or Workload({work}, rate=100)."
    return of_kind(Workload, "workload", thing, how)


def with_seed(workload: Workload, seed: int) -> Workload:
    """Return the same load with other arrivals. ``replace`` would check all of it again."""
    other = copy(workload)
    object.__setattr__(other, "seed", seed)
    return other


class NeverRan(Exception):
    """The call returned, and what it was to do is still to be done."""


def check_ran(name: str, result: object) -> None:
    """Raise NeverRan if the ``result`` of a call is a coroutine or a generator, which will never run."""
    kinds = (
        (inspect.iscoroutine, "a coroutine", "A load runs in threads: use redis, not redis.asyncio."),
        (inspect.isgenerator, "a generator", "Read it to the end in a function, for example with list(…)."),
        (inspect.isasyncgen, "an async generator", "A load runs in threads: use redis, not redis.asyncio."),
    )
    for is_one, kind, what_to_do in kinds:
        if is_one(result):
            if hasattr(result, "close"):  # Otherwise Python warns later that it was never awaited.
                result.close()
            raise NeverRan(f"The work ({name}) returned {kind}, so the call was never made. {what_to_do}")


def _check_work(work: object) -> None:
    if callable(work):
        _check_function(work)
    elif not isinstance(work, (str, tuple)) or not _command(work):
        raise BadSetting(
            f"The work is {in_short(work)}. Give a command such as 'GET greeting' or ('SET', 'greeting', 'good day'), "
            "or a function that takes a redis.Redis."
        )


def _check_function(work: Callable[..., object]) -> None:
    for called in (work, type(work).__call__):  # An object may have an async __call__.
        if inspect.iscoroutinefunction(called):
            raise BadSetting("The work is an async function. A load runs in threads: give a plain function.")
        if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
            raise BadSetting(
                "The work is a generator function: calling it runs nothing of it. Give a plain function, without yield."
            )


def _command(work: str | Sequence[object]) -> tuple[object, ...]:
    if not isinstance(work, str):
        return tuple(work)
    if len(work) > LONGEST_COMMAND:
        raise BadSetting(f"The command {in_short(work)} is very long. Give a tuple of its parts instead.")
    try:
        return tuple(shlex.split(work))
    except ValueError as error:  # A quotation mark without its partner.
        raise BadSetting(
            f"The command {in_short(work)} cannot be read: {error}. Give a tuple of its parts instead."
        ) from None
