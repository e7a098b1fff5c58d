"""Views in drawer 0, orders in drawer 1, and eight threads that do both: nothing may land next door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._parts import require_callable, require_several, slow_between_commands
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.threads import run_threads

ID = "two-databases"
LESSON = "04"
TITLE = "Every order in its drawer"
NAME = "open_drawers"

EARLY = ("tea", "cake", "coffee", "bread", "milk")
BEFORE = len(EARLY)
THREADS = 8
EACH = 10
REST = 0.0005
ALL = BEFORE + THREADS * EACH

PROMPT = """
The shop counts views in database **0** and keeps its orders in database **1**. One client is sent from drawer to drawer
with `SELECT`. On quiet days that works; on busy ones many views and orders end in the wrong drawer. Mend
`open_drawers(host, port)`. As now, it returns two functions:

- `count_view()` adds 1 to `views:home` in database 0, and returns the new number;
- `take_order(order)` appends to the end of the list `orders` in database 1, and returns how many there are.

**8** threads will call both, at the same time. Each view and each order must be in its own drawer. Called one after
the other, the two open at most **2** connections.
"""


def starter(host, port):
    r = redis.Redis(host=host, port=port)

    def count_view():
        r.select(0)
        return r.incr("views:home")

    def take_order(order):
        r.select(1)
        return r.rpush("orders", order)

    return count_view, take_order


def solution(host, port):
    views = redis.Redis(host=host, port=port, db=0)
    orders = redis.Redis(host=host, port=port, db=1)

    def count_view():
        return views.incr("views:home")

    def take_order(order):
        return orders.rpush("orders", order)

    return count_view, take_order


def check(answer: Callable[..., Any], lab: Lab) -> str:
    both = lab.call(answer, lab.server.host, lab.server.port)
    count_view, take_order = require_several(both, ("count_view", "take_order"), "two functions", lab)
    require_callable(count_view, "count_view")
    require_callable(take_order, "take_order", "tea")
    got = [(count_view(), take_order(order)) for order in EARLY]
    opened = lab.server.opened()
    _require_places(lab, BEFORE, f"{BEFORE} views and {BEFORE} orders, one after the other")
    _require_numbers(got)
    _require_in_turn(lab)
    if opened > 2:
        raise Wrong(
            f"Everything is where it belongs, and {2 * BEFORE} calls, one after the other, opened {opened} "
            "connections; 2 are enough, one in each drawer. What is made in each call that could be made once?"
        )

    def serve() -> None:
        for _ in range(EACH):
            count_view()
            take_order("tea")

    before = lab.server.opened(), lab.server.commands()["SELECT"]
    with slow_between_commands(REST):
        results = run_threads(THREADS, serve)
    # A connection to drawer 1 is sent there once, when it is opened.
    sent = lab.server.commands()["SELECT"] - before[1] > lab.server.opened() - before[0]
    _raise_if_any(results)
    _require_places(lab, ALL, f"{THREADS} threads, {EACH} views and {EACH} orders each, after {BEFORE} quiet ones")
    return (
        f"{ALL} views in drawer 0, {ALL} orders in drawer 1, and nothing next door, with {THREADS} threads at once. "
        + (
            "Connections were sent from drawer to drawer, and each time to the right one. Two pools need no such care."
            if sent
            else "No open connection was sent anywhere: each has its drawer."
        )
    )


def _raise_if_any(results: list[Any]) -> None:
    errors = [result for result in results if isinstance(result, redis.RedisError)]
    if errors:
        full = isinstance(errors[0], redis.MaxConnectionsError) or "No connection available" in str(errors[0])
        why = "What has too few places for so many?" if full else "What do the threads share that is for one only?"
        raise Wrong(
            f"{len(errors)} of {THREADS} threads got `{type(errors[0]).__name__}: {errors[0]}`. One caller at a time "
            f"was served well. {why}"
        )


def _require_places(lab: Lab, number: int, when: str) -> None:
    """Raise Wrong unless both drawers hold ``number`` of what belongs there, and nothing of the other."""
    views, orders = _views(lab), _orders(lab)
    if (views, orders) == ([number, 0], [0, number]):
        return
    found = (
        f"{when}: drawer 0 has {_count(views[0], 'view')} and {_count(orders[0], 'order')}, "
        f"drawer 1 has {_count(views[1], 'view')} and {_count(orders[1], 'order')}."
    )
    if sum(views) + sum(orders) < 2 * number:
        raise Wrong(f"{found} Some are nowhere. Which drawers, and which keys, do your functions use?")
    if views == [number, 0] and orders == [number, 0]:
        raise Wrong(
            f"{found} So nobody has ever gone to drawer 1. A client that is given a pool goes where the pool's "
            "connections are. Who says where that is?"
        )
    if views == [0, number] and orders == [0, number]:
        raise Wrong(f"{found} Views belong into drawer 0. Did the whole pool go to drawer 1, or one connection?")
    if views == [0, number] and orders == [number, 0]:
        raise Wrong(f"{found} It is the other way round. Which of the two functions belongs to which drawer?")
    if number == BEFORE:
        raise Wrong(f"{found} Where was each connection sent last, before the next function borrowed it?")
    raise Wrong(
        f"{found} One at a time it works. `SELECT` and the command after it are two commands: each borrows a "
        "connection, and between them another thread may have it, and send it elsewhere. What never has to be sent?"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _views(lab: Lab) -> list[int]:
    return [int(_ask(lab, database, lambda r: r.get("views:home")) or 0) for database in (0, 1)]


def _orders(lab: Lab) -> list[int]:
    return [int(_ask(lab, database, lambda r: r.llen("orders"))) for database in (0, 1)]


def _ask(lab: Lab, database: int, question: Callable[[redis.Redis], Any]) -> Any:
    with redis.Redis(host=lab.server.host, port=lab.server.port, db=database) as r:
        return question(r)


def _require_numbers(got: list[tuple[Any, Any]]) -> None:
    if got != [(number, number) for number in range(1, BEFORE + 1)]:
        views, orders = got[-1]
        raise Wrong(
            f"All are stored where they belong. The last of {BEFORE} calls returned {shown(views)} from `count_view` "
            f"and {shown(orders)} from `take_order`; both should return {BEFORE}. INCR and RPUSH answer with it."
        )


def _require_in_turn(lab: Lab) -> None:
    taken = _ask(lab, 1, lambda r: r.lrange("orders", 0, -1))
    given = [order.encode() for order in EARLY]
    if sorted(taken) != sorted(given):
        raise Wrong(f"Drawer 1 has {BEFORE} orders, one of them {shown(taken[-1])}; {shown(given[-1])} was ordered.")
    if taken != given:
        raise Wrong(
            f"Each order is in drawer 1, and the list begins with {shown(taken[0])}; the first one taken was "
            f"{shown(given[0])}. Whoever comes first is served first. At which end does your command add?"
        )


HINTS = (
    "`r.select(1)` and `r.rpush(...)` are two commands, so `r` borrows twice. Is it the same connection both times?",
    "A connection that never has to be sent anywhere cannot be in the wrong drawer. Where does a pool say which drawer "
    "its connections open in?",
    "Two drawers, two pools. `redis.Redis(host=…, port=…, db=…)` makes a client with a pool for that drawer.",
    "Make two clients beside the functions, one with `db=0` and one with `db=1`, let each function use its own, and "
    "leave out `select`.",
)
