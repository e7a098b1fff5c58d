"""A counter that is right although replies are cut: what may be done twice has to have a name."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, call_within
from tutorial_lib.exercises._weather import became, require_function
from tutorial_lib.exercises._words import named
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "count-once"
LESSON = "08"
TITLE = "Each visit once"
NAME = "make_counter"

# After so many bytes of its replies a visit's line is reset: in the first reply, and in later ones if there are any.
CUTS = (0, 1, 4, 5, 8, 9, 14, 20, 30)
CLICKS = 8
ROUND_TRIP = 0.004
FULL = ("Too many connections", "No connection available")

PROMPT = """
Write `make_counter(host, port)`. It returns a function `count_view(visit)`, where `visit` is a text that no other visit
has. It counts the visit, and returns how many visits have been counted so far, this one included.

- Some reply of each call is **cut**. No error comes out of `count_view`, and no visit is lost or counted twice.
- The same visit again, for a page that is loaded anew, counts **once**, also when eight calls for it come at the
  same moment.
- The count lies in Redis, exact, and is a number: another program, with a `make_counter` of its own, goes on from
  there, and counts at the same time.

You choose the keys. (Scripts are not available here, and not needed.)
"""


def starter(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        return r.incr("views:home")

    return count_view


def solution(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(visit):
        r.sadd("visits:home", visit)
        return r.scard("visits:home")

    return count_view


def check(answer: Callable[..., Any], lab: Lab) -> str:
    proxy = lab.proxy()
    count_view = require_function(lab.call(answer, proxy.host, proxy.port), lab, "count_view", "visit")
    _require(call_within(2, lambda: count_view("visit-1")), 1, "The line was well, and the first visit came", lab)
    for number, count in enumerate(CUTS, start=2):
        proxy.reset_after(count)
        visit = f"visit-{number}"
        call = call_within(2, lambda visit=visit: count_view(visit))  # type: ignore[misc]
        _require_uncut(call, number, count, lab)
    proxy.heal()
    total = len(CUTS) + 1
    _require(call_within(2, lambda: count_view("visit-3")), total, "`visit-3` came again", lab)
    another = require_function(lab.call(answer, proxy.host, proxy.port), lab, "count_view", "visit")
    _require(call_within(2, lambda: another("visit-of-another")), total + 1, "Another program counted a visit", lab)
    _require_exact(lab)
    proxy.round_trip = ROUND_TRIP
    _at_once([count_view, another], lambda number: "visit-1")  # so that all eight have a line, and come together
    total += 2
    clicks = _at_once([count_view, another], lambda number: "visit-by-eight")
    _require_together(clicks, count_view, total, f"{CLICKS} calls for one and the same visit")
    clicks = _at_once([count_view, another], lambda number: f"visit-of-{number}")
    proxy.heal()
    total += CLICKS
    _require_together(clicks, count_view, total, f"{CLICKS} different visits")
    return (
        f"{len(CUTS)} replies were cut, after {CUTS[0]} to {CUTS[-1]} bytes, {CLICKS} calls for one visit came at "
        f"once, and {total} visits count as {total}. It can be asked again as often as anybody likes."
    )


def _at_once(counters: list[Callable[..., Any]], name: Callable[[int], str]) -> list[Any]:
    """Call the counters of two programs from eight threads at once, each for the visit that it is given."""
    numbers = itertools.count()

    def click() -> Any:
        number = next(numbers)
        return counters[number % len(counters)](name(number))

    return run_threads(CLICKS, click)


def _require_together(clicks: list[Any], count_view: Callable[..., Any], total: int, what: str) -> None:
    errors = [click for click in clicks if isinstance(click, redis.RedisError)]
    full = next((error for error in errors if str(error).startswith(FULL)), None)
    if full:
        raise Wrong(
            f"{what} came at once, and {named(full)} came out: the counter's pool has too few places for them. What "
            "limits it, or who could wait?"
        )
    counted = call_within(2, lambda: count_view("visit-1"))
    same = "different" not in what
    if errors or counted.result != total or (same and set(clicks) != {total}):
        said = f"{len(errors)} of them raised {named(errors[0])}" if errors else f"they returned {shown(clicks)}"
        raise Wrong(
            f"{what} came at once, from two programs: {said}, and the count is {shown(counted.result)} where it should "
            f"be {total}. Between a look whether it was counted and the counting, somebody else may look. Which "
            "command does both at once?"
        )


def _require_exact(lab: Lab) -> None:
    if lab.server.commands()["PFADD"]:
        raise Wrong(
            "PFADD keeps no names: PFCOUNT is an estimate, off by about one in a hundred when there are many. What "
            "keeps each name, and counts them exactly?"
        )


def _require(call: Call, number: int, situation: str, lab: Lab) -> None:
    if call.result == number and not call.error and not isinstance(call.result, bool):
        return
    if call.result is None and call.returned and not call.error:
        raise Wrong(f"{situation}, and `count_view` returned `None`. The number has to be handed to the caller.")
    if number > 1 and isinstance(call.result, int) and call.result < number:
        raise Wrong(
            f"{situation}, and `count_view` returned {call.result}; so far there are {number}. "
            "Is the count kept in Redis, where every program finds it?"
        )
    if isinstance(call.result, str | bytes) and call.result in (str(number), str(number).encode()):
        raise Wrong(f"{situation}, and `count_view` returned {shown(call.result)}, a text. Asked for is a number.")
    raise Wrong(
        f"{situation}, and `count_view` {became(call)}; so far there are {number}. By what does it know a visit that "
        "it has counted?"
    )


def _require_uncut(call: Call, number: int, count: int, lab: Lab) -> None:
    if call.result == number and not call.error:
        return
    situation = f"A reply to visit {number} was cut, after {count} bytes of what Redis said,"
    if call.error:
        raise Wrong(
            f"{situation} and `count_view` raised {named(call.error)}. Perhaps the visit was counted, perhaps not. "
            "What tries again, and may it?"
        )
    if isinstance(call.result, int) and call.result > number:
        sent = lab.server.commands()
        asked = sent["INCR"] + sent["INCRBY"]
        raise Wrong(
            f"{situation} and the count is {call.result}: a visit was counted twice. ({asked} INCRs reached Redis, for "
            f"{number} visits.) What could be done twice with the same result?"
        )
    if call.result == 0:
        raise Wrong(
            f"{situation} and `count_view` returned 0; {number} visits had come. SADD says how many names were new to "
            "the set: none, when it is sent again. What says how many there are?"
        )
    if isinstance(call.result, int):
        raise Wrong(
            f"{situation} and the count is {call.result} instead of {number}: the visit is lost. The first half was "
            "done and its reply cut; the second try took the visit for counted. Can there be one half only?"
        )
    raise Wrong(
        f"{situation} and `count_view` {became(call)}; {number} visits had come. Perhaps this one was counted, perhaps "
        "not. What may ask once more?"
    )


HINTS = (
    "INCR adds 1 each time that it is sent. After which kind of command is it all the same whether it ran once or "
    "twice?",
    "Each visit has a name. Something that keeps names, each of them once, is counted rather than added to.",
    "A set takes a name that it has already and stays as it is. How many it holds, it says itself.",
    "Two commands, and both may be sent again: SADD puts the visit into a set, SCARD says how many are in it. "
    "`redis.Redis(host=…)` sends again by itself.",
)
