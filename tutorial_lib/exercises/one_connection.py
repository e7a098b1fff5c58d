"""A counter that opens a connection for each view, to be mended: a hundred views on one connection."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import ref

import redis

from tutorial_lib.observe import snapshot
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


def closes_properly(host, port):  # "always close what you open", after each command
    def count_view(page):
        with redis.Redis(host=host, port=port) as r:
            return r.incr(f"views:{page}")

    return count_view


def pool_for_each_call(host, port):  # "I use a pool, so connections are reused"
    def count_view(page):
        pool = redis.ConnectionPool(host=host, port=port, max_connections=1)
        r = redis.Redis(connection_pool=pool)
        return r.incr(f"views:{page}")

    return count_view


def hangs_up_each_time(host, port):  # "an idle connection costs something"
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        try:
            return r.incr(f"views:{page}")
        finally:
            r.close()

    return count_view


def client_for_each_page(host, port):
    clients = {}

    def count_view(page):
        if page not in clients:
            clients[page] = redis.Redis(host=host, port=port)
        return clients[page].incr(f"views:{page}")

    return count_view


def counts_in_python(host, port):
    seen = {}

    def count_view(page):
        seen[page] = seen.get(page, 0) + 1
        return seen[page]

    return count_view


def remembers_the_answer(host, port):  # "fewer commands, fewer connections"
    @lru_cache
    def count_view(page):
        return redis.Redis(host=host, port=port).incr(f"views:{page}")

    return count_view


def keeps_a_connection(host, port):  # "to have one connection, I take one"
    pool = redis.ConnectionPool(host=host, port=port)
    connection = pool.get_connection()

    def count_view(page):
        connection.send_command("INCR", f"views:{page}")
        return connection.read_response()

    return count_view


def gives_nothing_back(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        r.incr(f"views:{page}")

    return count_view


def makes_and_loses(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        return r.incr(f"views:{page}")


def calls_it_already(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        return r.incr(f"views:{page}")

    return count_view("home")


def one_counter_for_all(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view(page):
        return r.incr("views:home")

    return count_view


WRONG = {
    closes_properly: "and closed each at once",
    pool_for_each_call: "a new one for each call",
    hangs_up_each_time: "all in one pool",
    client_for_each_page: "one for each of two pages",
    counts_in_python: "INCR was sent 0 times",
    remembers_the_answer: "returned `1` and `1`",
    keeps_a_connection: "in_use is 1",
    gives_nothing_back: "`count_view` returned `None`",
    makes_and_loses: "`make_counter` returned `None`",
    calls_it_already: "Was it called",
    one_counter_for_all: "the two counters are 100 and 0",
}

HINTS = (
    "Look from the server's side: it sees a newcomer for each view. Which line of code brings it one?",
    "`redis.Redis(...)` makes a pool of its own, which is empty at first. A pool pays from its second command on.",
    "`make_counter` runs once, `count_view` a hundred times. A function may use names of the function around it.",
    "Move the line that makes the client out of `count_view`, one level up, and close nothing.",
)
