"""A counter behind a firewall that forgets quiet lines: a PING has to die there, and not an INCR."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, call_within
from tutorial_lib.exercises._weather import became, require_function
from tutorial_lib.exercises._words import named
from tutorial_lib.faults import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "health-check"
LESSON = "08"
TITLE = "Behind a forgetful firewall"
NAME = "make_counter"

FORGETS_AFTER = 0.2
BUSY = 20
FEW = 8  # PINGs among them that a busy machine may be to blame for
ROUNDS = 2

PROMPT = """
Before this Redis stands a firewall that forgets a line which was quiet for **0.2 s** (in life, some minutes). What is
sent on it next still gets there, and the reply is lost: the line is reset.

Write `make_counter(host, port)`. It returns a function `count_view()` that adds 1 to `views:home` and returns the new
number; others count there, too. After each quiet time the view is counted **once**, and no error is raised. While
the shop is busy it costs nothing: **20** views in a row use one line, and hardly any of them comes with a PING.
"""


def starter(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view():
        return r.incr("views:home")

    return count_view


def solution(host, port):
    r = redis.Redis(host=host, port=port, health_check_interval=0.1)

    def count_view():
        return r.incr("views:home")

    return count_view


def check(answer: Callable[..., Any], lab: Lab) -> str:
    proxy = lab.proxy()
    count_view = require_function(lab.call(answer, proxy.host, proxy.port), lab, "count_view")
    first = call_within(2, count_view)
    if first.error or first.result != 1:
        raise Wrong(f"The line was well, and the first `count_view()` {became(first)}. A new counter counts 1.")
    with redis.Redis(host=lab.server.host, port=lab.server.port) as other:
        _require_count(other)
        other.incr("views:home")
    pings = _busy(count_view, 3, lab)
    died = opened = 0
    for number in range(BUSY + 3, BUSY + 3 + ROUNDS):
        heard_before, opened_before = lab.server.commands(), lab.server.opened()
        _require_once(_after_quiet(proxy, count_view), number, lab)
        died += (lab.server.commands() - heard_before)["PING"] > 0
        opened += lab.server.opened() - opened_before
    if pings > FEW:
        raise Wrong(
            f"Every view was counted once, and {BUSY} views in a row came with {pings} PINGs: each paid a second round "
            "trip, on a line that had answered a moment before. Who can look at the time since the last reply?"
        )
    seen = (
        "and each time a PING went first" if died == ROUNDS else f"and no PING died on it: {opened} lines were opened"
    )
    return (
        f"{ROUNDS} times the line was forgotten, {seen}; the view after it was counted once. "
        f"{BUSY} views in a row needed {pings} PINGs."
    )


def _require_count(other: redis.Redis) -> None:
    stored = other.get("views:home")
    if stored is None:
        raise Wrong("`count_view()` returned 1, and in Redis is no `views:home`. Who keeps the count for everybody?")
    if stored != b"1":
        raise Wrong(f"`count_view()` returned 1, and in Redis `views:home` is {shown(stored)}.")


def _busy(count_view: Callable[[], Any], first: int, lab: Lab) -> int:
    """Count the views of a busy shop, and return how many PINGs came with them."""
    heard_before, opened_before = lab.server.commands(), lab.server.opened()
    busy = [count_view() for _ in range(BUSY)]
    opened = lab.server.opened() - opened_before
    if busy != list(range(first, BUSY + first)):
        raise Wrong(
            f"{BUSY} views in a row, and the last returned {shown(busy[-1])}; {BUSY + first - 1} was its number: "
            "a view of somebody else was counted before them, and is lost. Who adds: Redis, or the program?"
        )
    if opened > FEW:
        raise Wrong(f"{BUSY} views in a row opened {opened} lines. What is made for each view that could be kept?")
    return (lab.server.commands() - heard_before)["PING"]


def _after_quiet(proxy: FaultProxy, count_view: Callable[[], Any]) -> Call:
    """Count a view on a line that was forgotten; whoever sends something in the meantime finds that out sooner."""
    sleep(FORGETS_AFTER)
    proxy.reset_after(0)
    sleep(FORGETS_AFTER / 2)
    return call_within(2, count_view)


def _require_once(call: Call, number: int, lab: Lab) -> None:
    if call.returned and not call.error and call.result == number:
        return
    pools = lab.pools()
    interval = max((pool.connection_kwargs.get("health_check_interval", 0) for pool in pools), default=0)
    if call.result == number + 1:
        if interval:
            raise Wrong(
                f"After a quiet time the view was counted twice: {call.result} instead of {number}. The line is "
                f"forgotten after {FORGETS_AFTER} s, and checked only when it was quiet for {interval:g} s. "
                "Which of the two has to be shorter?"
            )
        raise Wrong(
            f"After a quiet time the view was counted twice: {call.result} instead of {number}. The INCR was done, its "
            "reply was lost, and the next try did it again. What could be sent first that does no harm?"
        )
    if call.error:
        pinged = (
            "The health check's PING died on the line as it should, and the error came to your caller. Who sends "
            "the PING again?"
            if interval
            else "The view was counted all the same, so whoever asks again now counts twice. What could have died "
            "on the line instead?"
        )
        raise Wrong(f"After a quiet time `count_view` raised {named(call.error)}. {pinged}")
    raise Wrong(f"After a quiet time `count_view` {became(call)}; {number} was the number of this view.")


HINTS = (
    "Two commands can be on the line when it turns out to be dead. One of them may be sent twice without harm.",
    "redis-py has an argument that sends a PING before a command if the line was quiet for longer than it says.",
    "The interval has to be shorter than the firewall's 0.2 s. And when the PING dies, something has to try again: "
    "which client does that unasked?",
    "A `redis.Redis` for host and port tries again by itself; give it a `health_check_interval` of a tenth of a "
    "second.",
)
