"""What reuse saves, worked out on paper and held against a wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isclose
from timeit import repeat
from typing import Any

import redis

from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import NotAttempted, Wrong, shown

ID = "break-even"
LESSON = "01"
TITLE = "What reuse saves"
NAME = "saving"

PROMPT = """
A page of the shop sends its commands one after the other, so each takes a round trip. Today every page opens a
connection of its own first.

Write `saving(round_trip, opening, commands)`: a round trip takes `round_trip` seconds, opening a connection takes
`opening` round trips, and a page sends `commands` commands, at least one. It returns two numbers:

- the **seconds** that a page saves if its connection is there already;
- how many **times** as long a page takes today as it would then.

Only round trips count; all else takes no time. Your numbers are held against a real wire, 10 ms long.
"""


def starter(round_trip, opening, commands):
    seconds = ...  # your code here
    times = ...  # your code here
    return seconds, times


def solution(round_trip, opening, commands):
    afresh = (opening + commands) * round_trip
    reused = commands * round_trip
    return afresh - reused, afresh / reused


@dataclass(frozen=True)
class Case:
    """A page and its server."""

    round_trip: float
    opening: int
    commands: int

    def __str__(self) -> str:
        return f"`saving({self.round_trip:g}, {self.opening}, {self.commands})`"


ON_THE_WIRE = Case(0.01, 5, 4)
ON_PAPER = (Case(0.02, 5, 1), Case(0.001, 7, 3), Case(0.05, 1, 10), Case(0.004, 0, 2))


def check(answer: Callable[..., Any], lab: Lab) -> str:
    right: Callable[..., tuple[float, float]] = solution
    first = _ask(answer, ON_THE_WIRE, lab)
    afresh, reused = _measure(lab)
    wire = (
        f"On a wire of 10 ms, {ON_THE_WIRE.commands} commands took {afresh:.3f} s on a new connection and "
        f"{reused:.3f} s on an open one."
    )
    for case in (ON_THE_WIRE, *ON_PAPER):
        seconds, times = first if case is ON_THE_WIRE else _ask(answer, case, lab)
        wanted_seconds, wanted_times = right(case.round_trip, case.opening, case.commands)
        if not isclose(seconds, wanted_seconds, rel_tol=1e-6, abs_tol=1e-9):
            raise Wrong(f"{case} says that {seconds:.4g} s are saved. {_why_seconds(seconds, case)} {wire}")
        if not isclose(times, wanted_times, rel_tol=1e-6):
            raise Wrong(f"{case} says {times:.4g} times as long. {_why_times(times, case)} {wire}")
    seconds, times = first
    return (
        f"{wire} That is {afresh - reused:.3f} s and {afresh / reused:.1f} times; you worked out {seconds:.3f} s and "
        f"{times:.2f} times. The seconds depend on the distance, and the times do not."
    )


def _ask(answer: Callable[..., Any], case: Case, lab: Lab) -> tuple[float, float]:
    returned = lab.call(answer, case.round_trip, case.opening, case.commands)
    if isinstance(returned, (tuple, list)) and ... in returned:
        raise NotAttempted(f"`{lab.name}` still returns a `...` it came with. Put your code in its place.")
    if not isinstance(returned, (tuple, list)) or len(returned) != 2 or not all(map(_is_number, returned)):
        raise Wrong(f"{case} returned {shown(returned)}. Asked for are two numbers: `return seconds, times`.")
    return float(returned[0]), float(returned[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _measure(lab: Lab) -> tuple[float, float]:
    """Time a page on a new connection and on an open one, the best of three each, in seconds."""
    with (
        lab.proxy(ON_THE_WIRE.round_trip) as proxy,
        redis.ConnectionPool(host=proxy.host, port=proxy.port, max_connections=1) as pool,
    ):
        r = redis.Redis(connection_pool=pool)

        def page() -> None:
            for _ in range(ON_THE_WIRE.commands):
                r.get("greeting")

        def page_afresh() -> None:
            pool.disconnect()
            page()

        return min(repeat(page_afresh, number=1, repeat=3)), min(repeat(page, number=1, repeat=3))


def _why_seconds(seconds: float, case: Case) -> str:
    trips = case.opening
    mistakes = {
        trips * case.round_trip * 1000: "That would be milliseconds. `round_trip` comes in seconds; what goes out?",
        trips * case.round_trip * case.commands: (
            f"So the connection would be opened {case.commands} times. A page opens one, whatever it sends then."
        ),
        (trips + case.commands) * case.round_trip: (
            "So long takes the whole page today. Its commands are sent in either case; what is left out?"
        ),
        float(trips): "That is a number of round trips. How long does each of them take?",
        (trips - 1) * case.round_trip: (
            "One round trip was left out. The commands need theirs in either case; `opening` is saved whole."
        ),
        -trips * case.round_trip: "A saving below zero is a loss. Which of the two pages takes longer?",
    }
    return _first_like(seconds, mistakes, "How many round trips does the page make today, and how many then?")


def _why_times(times: float, case: Case) -> str:
    today = case.opening + case.commands
    mistakes = {
        case.opening / case.commands: (
            "That compares the opening with the commands. Today's page makes the one *and* the other."
        ),
        case.opening + 1.0: f"True of a page that sends one command. This one sends {case.commands}, and opens once.",
        case.commands / today: "The page would get slower by reuse. Which time belongs on top?",
        float(today // case.commands): "Something was rounded down: `//` drops what is behind the point.",
        case.opening / today: "That is the part of today's time that is saved. Asked for is the longer by the shorter.",
    }
    return _first_like(times, mistakes, "How long does a page take today, and how long then? Divide the two.")


def _first_like(value: float, mistakes: dict[float, str], otherwise: str) -> str:
    return next((why for wrong, why in mistakes.items() if isclose(value, wrong, rel_tol=1e-6)), otherwise)


HINTS = (
    "Count round trips first, seconds later. How many does a page make that opens a connection and sends 4 commands?",
    "A page on an open connection makes one round trip for each command, and no other.",
    "Work out two times, that of a page today and that of a page on an open connection. One answer is their "
    "difference, the other their ratio.",
    "Today: `opening` and `commands` together, times `round_trip`. Then: the same without `opening`.",
)
