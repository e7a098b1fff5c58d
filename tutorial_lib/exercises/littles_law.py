"""Rate, hold and how many are in use, read from recordings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import isclose
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
LESSON = "07"
TITLE = "The law, on a recording"
NAME = "little"

CALLERS = 6
LIMIT = 3
HOLDS = (0.005, 0.015)
QUIET_SECONDS = 0.03
ROOM = 1e300

PROMPT = """
Somebody has recorded a pool for a while. Write `little(recording)`, which returns three numbers:

- the **rate**: borrows per second, over the whole recording;
- the **hold**: for how many seconds a connection is kept, on average;
- how many connections are **in use**, on average.

`recording.duration` is how long it lasted, in seconds. `recording.leases` has a lease for each borrow that got a
connection; its `held` and its `waited` are in seconds. If nobody borrowed anything, all three numbers are 0.
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


def check(answer: Callable[..., Any], lab: Lab) -> str:
    busy, refusing, quiet = _recordings(lab)
    numbers = _ask(answer, busy, lab)
    for recording, found in ((busy, numbers), (refusing, _ask(answer, refusing, lab))):
        _require_right(found, recording)
    _require_zeros(answer, quiet, lab)
    rate, hold, in_use = numbers
    return (
        f"{rate:.1f} borrows a second, kept for {hold:.4f} s each: {in_use:.3f} in use, on average. Counted from the "
        f"timeline, moment by moment, it is {_counted(busy):.3f}. {CALLERS} threads were at work; the law did not ask."
    )


def _recordings(lab: Lab) -> tuple[Recording, Recording, Recording]:
    """Record a pool in front of which callers wait, one that refuses some, and one that nobody wants."""
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
    if not isinstance(returned, (tuple, list)) or len(returned) != 3 or not all(map(_is_number, returned)):
        raise Wrong(
            f"`{lab.name}` returned {shown(returned)}. Asked for are three numbers: `return rate, hold, in_use`."
        )
    rate, hold, in_use = map(float, returned)
    return rate, hold, in_use


def _is_number(value: Any) -> bool:
    # What no float has room for cannot be compared with one; nor can "not a number".
    return bool(isinstance(value, Real) and not isinstance(value, bool) and -ROOM < value < ROOM)  # type: ignore[operator]


def _require_right(found: tuple[float, float, float], recording: Recording) -> None:
    right: Callable[..., tuple[float, float, float]] = solution
    names = ("rate", "hold", "in use")
    for name, mine, wanted, mistakes in zip(names, found, right(recording), _mistakes(recording), strict=True):
        if not isclose(mine, wanted, rel_tol=1e-6):
            why = next((why for wrong, why in mistakes if isclose(mine, wrong, rel_tol=1e-6)), None)
            if why is None and mine in [round(wanted, digits) for digits in range(7)]:
                why = "That is right, and rounded. Leave it as it was."
            why = why or _otherwise(name)
            raise Wrong(f"{_scene(recording)} You returned {mine:.5g} for {name}. {why}")


def _scene(recording: Recording) -> str:
    refused = f", and {recording.refused} callers were refused" if recording.refused else ""
    return f"In {recording.duration:.3f} s there were {recording.borrowed} leases on a limit of {LIMIT}{refused}."


def _otherwise(name: str) -> str:
    return {
        "rate": "How many leases are there, and in how many seconds?",
        "hold": "What is the mean of `held` over all leases?",
        "in use": "Little's law multiplies the two numbers that you have found. Which are they?",
    }[name]


def _mistakes(recording: Recording) -> tuple[list[tuple[float, str]], ...]:
    """What people return instead of each of the three, and what to say to it."""
    leases, seconds = recording.leases, recording.duration
    held, waited = [lease.held for lease in leases], [lease.waited for lease in leases]
    number, rate, hold = len(leases), len(leases) / seconds, fmean(held)
    of_rate = [
        (float(number), "So many borrowed in all. A rate is how many of them there are in one second."),
        (
            number / max(lease.ended for lease in leases),
            "That is until the last was back. The rate is over the whole recording: divide by `recording.duration`.",
        ),
        (number / sum(held), "That is one divided by the hold. A rate does not depend on how long anybody kept it."),
        (
            (number + recording.refused) / seconds,
            "Whoever was refused kept nothing, and is in `turned_away`, not in `leases`.",
        ),
    ]
    of_hold = [
        (
            hold + fmean(waited),
            "Some of that was spent in the queue. Who waits has no connection, so the hold begins later.",
        ),
        (sum(held), "That is the time of all of them together. How long did one keep it, on average?"),
        (hold * 1000, "That would be milliseconds. The rate is per second, so the hold is in seconds."),
        (max(held), "So long was the longest. The law asks for the mean."),
        (median(held), "That is the median. Half of them keep it for longer, and the law wants to know for how long."),
    ]
    of_in_use = [
        (float(recording.peak), "So many were in use at the worst moment. What was it on average?"),
        (float(LIMIT), "That is what the pool may open. How much of it was in use?"),
        (
            float(len({lease.who for lease in leases})),
            "That is the number of threads. A thread needs one while it asks.",
        ),
        (rate, "That is the rate once more. Each of them stays for a hold, and then it is gone."),
        (rate / hold, "It was divided, and the longer a hold is, the more are in use."),
        (fmean(held) * number, "Connections times seconds: all that was ever held. In how many seconds?"),
    ]
    return of_rate, of_hold, of_in_use


def _require_zeros(answer: Callable[..., Any], quiet: Recording, lab: Lab) -> None:
    try:
        numbers = _ask(answer, quiet, lab)
    except (ArithmeticError, ValueError) as error:
        raise Wrong(
            f"In {quiet.duration:.3f} s nobody came, and `{lab.name}` raised `{type(error).__name__}: {error}`. "
            "A mean of nothing is none: which case comes first?"
        ) from error
    if any(numbers):
        raise Wrong(f"In {quiet.duration:.3f} s nobody came, and you returned {shown(numbers)}. All three are 0 then.")


HINTS = (
    "Two of the numbers are counted, the third is worked out. Which two does Little's law multiply?",
    "The rate needs the number of leases and `recording.duration`; the hold needs each lease's `held`.",
    "Add up `held` over all leases and divide by how many there are: that is the hold. Multiply it by the rate for "
    "what is in use.",
    "In a recording without leases there is nothing to divide by. Ask first whether the list is empty, and "
    "return three zeros then.",
)
