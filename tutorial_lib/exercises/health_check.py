"""A counter behind a firewall that forgets idle connections: a PING should get lost there, and not an INCR."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, became, beside, call_within
from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.exercises._weather import forgotten, pools_by
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "health-check"
LESSON = "11"
TITLE = "A forgetful firewall"
NAME = "make_counter"

FORGETS_AFTER = 0.2
BUSY = 20
FEW = 8  # PINGs among them that a busy machine may be to blame for
FEW_CONNECTIONS = 3  # the same for connections
ROUNDS = 2
KEY = "views:home"
NOW_AND_THEN = 0.008  # seconds between two views of another program

PROMPT = """
**Given** a Redis behind a firewall that forgets a connection when it has been idle for **0.2 s**. Real firewalls take
minutes. The next command on that connection still reaches Redis, but its reply gets lost, because the connection
breaks.

**Write** `make_counter(host, port)`. It returns a function `count_view()`, which adds 1 to the Redis key `views:home`
and returns the new number. Other programs add to the same key at the same time.

**It passes when**
- after each of **2** idle periods the view is counted **once**, without an error;
- `count_view` returns the number of its own view, not that of another program's view;
- **20** views in a row use one connection, and at most **8** of them come with a PING.
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


WHY = """
When the connection has been idle for 0.1 s, the client sends a PING before the INCR. On a dead connection the PING gets
lost, which does no harm, and `redis.Redis(host=…)` retries it on a new connection. Closing connections that were idle
for too long works, too.
"""


class _Others:
    """Another program that counts at the same key, and remembers its numbers."""

    def __init__(self, lab: Lab) -> None:
        self.numbers: list[int] = []
        self.r = redis.Redis(host=lab.server.host, port=lab.server.port)

    def count(self) -> None:
        self.numbers.append(int(self.r.incr(KEY)))

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Inside, it counts again and again."""

        def go_on(over: threading.Event) -> None:
            while not over.wait(NOW_AND_THEN):
                self.count()

        with beside(go_on, "other program"):
            yield

    def total(self) -> int:
        return int(self.r.get(KEY) or 0)


def check(answer: Callable[..., Any], lab: Lab) -> str:
    proxy = lab.proxy()
    count_view = require_callable(lab.call(answer, proxy.host, proxy.port), "count_view", returned_by=lab.name)
    others = _Others(lab)
    with others.r:
        _require_first(call_within(2, count_view), others)
        pings = _busy(count_view, proxy, others, lab)
        views = BUSY + 1
        for _ in range(ROUNDS):
            views += 1
            _require_once(_after_quiet(proxy, count_view, others), views, others, pools_by(proxy, lab))
    if pings > FEW:
        raise Wrong(
            f"Every view was counted once, but {BUSY} views in a row came with {pings} PINGs: each view needed a "
            "second round trip, on a connection that had worked a moment before. When is a PING worth it?"
        )
    return (
        f"The firewall forgot the connection {ROUNDS} times, and the next view was counted once each time. {BUSY} "
        f"views in a row needed {so_many(pings, 'PING')}. Other programs counted {len(others.numbers)} views "
        "meanwhile, and none was lost."
    )


def _require_first(call: Call, others: _Others) -> None:
    if call.error or call.result != 1:
        raise Wrong(f"Redis was up, and the first `count_view()` {became(call)}. A new counter begins with 1.")
    if others.total() != 1:
        raise Wrong(
            f"`count_view()` returned 1, but in Redis `{KEY}` is {others.total()}. Where do you count: in Python, or "
            "in a database other than 0?"
        )


def _busy(count_view: Callable[[], Any], proxy: FaultProxy, others: _Others, lab: Lab) -> int:
    """Count views in a row while others count. Return how many PINGs came with them."""
    before, heard, opened = others.total(), lab.server.commands(), lab.server.opened()
    proxy.round_trip = 0.002
    with others.counting():
        numbers = [count_view() for _ in range(BUSY)]
    proxy.round_trip = 0.0
    opened = lab.server.opened() - opened
    if opened > FEW_CONNECTIONS:
        raise Wrong(
            f"{BUSY} views in a row opened {so_many(opened, 'connection')}. What is created for each view that could "
            "be kept?"
        )
    sent = lab.server.commands() - heard
    lost = others.total() != before + BUSY + len(others.numbers)
    if lost or {*numbers} & {*others.numbers} or (sent["SET"] and not sent["WATCH"]):
        raise Wrong(
            f"{BUSY} views in a row, while another program counted, too: some views got the number of another view, or "
            "were lost. What does the adding, Redis or your program?"
        )
    if not all(isinstance(number, int) for number in numbers):
        raise Wrong(
            f"{BUSY} views in a row, and the last returned a `{type(numbers[-1]).__name__}`. It should return an `int`."
        )
    return sent["PING"]


def _after_quiet(proxy: FaultProxy, count_view: Callable[[], Any], others: _Others) -> Call:
    """Count a view after a quiet time. What kept the connection busy meanwhile has kept it alive."""
    before = proxy.traffic().to_server
    sleep(FORGETS_AFTER)
    if proxy.traffic().to_server > before:
        return call_within(2, count_view)
    with forgotten(proxy, others.count):
        return call_within(3, count_view)


def _require_once(call: Call, views: int, others: _Others, pools: list[redis.ConnectionPool]) -> None:
    counted = others.total() - len(others.numbers)
    interval = max((pool.connection_kwargs.get("health_check_interval", 0) for pool in pools), default=0)
    if call.error:
        idea = (
            "The health check's PING got lost, as it should, but nothing retried it. What sends the PING a second time?"
            if interval
            else "The view was counted all the same, so a caller that retries counts it twice. What could get lost on "
            "that connection instead of the INCR?"
        )
        raise Wrong(f"After an idle time `count_view` raised {named(call.error)}. {idea}")
    if counted > views:
        idea = (
            f"The firewall forgets a connection after {FORGETS_AFTER} s, and yours is checked after {interval:g} s. "
            "Which has to be shorter?"
            if interval
            else "Redis executed the INCR, its reply got lost, and it was sent again. What could you send first that "
            "does no harm if it's sent twice?"
        )
        raise Wrong(f"After an idle time the view was counted twice. {idea}")
    if counted < views:
        raise Wrong(f"After an idle time `count_view` {became(call)}, and the view wasn't counted. Where was it lost?")
    if not isinstance(call.result, int) or isinstance(call.result, bool):
        raise Wrong(f"After an idle time `count_view` {became(call)}. It should return the number of this view.")
    if call.result in others.numbers:
        raise Wrong(
            "After an idle time the view was counted once, but `count_view` returned the number of a view that another "
            "program had counted meanwhile. The reply with your own number got lost. Can something else get lost "
            "instead?"
        )


HINTS = (
    "Some command has to find out that the connection is dead. An INCR mustn't be sent twice. Which command may?",
    "redis-py has an argument that sends a PING before a command, if the connection has been idle for long enough.",
    "The interval has to be shorter than the firewall's 0.2 s. And when the PING gets lost, something has to retry it. "
    "Which client retries without being told?",
    "A `redis.Redis(host=…)` retries by itself. Give it a `health_check_interval` of a tenth of a second.",
)
