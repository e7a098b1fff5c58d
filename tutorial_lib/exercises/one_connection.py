"""A counter that opens a connection for each view, to be fixed: a hundred views on one connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import redis

from tutorial_lib.exercises._in_use import require_none_in_use
from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.exercises._pools import require_one_opened
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "one-connection"
LESSON = "02"
TITLE = "A hundred views, one connection"
NAME = "make_counter"

PAGES = ("home", "shop")
EACH = 50
CALLS = EACH * len(PAGES)

PROMPT = """
**Given** `make_counter(host, port)`, which returns a function `count_view(page)`. The function adds 1 to the Redis key
`views:<page>` and returns the new value. It works, but on a busy day the server opens a new connection for every view.
Other programs count the same pages.

**Write** a `make_counter` that does the same with one connection.

**It passes when**
- **100** calls for two pages, one after the other, open **1** connection on the server;
- every call returns the right count, and Redis does the counting;
- no connection is in use afterwards.
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


WHY = """
A `Redis` object owns a pool. Create it once, and every call borrows the same connection and returns it. A client in a
global variable, or one pool with a client for each call, works too.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    made = lab.call(answer, lab.server.host, lab.server.port)
    count_view = require_callable(made, "count_view", PAGES[0], returned_by=lab.name)
    first = count_view(PAGES[0])
    _require_number(first)
    closed_at_once = not lab.server.clients()
    pools_at_first = [ref(pool) for pool in lab.pools()]
    opened_at_first = lab.server.opened()
    second = count_view(PAGES[1])
    one_for_each_page = lab.server.opened() > opened_at_first
    rest = [count_view(page) for page in (PAGES * EACH)[2:]]
    opened = lab.server.opened()
    pools = lab.pools()
    same_pools = bool(pools) and set(pools) == {find() for find in pools_at_first}

    _require_counts([first, second, *rest], lab)
    if opened == len(PAGES) and one_for_each_page:
        raise Wrong(
            f"{CALLS} calls opened {opened} connections: one for each of two pages. A shop has thousands of pages. "
            "A connection can ask for any key, so what could the pages share?"
        )
    require_one_opened(opened, f"{CALLS} calls", _who_opens(opened, closed_at_once, same_pools))
    idea = "How do you let a client return its connection after each command?"
    require_none_in_use(f"After {CALLS} calls on one connection", idea, *pools)
    return f"{CALLS} views of two pages, all counted, and the server opened 1 connection for them. None is in use now."


def _require_number(value: Any) -> None:
    if value is None:
        raise Wrong("`count_view` returned `None`. Redis replies with the new count: does `count_view` return it?")
    if value != 1 or isinstance(value, (bool, float)):
        raise Wrong(f"The first view of a page returned {shown(value)}. It should return the number 1, the new count.")


def _require_counts(counts: list[Any], lab: Lab) -> None:
    wanted = [number for number in range(1, EACH + 1) for _ in PAGES]
    commands = lab.server.commands()
    stored = _stored(lab)
    if counts != wanted:
        raise Wrong(
            f"After {EACH} views of each page the last calls returned {shown(counts[-2])} and {shown(counts[-1])}; "
            f"both should be {EACH}. In Redis the two counters are {stored[0]} and {stored[1]}: does each call count, "
            "and does each page have its own counter?"
        )
    if stored != [EACH, EACH]:
        found = f"`views:home` is {stored[0]} and `views:shop` is {stored[1]}, where both should be {EACH}"
        if commands["INCR"] + commands["INCRBY"] >= CALLS:
            raise Wrong(f"The numbers are right, but in Redis {found}. Which keys does your code count in?")
        raise Wrong(
            f"The numbers are right, but in Redis {found}. A count that is kept in Python ends with the program, and "
            "other programs that count the same pages do not see it. Where should it be kept?"
        )
    if commands["SET"] and not commands["WATCH"]:
        raise Wrong(
            f"The numbers are right because no other program was counting. Your code sent GET and SET {CALLS} times "
            "each, and a view that another program counts between the two is lost. Which command reads and adds in one?"
        )


def _stored(lab: Lab) -> list[int]:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        return [int(r.get(f"views:{page}") or 0) for page in PAGES]


def _who_opens(opened: int, closed_at_once: bool, same_pools: bool) -> str:
    if opened < EACH:
        return "Which lines of code open one, and how often do they run?"
    if same_pools:
        return (
            "All of them belong to one pool, but its connection was closed after each call. "
            "An idle connection is there to be used again. Which line of code closes it?"
        )
    if closed_at_once:
        return (
            "Each call closed its own again, which is tidy, and the next call paid for another handshake of 5 "
            "round trips. What is created inside `count_view` that could live longer than one call?"
        )
    return (
        "Each call creates a new pool (a new client creates one too), and a new pool has no connection to "
        "reuse. Which line creates it, and how often does it run?"
    )


HINTS = (
    "Look at it from the server's side: it sees a new connection for every view. Which line of code causes that?",
    "`redis.Redis(...)` creates a pool of its own, and a new pool has no connection to use again.",
    "`make_counter` runs once and `count_view` runs a hundred times. An inner function can use the variables of the "
    "outer one.",
    "Move the line that creates the client out of `count_view`, one level up, and close nothing.",
)
