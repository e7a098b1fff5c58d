"""A counter that opens a connection for each view, to be mended: a hundred views on one connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import redis

from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "one-connection"
LESSON = "01"
TITLE = "A hundred views, one connection"
NAME = "make_counter"

PAGES = ("home", "shop")
EACH = 50

PROMPT = """
The shop counts how often each of its pages is seen. `make_counter(host, port)` returns the function for that:
`count_view(page)` adds 1 to the counter `views:<page>` in Redis, and returns the new number.

It works. On a busy day the server opens a connection for every single view. Mend it: **100** calls, for two
pages in turn, open **one** connection. What each call returns stays the same, and afterwards no connection is in use.
"""


def starter(host, port):
    def count_view(page):
        r = redis.Redis(host=host, port=port)
        return r.incr(f"views:{page}")

    return count_view


def solution(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        return r.incr(f"views:{page}")

    return count_view


def check(answer: Callable[..., Any], lab: Lab) -> str:
    count_view = _require_function(lab.call(answer, lab.server.host, lab.server.port), lab)
    first = lab.call(count_view, PAGES[0])
    _require_number(first)
    open_after_one = len(lab.server.clients())
    after_one = [ref(pool) for pool in lab.pools()]
    opened_by_first = lab.server.opened()
    second = count_view(PAGES[1])
    one_for_each_page = lab.server.opened() > opened_by_first
    rest = [count_view(page) for page in (PAGES * EACH)[2:]]
    opened = lab.server.opened()
    now_open = len(lab.server.clients())
    pools = lab.pools()
    same_pools = len(pools) == len(after_one) and None not in [find() for find in after_one]

    _require_counts([first, second, *rest], lab)
    if opened == len(PAGES) and one_for_each_page:
        raise Wrong(
            f"100 calls opened {opened} connections: one for each of two pages. A shop has thousands of pages. "
            "A connection belongs to no key; what could both pages share?"
        )
    if opened > 1:
        raise Wrong(_too_many(opened, open_after_one, now_open, same_pools))
    if kept := sum(snapshot(pool).in_use for pool in pools):
        raise Wrong(
            f"One connection was opened, and in_use is {kept} afterwards: it was borrowed by hand and not given "
            "back. Nobody else can use it. Who borrows and gives back, if you do not?"
        )
    return "100 views of two pages, all counted, and the server opened 1 connection for them. None is in use now."


def _require_function(value: Any, lab: Lab) -> Callable[..., Any]:
    if callable(value):
        function: Callable[..., Any] = value
        return function
    if value is None:
        raise Wrong(f"`{lab.name}` returned `None`. The function that it makes is perhaps lost: does it `return` it?")
    called = " Was it called, with parentheses, on the way out?" if isinstance(value, int) else ""
    raise Wrong(f"`{lab.name}` returned {shown(value)}. Asked for is the function `count_view` itself.{called}")


def _require_number(value: Any) -> None:
    if value is None:
        raise Wrong(
            "`count_view` returned `None`. INCR answers with the new number; somebody has to hand it on to the caller."
        )
    if value != 1 or isinstance(value, bool):
        raise Wrong(f"The first view of a page returned {shown(value)}. The counter was not there, so 1 is its first.")


def _require_counts(counts: list[Any], lab: Lab) -> None:
    wanted = [number for number in range(1, EACH + 1) for _ in PAGES]
    stored = _stored(lab)
    if counts == wanted and stored == [EACH, EACH]:
        return
    asked = lab.server.commands()
    if counts == wanted:
        raise Wrong(
            f"The numbers are right, and in Redis `views:home` is {stored[0]} and `views:shop` is {stored[1]}, where "
            f"both should be {EACH}. A count that is kept in Python is lost with the program, and no second "
            f"program shares it. (INCR was sent {asked['INCR']} times.)"
        )
    raise Wrong(
        f"After {EACH} views of each page the last calls returned {shown(counts[-2])} and {shown(counts[-1])}; both "
        f"should be {EACH}. In Redis the two counters are {stored[0]} and {stored[1]}: does each call count, and each "
        "page by itself?"
    )


def _stored(lab: Lab) -> list[int]:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        return [int(r.get(f"views:{page}") or 0) for page in PAGES]


def _too_many(opened: int, open_after_one: int, now_open: int, same_pools: bool) -> str:
    if opened < EACH:
        return (
            f"100 calls opened {opened} connections; one was enough. Which lines of code open one, and how often do "
            "they run?"
        )
    if same_pools:
        return (
            f"100 calls opened {opened} connections, and all in one pool: it lived from the first call to the last, "
            "but the connection was cut after each. An idle one is not waste. Which line of code hangs up?"
        )
    if open_after_one:
        return (
            f"100 calls opened {opened} connections, and {now_open} of them are still open. There is a pool, and a new "
            "one for each call: a pool saves nothing for a call that has it to itself. How often is the line run "
            "that makes it?"
        )
    return (
        f"100 calls opened {opened} connections, and closed each at once. Tidy, and still {opened} introductions of "
        "5 round trips each, and as many addresses in TIME_WAIT. What is made inside `count_view` that "
        "could live longer than one call?"
    )


HINTS = (
    "Look from the server's side: it sees a newcomer for each view. Which line of code brings it one?",
    "`redis.Redis(...)` makes a pool of its own, which is empty at first. A pool pays from its second command on.",
    "`make_counter` runs once, `count_view` a hundred times. A function may use names of the function around it.",
    "Move the line that makes the client out of `count_view`, one level up, and close nothing.",
)
