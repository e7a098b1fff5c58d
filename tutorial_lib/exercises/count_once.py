"""A counter that is right although replies are cut: what may be sent twice has to have a name."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, call_within
from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.exercises._weather import became
from tutorial_lib.exercises._words import named
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "count-once"
LESSON = "10"
TITLE = "Each visit once"
NAME = "make_counter"

# After so many bytes of its replies a visit's connection is reset: in the first reply, and in later ones if there
# are any.
CUTS = (0, 1, 4, 5, 8, 9, 14, 20, 30)
CLICKS = 8
MANY = 150
ROUND_TRIP = 0.004
EXHAUSTED = ("Too many connections", "No connection available")
ROUGH = {"PFADD": "PFCOUNT is an estimate, off by about one in a hundred", "SETBIT": "two visits may share a bit"}

PROMPT = """
**Given** a network that cuts replies, and visits that each have a name: a text that no other visit has.

**Write** `make_counter(host, port)`. It returns a function `count_view(visit)`, which counts the visit and returns how
many visits have been counted so far, this one included. You choose the keys. Lua scripts are not available on this
server, and `redis.lock.Lock` needs one, so it does not work here either.

**It passes when**
- some reply of each call is **cut**, and still no error comes out of `count_view`, and no visit is lost or counted
  twice;
- the same visit again counts **once**, also when **8** calls for it come at the same moment, and however late;
- the count is exact, a number, and is kept in Redis: another program with a `make_counter` of its own goes on from
  there, and counts at the same time.
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
`SADD` may be sent twice: a set takes each name once. `SCARD` may be sent twice because it only reads. So every retry
is harmless. A hash (`HSET`, `HLEN`) or a sorted set works in the same way.
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
            "`visit-3` came again, and `count_view` returned 3: the number that it had when it came first. By now "
            f"{total} visits have been counted. Asked for is that number."
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
        f"{len(CUTS)} replies were cut, {CLICKS} calls for one visit came at once, two programs counted, and {total} "
        f"visits count as {total}. Sent once or twice, your commands count the same."
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
    _require_no_script(call.error)
    if call.result is None and call.returned and not call.error:
        raise Wrong(f"{situation} `count_view` returned `None`. How does the number get to the caller?")
    if isinstance(call.result, str | bytes) and call.result in (str(number), str(number).encode()):
        raise Wrong(f"{situation} `count_view` returned {shown(call.result)}, a text. Asked for is a number.")
    raise Wrong(
        f"{situation} `count_view` {became(call)}, and {number} is the number of visits so far. How does your counter "
        "know a visit that it has counted?"
    )


def _require_no_script(error: Exception | None) -> None:
    if isinstance(error, redis.exceptions.NoPermissionError):
        raise Wrong(
            f"Redis said `NoPermissionError: {error}`. Lua scripts are not available on this server, and "
            "`Lock.release` "
            "sends one. Which single command takes a name, and stays as it is when it has that name already?"
        )


def _require_uncut(call: Call, number: int, count: int, lab: Lab) -> None:
    if _is(number, call):
        return
    _require_no_script(call.error)
    situation = f"A reply to visit {number} was cut,"
    if call.error:
        raise Wrong(
            f"{situation} and `count_view` raised {named(call.error)}. Perhaps the visit was counted, perhaps not. "
            "What tries again, and may it?"
        )
    sent = lab.server.commands()
    if isinstance(call.result, int) and call.result > number:
        asked = sent["INCR"] + sent["INCRBY"]
        incrs = f" Redis got {asked} INCRs for {number} visits." if asked else ""
        raise Wrong(
            f"{situation} and the count is {call.result}: a visit was counted twice.{incrs} Which command may be sent "
            "twice with the same result?"
        )
    if call.result == 0 and sent["SADD"] and not sent["SCARD"]:
        raise Wrong(
            f"{situation} and `count_view` returned 0 instead of {number}. SADD says how many names were new to the "
            "set: none, when it is sent again. Which command says how many there are?"
        )
    if call.result == 0 or not isinstance(call.result, int):
        raise Wrong(
            f"{situation} and `count_view` {became(call)} instead of {number}. Perhaps the visit was counted, perhaps "
            "not. Which commands can ask again without harm?"
        )
    raise Wrong(
        f"{situation} and the count is {call.result} instead of {number}: the visit is lost. Redis had remembered "
        "it, the reply was cut, and the second try took it for counted. Can one command do both?"
    )


def _require_together_with_another(count_view: Callable[..., Any], another: Callable[..., Any], total: int) -> None:
    call = call_within(2, lambda: another("visit-of-another"))
    if isinstance(call.result, int) and call.result < total and not call.error:
        begun_anew = isinstance(now := call_within(2, lambda: count_view("visit-1")).result, int) and now < total - 1
        idea = (
            "Its `make_counter` has deleted what was there. What has to be left alone at the start?"
            if begun_anew
            else "The two do not share a count. Is it kept in Redis, under a key that every program finds?"
        )
        raise Wrong(
            f"Another program with a `make_counter` of its own counted a visit and got {call.result}, but {total - 1} "
            f"visits had been counted before. {idea}"
        )
    _require(call, total, "Another program with a `make_counter` of its own counted a visit:")


def _require_exact(lab: Lab) -> None:
    sent = lab.server.commands()
    for command, why in ROUGH.items():
        if sent[command]:
            raise Wrong(
                f"{command} does not keep the visits' names: {why}. Which kind of key keeps each name, and counts them "
                "exactly?"
            )


def _require_one(clicks: list[Any], count_view: Callable[..., Any], total: int, what: str) -> None:
    errors = [click for click in clicks if isinstance(click, redis.RedisError)]
    exhausted = next((error for error in errors if str(error).startswith(EXHAUSTED)), None)
    if exhausted:
        raise Wrong(
            f"{what} came at once, and {named(exhausted)} came out: the pool is exhausted. How many connections may it "
            "hold, or could the callers wait?"
        )
    counted = call_within(2, lambda: count_view("visit-1"))
    same = "different" not in what
    if errors or counted.result != total or (same and set(clicks) != {total}):
        said = f"some of them raised {named(errors[0])}" if errors else "they did not get the right numbers"
        wrong = "" if counted.result == total else ", and the count is wrong afterwards"
        raise Wrong(
            f"{what} came at once, from two programs: {said}{wrong}. Between looking whether a visit is counted and "
            "counting it, another caller may look. Which command does both in one step?"
        )


def _require_many(count_view: Callable[..., Any], total: int) -> int:
    for number in range(MANY):
        counted = count_view(f"one-of-many-{number}")
    if counted != total + MANY:
        raise Wrong(
            f"After {MANY} more visits the count is {shown(counted)} instead of {total + MANY}: different visits were "
            "taken for the same one. What does your counter keep of a visit's name?"
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
                    "`count_view` say when a visit comes again after that?"
                )


HINTS = (
    "INCR adds 1 each time it is sent. Which kind of command has the same result whether it is sent once or twice?",
    "Each visit has a name. Something that keeps names, each of them once, is counted rather than added to.",
    "A set that has a name already stays as it is when it gets that name again. And it can say how many names it has.",
    "Two commands, and both may be sent again: SADD puts the visit into a set, SCARD says how many are in it. "
    "`redis.Redis(host=…)` sends again by itself.",
)
