"""A workload cut into shares, one for each process of a fleet, that together ask what the whole would."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from tutorial_lib.errors import BadSetting
from tutorial_lib.load.workload import DEFAULT_USERS, Workload
from tutorial_lib.words import counted


@dataclass(frozen=True)
class Share(Workload):
    """One process's part of an open loop: the calls that fell to it. ``rate`` is its part of the rate."""

    times: tuple[float, ...] = field(default=(), kw_only=True, repr=False)

    def due_times(self) -> list[float]:
        return list(self.times)


def shares(workload: Workload, processes: int) -> list[Workload]:
    """Cut ``workload`` into as many shares as there are ``processes``. BadSetting if it has too few users or calls.

    A closed loop's users and calls are dealt out evenly. Of an open loop each share gets some of the very calls that
    a single process would make, at their very times: together they are that process's arrivals, for the same seed.
    """
    users = _dealt("users", workload.users, processes)
    if workload.is_open:
        return _shares_of_open_loop(workload, users)
    everyone = _even(max(DEFAULT_USERS, processes), processes) if workload.users is None else users
    counts = _dealt("count", workload.count, processes)
    warm_ups = _even(workload.warm_up, processes)
    return [
        replace(workload, users=of_us, count=calls, warm_up=warm_up)
        for of_us, calls, warm_up in zip(everyone, counts, warm_ups, strict=True)
    ]


def _shares_of_open_loop(workload: Workload, users: list[int] | list[None]) -> list[Workload]:
    """Give each call to a process, and each process the times of its calls.

    Calls that come at random go to a process at random, so that each process has Poisson arrivals of its own, at its
    part of the rate. (Dealt out in turn they would come more evenly than that, and wait less.) Evenly spaced calls
    are dealt out in turn, so that each process has evenly spaced ones.
    """
    assert workload.rate is not None
    processes, times = len(users), workload.due_times()
    draw = random.Random(f"{workload.seed}, shared by {processes}")
    mine: list[list[float]] = [[] for _ in users]
    warm_ups = [0] * processes
    for number, due in enumerate(times):
        which = draw.randrange(processes) if workload.arrivals == "poisson" else number % processes
        mine[which].append(due)
        warm_ups[which] += number < workload.warm_up
    begin = times[workload.warm_up - 1] if workload.warm_up else 0.0
    length = workload.seconds or times[-1] - begin
    return [
        Share(
            work=workload.work,
            users=of_us,
            rate=workload.rate / processes,
            arrivals=workload.arrivals,
            seed=workload.seed,
            duration=length,
            warm_up=warm_up,
            times=tuple(due_times),
        )
        for of_us, warm_up, due_times in zip(users, warm_ups, mine, strict=True)
    ]


def _dealt(name: str, number: int | None, processes: int) -> list[int] | list[None]:
    """Deal out what the workload asks for; where it leaves that open, each share does. BadSetting for too few."""
    if number is None:
        return [None] * processes
    if number < processes:
        raise BadSetting(
            f"The workload has {name}={number}, too few for {counted(processes, 'process', 'processes')}. "
            f"Give at least {processes}, or fewer processes."
        )
    return _even(number, processes)


def _even(number: int, processes: int) -> list[int]:
    return [number // processes + (place < number % processes) for place in range(processes)]
