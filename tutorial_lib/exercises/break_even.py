"""What an open connection saves, worked out on paper and compared with what a real one takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from math import isclose
from numbers import Real
from timeit import repeat
from typing import Any

import redis

from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import NotAttempted, Wrong, shown

ID = "break-even"
LESSON = "02"
TITLE = "What reuse saves"
NAME = "saving"

PROMPT = """
**Given** a page of the shop that sends its commands one after the other, so that each takes one round trip. Today every
page first opens a connection of its own. A round trip takes `round_trip` seconds, opening a connection takes `opening`
round trips, and a page sends `commands` commands, at least one. Nothing else takes time.

**Write** `saving(round_trip, opening, commands)`. It returns two numbers:

- the **seconds** that a page saves if its connection is open already;
- how many **times** as long a page takes today, compared with a page whose connection is open.

**It passes when**
- both numbers are right, not rounded, for five pages with different distances, openings and numbers of commands.

For one of these pages, real commands are timed on a connection with a round trip of 10 ms, so that you can compare.
"""


def starter(round_trip, opening, commands):
    seconds = ...  # your code here
    times = ...  # your code here
    return seconds, times


def solution(round_trip, opening, commands):
    afresh = (opening + commands) * round_trip
    reused = commands * round_trip
    return afresh - reused, afresh / reused


WHY = """
Both pages send the same commands, so the seconds saved are the round trips of the opening. The ratio is
`(opening + commands) / commands`: the length of a round trip cancels out, so the ratio is the same for a nearby server
and for one far away.
"""


@dataclass(frozen=True)
class PageLoad:
    """A page and its server."""

    round_trip: float
    opening: int
    commands: int

    def __str__(self) -> str:
        return f"`saving({self.round_trip:g}, {self.opening}, {self.commands})`"


MEASURED = PageLoad(0.01, 5, 3)
ON_PAPER = (PageLoad(0.02, 5, 1), PageLoad(0.001, 7, 3), PageLoad(0.05, 1, 10), PageLoad(0.004, 0, 2))


def check(answer: Callable[..., Any], lab: Lab) -> str:
    right: Callable[..., tuple[float, float]] = solution
    for case in (MEASURED, *ON_PAPER):
        got = _ask(answer, case, lab)
        if why := _mistake(got, right(case.round_trip, case.opening, case.commands), case):
            raise Wrong(why)
    seconds, times = right(MEASURED.round_trip, MEASURED.opening, MEASURED.commands)
    afresh, reused = _measure(lab)
    return (
        f"All five are right. For {MEASURED} you say {seconds:g} s and {times:.2f} times. With a round trip of "
        f"10 ms, the commands took {afresh:.2f} s on a new connection and {reused:.2f} s on an open one. "
        "The seconds depend on the distance to the server; the times do not."
    )


def _ask(answer: Callable[..., Any], case: PageLoad, lab: Lab) -> tuple[float, float]:
    returned = lab.call(answer, case.round_trip, case.opening, case.commands)
    try:
        if isinstance(returned, (str, bytes, dict)):
            raise TypeError
        numbers = list(islice(returned, 3))
        if any(number is ... for number in numbers):
            raise NotAttempted(f"`{lab.name}` still returns a `...` it came with. Put your code in its place.")
        seconds, times = map(_number, numbers)
    except (TypeError, ValueError, OverflowError):
        raise Wrong(
            f"{case} returned {shown(returned)}. It has to return two numbers: `return seconds, times`."
        ) from None
    return seconds, times


def _number(value: Any) -> float:
    """Return any kind of number as a float. TypeError if it is none: a text, or True."""
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        raise TypeError
    return float(value)


def _measure(lab: Lab) -> tuple[float, float]:
    """Time a page on a new connection and on an open one, the best of three each, in seconds."""
    with (
        lab.proxy(MEASURED.round_trip) as proxy,
        redis.ConnectionPool(host=proxy.host, port=proxy.port, max_connections=1) as pool,
    ):
        r = redis.Redis(connection_pool=pool)

        def page() -> None:
            for _ in range(MEASURED.commands):
                r.get("greeting")

        def page_afresh() -> None:
            pool.disconnect()
            page()

        return min(repeat(page_afresh, number=1, repeat=3)), min(repeat(page, number=1, repeat=3))


def _mistake(got: tuple[float, float], wanted: tuple[float, float], case: PageLoad) -> str:
    """Say what is wrong with two numbers; nothing if they are right."""
    (seconds, times), (wanted_seconds, wanted_times) = got, wanted
    if _like(got, wanted):
        return ""
    if _like(got, (wanted_times, wanted_seconds)):
        return f"{case} returned {times:.4g} times and {seconds:.4g} seconds, in this order. Which is asked for first?"
    if not isclose(seconds, wanted_seconds, rel_tol=1e-6, abs_tol=1e-9):
        return f"{case} says that {seconds:.4g} s are saved. {_why_seconds(seconds, wanted_seconds, case)}"
    return f"{case} says that a page takes {times:.4g} times as long today. {_why_times(times, wanted_times, case)}"


def _like(some: tuple[float, float], others: tuple[float, float]) -> bool:
    return all(isclose(one, other, rel_tol=1e-6, abs_tol=1e-9) for one, other in zip(some, others, strict=True))


def _why_seconds(seconds: float, wanted: float, case: PageLoad) -> str:
    trips = case.opening
    mistakes = {
        wanted * 1000: "That would be milliseconds. `round_trip` comes in seconds; what has to come out?",
        wanted * case.commands: (
            f"In that case a page would open a connection {case.commands} times. How often does it open one?"
        ),
        (trips + case.commands) * case.round_trip: (
            "That's how long the whole page takes today. The commands are sent in either case, so what is saved?"
        ),
        float(trips): "That is a number of round trips. How many seconds does each of them take?",
        trips * MEASURED.round_trip: f"A round trip takes {case.round_trip:g} s here. Which argument tells you that?",
        case.round_trip: f"That is one round trip. Opening a connection takes {trips} of them here.",
        (trips - 1) * case.round_trip: (
            "One round trip is missing. None of the `opening` round trips is needed once the connection is open."
        ),
        -wanted: "A negative saving is a loss. Which of the two pages takes longer?",
    }
    return _first_like(seconds, wanted, mistakes, "How many round trips does a page make today, and how many without?")


def _why_times(times: float, wanted: float, case: PageLoad) -> str:
    today = case.opening + case.commands
    mistakes = {
        case.opening / case.commands: (
            "That compares the opening with the commands. A page of today makes the opening *and* the commands."
        ),
        case.opening + 1.0: f"That is true for a page with one command. This one sends {case.commands}.",
        (1 + case.commands) / case.commands: (
            f"That counts the opening as one round trip. It takes {case.opening} of them here."
        ),
        case.commands / today: "That would make a page of today the faster one. Which time do you divide by which?",
        float(today // case.commands): "Something was rounded down: `//` drops everything after the decimal point.",
        case.opening / today: "That is the part of today's time that is saved. How many times as long is today's?",
        100 * case.opening / today: "That is how many percent of today's time are saved. How many times as long is it?",
    }
    if case.opening:
        mistakes[case.commands / case.opening] = (
            "That divides the commands by the opening. How long does a whole page take today, and how long with a "
            "connection that is open?"
        )
    return _first_like(
        times,
        wanted,
        mistakes,
        "How long does a page take today, and how long with an open connection? Divide the two.",
    )


def _first_like(value: float, wanted: float, mistakes: dict[float, str], otherwise: str) -> str:
    for mistake, why in mistakes.items():
        if isclose(value, mistake, rel_tol=1e-6):
            return why
    if any(isclose(value, round(wanted, digits)) for digits in range(4)):
        return "Something was rounded. Return the number as it comes out, with all its digits."
    return otherwise


HINTS = (
    "Count round trips first and seconds later. How many round trips does a page make that opens a connection and "
    "sends 3 commands?",
    "A page on an open connection makes one round trip for each command, and no other.",
    "Work out two times: a page today, and a page on an open connection. One answer is their difference, the other "
    "their ratio.",
    "Today: `opening` and `commands` together, times `round_trip`. On an open connection: the same without `opening`.",
)
