"""Rate, hold and how many are in use, read from recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice, pairwise
from math import ceil, floor, isclose
from numbers import Real
from statistics import fmean, median
from time import sleep
from typing import Any

import redis

from tutorial_lib.load.callers import hold as borrow_for
from tutorial_lib.load.callers import run_threads
from tutorial_lib.pools.recording import Recording, record
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import NotAttempted, Wrong, shown

ID = "littles-law"
LESSON = "08"
TITLE = "Little's law on a recording"
NAME = "little"

CALLERS = 6
LIMIT = 3
HOLDS = (0.005, 0.015)
QUIET_SECONDS = 0.03
ROOM = 1e300

PROMPT = """
**Given** a recording of a pool, made with `record(pool)`. `recording.duration` is the number of seconds it lasted.
`recording.leases` has one lease for each borrow that got a connection. `lease.held` says how many seconds the
connection was held, and `lease.waited` how many seconds the caller waited for it.

**Write** `little(recording)`, which returns three numbers in this order:

- the **rate**: borrows per second, over the whole recording;
- the **hold**: how many seconds a connection was held, on average;
- how many connections were **in use**, on average.

**It passes when**
- the three numbers are right, and not rounded, for a pool whose callers wait and for a pool that refuses some of them;
- all three are 0 for a recording in which nothing was borrowed.
"""


def starter(recording):
    rate = ...  # your code here
    hold = ...
    in_use = ...
    return rate, hold, in_use


def solution(recording):
    if not recording.leases:
        return 0, 0, 0
    rate = len(recording.leases) / recording.duration
    hold = sum(lease.held for lease in recording.leases) / len(recording.leases)
    return rate, hold, rate * hold


WHY = """
Little's law: what is in use on average is the rate times the hold. The number of threads and the limit of the pool do
not appear in it. Adding up all holds and dividing by the duration gives the same number.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    busy, refusing, quiet = _recordings(lab)
    numbers = _ask(answer, busy, lab)
    for recording, found in ((busy, numbers), (refusing, _ask(answer, refusing, lab))):
        _require_right(found, recording)
    _require_zeros(answer, quiet, lab)
    rate, hold, in_use = numbers
    return (
        f"{rate:.1f} borrows per second, each held for {hold:.4f} s, make {in_use:.3f} connections in use on average. "
        f"Counted from the timeline, moment by moment, it is {_counted(busy):.3f}. {CALLERS} threads took part, but "
        "the law doesn't need that number."
    )


def _recordings(lab: Lab) -> tuple[Recording, Recording, Recording]:
    """Record a pool in front of which callers wait, one that refuses some, and one that nothing borrows from."""
    where: dict[str, Any] = {"host": lab.server.host, "port": lab.server.port, "max_connections": LIMIT}
    with redis.BlockingConnectionPool(**where, timeout=5) as waiting, record(waiting) as busy:
        run_threads(CALLERS, lambda: _borrow_in_turn(waiting))
        sleep(QUIET_SECONDS)
    with redis.ConnectionPool(**where) as plain:
        with record(plain) as refusing:
            run_threads(CALLERS, lambda: borrow_for(plain, HOLDS[1]))
            _borrow_in_turn(plain)
        with record(plain) as quiet:
            sleep(HOLDS[0])
    return busy, refusing, quiet


def _borrow_in_turn(pool: redis.ConnectionPool) -> None:
    for seconds in HOLDS:
        borrow_for(pool, seconds)


def _counted(recording: Recording) -> float:
    moments = recording.timeline()
    seconds = sum(now.in_use * (later.at - now.at) for now, later in pairwise(moments))
    return seconds / recording.duration


def _ask(answer: Callable[..., Any], recording: Recording, lab: Lab) -> tuple[float, float, float]:
    returned = lab.call(answer, recording)
    if isinstance(returned, (tuple, list)) and any(part is ... for part in returned):
        raise NotAttempted(f"`{lab.name}` still returns a `...` it came with. Put your code in its place.")
    numbers = _in_order(returned)
    if len(numbers) != 3 or not all(map(_is_number, numbers)):
        raise Wrong(
            f"`{lab.name}` returned {shown(returned)}. It has to return three numbers: `return rate, hold, in_use`."
        )
    rate, hold, in_use = map(float, numbers)
    return rate, hold, in_use


def _in_order(returned: Any) -> list[Any]:
    """Return what came back as a list, or an empty list where it has no order or is no collection of numbers."""
    if isinstance(returned, (str, bytes, dict, set)) or not isinstance(returned, Iterable):
        return []
    return list(islice(returned, 4))


def _is_number(value: Any) -> bool:
    # What no float has room for cannot be compared with one; nor can "not a number".
    return bool(isinstance(value, Real) and not isinstance(value, bool) and -ROOM < value < ROOM)  # type: ignore[operator]


def _require_right(found: tuple[float, float, float], recording: Recording) -> None:
    right: Callable[..., tuple[float, float, float]] = solution
    names = ("the rate", "the hold", "what is in use")
    mistakes_of = (_instead_of_the_rate, _instead_of_the_hold, _instead_of_in_use)
    for name, mine, wanted, instead in zip(names, found, right(recording), mistakes_of, strict=True):
        if not isclose(mine, wanted, rel_tol=1e-6):
            why = next((why for wrong, why in instead(recording) if isclose(mine, wrong, rel_tol=1e-6)), None)
            if mine in [floor(wanted), ceil(wanted), *(round(wanted, digits) for digits in range(7))]:
                why = "That is right, but rounded. Return it as it is."
            raise Wrong(f"{_scene(recording)} You returned {mine:.5g} for {name}. {why or _otherwise(name)}")


def _scene(recording: Recording) -> str:
    refused = f", and {recording.refused} callers were refused" if recording.refused else ""
    return f"The recording has {recording.borrowed} leases on a limit of {LIMIT}{refused}."


def _otherwise(name: str) -> str:
    return {
        "the rate": "How many leases are there, and in how many seconds?",
        "the hold": "What is the mean of `held` over all leases?",
        "what is in use": "Little's law multiplies the other two numbers. Which are they?",
    }[name]


Mistake = tuple[float, str]
"""What people return instead of a number, and what to say to it."""


def _instead_of_the_rate(recording: Recording) -> list[Mistake]:
    leases, seconds = recording.leases, recording.duration
    held, number = [lease.held for lease in leases], len(leases)
    waited = [lease.waited for lease in leases]
    return [
        (float(number), "That is how many borrowed in total. A rate is how many borrow in one second."),
        (
            number / max(lease.ended for lease in leases),
            "That counts until the last connection was returned. The rate is over the whole recording: divide by "
            "`recording.duration`.",
        ),
        (
            number / sum(held),
            "That is one divided by the hold. A rate does not depend on how long a connection is held.",
        ),
        (
            (number + recording.refused) / seconds,
            "That includes the callers who were refused. They held nothing, so they are not in `leases`.",
        ),
        (sum(map(bool, waited)) / seconds, "That counts only the callers who had to wait. All of them borrowed."),
        (60 * number / seconds, "That is per minute. The hold is in seconds, so the rate is per second."),
        (fmean(held), "That is the hold. The order is rate, hold, in use."),
    ]


def _instead_of_the_hold(recording: Recording) -> list[Mistake]:
    held, waited = zip(*((lease.held, lease.waited) for lease in recording.leases), strict=True)
    hold = fmean(held)
    return [
        (
            hold + fmean(waited),
            "That includes the time spent waiting. A caller who waits has no connection yet, so the hold begins later.",
        ),
        (sum(held), "That is the time of all borrows together. How long did one of them hold it, on average?"),
        (hold * 1000, "That is in milliseconds. The rate is per second, so the hold is in seconds."),
        (max(held), "That is the longest hold. The law needs the mean."),
        (median(held), "That is the median. The law needs the mean, because long holds count for more."),
    ]


def _instead_of_in_use(recording: Recording) -> list[Mistake]:
    leases, seconds, number = recording.leases, recording.duration, len(recording.leases)
    held = [lease.held for lease in leases]
    rate, hold = number / seconds, fmean(held)
    return [
        (float(recording.peak), "That many were in use at the busiest moment. How many were in use on average?"),
        (float(LIMIT), "That is the limit of the pool. How many connections were in use?"),
        (
            float(len({lease.who for lease in leases})),
            "That is the number of threads. A thread needs a connection only while it holds one.",
        ),
        (float(number), "That is how many borrowed in total. Most of them had returned theirs when others borrowed."),
        (rate, "That is the rate again. Each borrow lasts for a hold, and then it is over."),
        (rate / hold, "That is the rate divided by the hold. If a hold gets longer, are more in use, or fewer?"),
        (hold / seconds, "That is one hold, spread over the recording. How many holds were there?"),
        (sum(held), "That is connections times seconds: all holds together. In how many seconds were they?"),
    ]


def _require_zeros(answer: Callable[..., Any], quiet: Recording, lab: Lab) -> None:
    try:
        numbers = _ask(answer, quiet, lab)
    except (ArithmeticError, ValueError) as error:
        raise Wrong(
            f"In a recording where nothing was borrowed `{lab.name}` raised `{type(error).__name__}: {error}`. There "
            "is no mean of nothing. What do you have to ask before you divide?"
        ) from error
    if any(numbers):
        raise Wrong(f"In a recording where nothing was borrowed you returned {shown(numbers)}. All three are 0 then.")


HINTS = (
    "You read two of the numbers from the recording and work out the third. Which two does Little's law multiply?",
    "The rate needs the number of leases and `recording.duration`; the hold needs each lease's `held`.",
    "Add up `held` over all leases and divide by how many there are: that is the hold. Multiply it by the rate to get "
    "how many connections are in use.",
    "In a recording without leases there is nothing to divide by. Check first whether the list is empty, and if it is, "
    "return three zeros.",
)
