"""A counter that stays right although replies get lost: it keeps the name of each visit, so it may be sent twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, became, call_within, require_no_script
from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "count-once"
LESSON = "10"
TITLE = "Count each visit once"
NAME = "make_counter"

# After so many bytes of its replies a visit's connection is reset: in the first reply, and in later ones if there
# are any.
CUTS = (0, 1, 4, 5, 8, 9, 14, 20, 30)
CLICKS = 8
MANY = 150
ROUND_TRIP = 0.004
EXHAUSTED = ("Too many connections", "No connection available")
ROUGH = {"PFADD": "PFCOUNT returns an estimate, which is about 1 % off", "SETBIT": "two visits may share a bit"}

INSTEAD_OF_A_SCRIPT = "Which single command adds a name to a key, and changes nothing if the name is there already?"

PROMPT = """
**Given** a network that loses replies, and visits that have names. Each name is a text that no other visit has.

**Write** `make_counter(host, port)`. It returns a function `count_view(visit)`, which counts the visit and returns the
number of visits counted so far, including this one. You choose the keys. This server doesn't run Lua scripts, so
`redis.lock.Lock`, which needs one, doesn't work here either.

**It passes when**
- one reply gets **lost** in each call, and `count_view` still raises no error, loses no visit and counts none twice;
- a visit that comes again isn't counted again, no matter how much later, or when **8** calls for it come at once;
- the count is exact, and `count_view` returns it as an `int`;
- the count is in Redis: a second program, which calls `make_counter` for itself, goes on counting from there while the
  first one does, too.
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


WHY = """
`SADD` may be sent twice, because a set contains each name only once. `SCARD` may be sent twice, because it only reads.
So every retry is harmless. A hash (`HSET`, `HLEN`) or a sorted set works the same way.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    proxy = lab.proxy()
    count_view = require_callable(lab.call(answer, proxy.host, proxy.port), "count_view", "visit", returned_by=lab.name)
    _require(call_within(2, lambda: count_view("visit-1")), 1, "The first visit came, and all was well:")
    for number, count in enumerate(CUTS, start=2):
        proxy.reset_after(count)
        visit = f"visit-{number}"
        call = call_within(2, lambda visit=visit: count_view(visit))  # type: ignore[misc]
        _require_uncut(call, number, count, lab)
    proxy.heal()
    total = len(CUTS) + 1
    again = call_within(2, lambda: count_view("visit-3"))
    if again.result == 3:
        raise Wrong(
            "`visit-3` came again, and `count_view` returned 3, the number from when it came first. By now "
            f"{total} visits have been counted. Which number should it return?"
        )
    _require(again, total, "`visit-3` came again:")
    another = require_callable(lab.call(answer, proxy.host, proxy.port), "count_view", "visit", returned_by=lab.name)
    total += 1
    _require_together_with_another(count_view, another, total)
    _require_exact(lab)
    total = _require_many(count_view, total)
    proxy.round_trip = ROUND_TRIP
    _at_once([count_view, another], lambda number: "visit-1")  # so that all eight have a connection, and come together
    total += 1
    clicks = _at_once([count_view, another], lambda number: "visit-by-eight")
    _require_one(clicks, count_view, total, f"{CLICKS} calls for one and the same visit")
    total += CLICKS
    clicks = _at_once([count_view, another], lambda number: f"visit-of-{number}")
    _require_one(clicks, count_view, total, f"{CLICKS} different visits")
    proxy.heal()
    _require_kept(lab)
    return (
        f"{len(CUTS)} replies got lost, {CLICKS} calls for one visit came at once, two programs counted, and the count "
        f"of {total} visits is {total}. Your commands have the same effect whether they're sent once or twice."
    )


def _at_once(counters: list[Callable[..., Any]], name: Callable[[int], str]) -> list[Any]:
    """Call the counters of two programs from eight threads at once, each for the visit that it is given."""
    numbers = itertools.count()

    def click() -> Any:
        number = next(numbers)
        return counters[number % len(counters)](name(number))

    return run_threads(CLICKS, click)


def _is(number: int, call: Call) -> bool:
    return call.result == number and not call.error and not isinstance(call.result, bool)


def _require(call: Call, number: int, situation: str) -> None:
    if _is(number, call):
        return
    require_no_script(call.error, INSTEAD_OF_A_SCRIPT)
    if call.result is None and call.returned and not call.error:
        raise Wrong(f"{situation} `count_view` returned `None`. How does the number get to the caller?")
    if isinstance(call.result, str | bytes) and call.result in (str(number), str(number).encode()):
        raise Wrong(f"{situation} `count_view` returned {shown(call.result)}, a text. It should return an `int`.")
    raise Wrong(
        f"{situation} `count_view` {became(call)}, but there {'has' if number == 1 else 'have'} been "
        f"{so_many(number, 'visit')} so far. How does your counter recognise a visit that it has counted?"
    )


def _require_uncut(call: Call, number: int, count: int, lab: Lab) -> None:
    if _is(number, call):
        return
    require_no_script(call.error, INSTEAD_OF_A_SCRIPT)
    situation = f"A reply to visit {number} got lost,"
    if call.error:
        raise Wrong(
            f"{situation} and `count_view` raised {named(call.error)}. The visit may have been counted, or not. What "
            "could retry, and which commands may be retried?"
        )
    sent = lab.server.commands()
    if isinstance(call.result, int) and call.result > number:
        asked = sent["INCR"] + sent["INCRBY"]
        incrs = f" Redis got {asked} INCRs for {number} visits." if asked else ""
        raise Wrong(
            f"{situation} and the count is {call.result}: a visit was counted twice.{incrs} Which command has the same "
            "effect if it's sent twice?"
        )
    if call.result == 0 and sent["SADD"] and not sent["SCARD"]:
        raise Wrong(
            f"{situation} and `count_view` returned 0 instead of {number}. SADD returns how many names were new to the "
            "set, and that's 0 when it's sent again. Which command returns how many there are?"
        )
    if call.result == 0 or not isinstance(call.result, int):
        raise Wrong(
            f"{situation} and `count_view` {became(call)} instead of {number}. The visit may have been counted, or "
            "not. Which commands can you send again without harm?"
        )
    raise Wrong(
        f"{situation} and the count is {call.result} instead of {number}: the visit is lost. If your code notes the "
        "name and then counts it, a lost reply can come between the two: the retry takes the visit for counted. Can "
        "one command note and count it?"
    )


def _require_together_with_another(count_view: Callable[..., Any], another: Callable[..., Any], total: int) -> None:
    call = call_within(2, lambda: another("visit-of-another"))
    if isinstance(call.result, int) and call.result < total and not call.error:
        begun_anew = isinstance(now := call_within(2, lambda: count_view("visit-1")).result, int) and now < total - 1
        idea = (
            "Its `make_counter` deleted what was there. What should a new counter leave alone?"
            if begun_anew
            else "The two programs don't share a count. Is it kept in Redis, under a key that every program knows?"
        )
        raise Wrong(
            f"A second program with a `make_counter` of its own counted a visit and got {call.result}, although "
            f"{total - 1} visits had been counted before. {idea}"
        )
    _require(call, total, "A second program with a `make_counter` of its own counted a visit:")


def _require_exact(lab: Lab) -> None:
    sent = lab.server.commands()
    for command, why in ROUGH.items():
        if sent[command]:
            raise Wrong(
                f"{command} doesn't keep the names of the visits: {why}. Which kind of key keeps each name and counts "
                "them exactly?"
            )


def _require_one(clicks: list[Any], count_view: Callable[..., Any], total: int, what: str) -> None:
    errors = [click for click in clicks if isinstance(click, redis.RedisError)]
    exhausted = next((error for error in errors if str(error).startswith(EXHAUSTED)), None)
    if exhausted:
        raise Wrong(
            f"{what} came at once, and some raised {named(exhausted)}: the pool is exhausted. How many connections may "
            "it open, or could the callers wait?"
        )
    counted = call_within(2, lambda: count_view("visit-1"))
    same = "different" not in what
    if errors or counted.result != total or (same and set(clicks) != {total}):
        said = f"some of them raised {named(errors[0])}" if errors else "they got wrong numbers"
        wrong = "" if counted.result == total else ", and the count is wrong afterwards"
        raise Wrong(
            f"{what} came at once, from two programs: {said}{wrong}. After your code has checked whether a visit is "
            "counted, and before it counts it, another caller may check, too. Which command does both in one step?"
        )


def _require_many(count_view: Callable[..., Any], total: int) -> int:
    for number in range(MANY):
        counted = count_view(f"one-of-many-{number}")
    if counted != total + MANY:
        raise Wrong(
            f"After {MANY} more visits the count is {shown(counted)} instead of {total + MANY}: some different visits "
            "were taken for the same one. What does your counter keep of a visit's name?"
        )
    return total + MANY


def _require_kept(lab: Lab) -> None:
    """Nothing that the counter knows may be forgotten. The check's own client looks, past the proxy."""
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        for key in r.scan_iter(count=1000):
            left = r.ttl(key)
            if isinstance(left, int) and left >= 0:
                raise Wrong(
                    f"All visits were counted once, but the key `{key.decode(errors='replace')}` expires. What does "
                    "`count_view` return when a visit comes again after that?"
                )


HINTS = (
    "INCR adds 1 each time it's sent. Which kind of command has the same effect whether it's sent once or twice?",
    "Each visit has a name. Instead of adding 1, store each name once, and count how many there are.",
    "A set that contains a name doesn't change when you add that name again, and it can say how many names it has.",
    "Two commands, and both may be retried: SADD adds the visit to a set, SCARD returns how many visits are in it. "
    "`redis.Redis(host=…)` retries by itself.",
)
