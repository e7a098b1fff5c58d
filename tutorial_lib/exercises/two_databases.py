"""Views in database 0, orders in database 1, and eight threads that write both: all must end in the right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._parts import require_callable, require_several, slow_between_commands
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "two-databases"
LESSON = "04"
TITLE = "Each order in its database"
NAME = "open_databases"

EARLY = ("tea", "cake", "coffee", "bread", "milk")
BEFORE = len(EARLY)
THREADS = 8
EACH = 10
REST = 0.0005
ALL = BEFORE + 1 + THREADS * EACH

PROMPT = """
**Given** a shop that counts views in database **0** and keeps its orders in database **1**. One client changes the
database with `SELECT` before each command. That works on quiet days; on busy days many views and orders end up in
the wrong database.

**Write** an `open_databases(host, port)` that keeps them apart. As now, it returns two functions:

- `count_view()` adds 1 to `views:home` in database 0, and returns the new number;
- `take_order(order)` appends to the end of the list `orders` in database 1, and returns how many there are.

**It passes when**
- **5** calls of each, one after the other, return 1 to 5 and open at most **2** connections;
- **8** threads then call both at the same time, **10** times each, and each view and each order is in its database;
- each view is counted, including one that another program adds to `views:home` meanwhile.
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


WHY = """
The database belongs to the connection, and the pool sets it when it opens one. With a pool for each database no
connection ever changes its database, so no thread can change it for another. A lock around `SELECT` and the command
works too, but then only one thread can work at a time.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    both = lab.call(answer, lab.server.host, lab.server.port)
    count_view, take_order = require_several(both, ("count_view", "take_order"), "two functions", lab)
    require_callable(count_view, "count_view")
    require_callable(take_order, "take_order", "tea")
    _require_in_turn(lab, count_view, take_order)
    _ask(lab, 0, lambda r: r.incr("views:home"))
    _ask(lab, 1, lambda r: r.rpush("orders", "juice"))

    def serve() -> list[Any]:
        return [(count_view(), take_order("tea"))[0] for _ in range(EACH)]

    before = lab.server.opened(), lab.server.commands()["SELECT"]
    with slow_between_commands(REST):
        results = run_threads(THREADS, serve)
    # A connection to database 1 sends one SELECT, when it is opened.
    switched = lab.server.commands()["SELECT"] - before[1] > lab.server.opened() - before[0]
    _raise_if_any(results)
    _require_all_there(lab, switched)
    numbers = [number for one in results for number in one]
    if sorted(numbers, key=str) != sorted(range(BEFORE + 2, ALL + 1), key=str):
        raise Wrong(
            f"All {ALL} views are counted, but `count_view()` did not return each number once: with {THREADS} threads, "
            "some got a number that another thread had produced. Which reply belongs to your own INCR?"
        )
    return (
        f"{ALL} views in database 0, {ALL} orders in database 1, and none in the wrong one, with {THREADS} threads at "
        "once. "
        + (
            "Your connections changed their database, each time to the right one. Two pools need no such care."
            if switched
            else "No open connection ever changed its database."
        )
    )


def _require_in_turn(lab: Lab, count_view: Callable[..., Any], take_order: Callable[..., Any]) -> None:
    """Call both, one after the other, and raise Wrong unless all is where it belongs, on two connections at most."""
    got = [(count_view(), take_order(order)) for order in EARLY]
    opened = lab.server.opened()
    switched = lab.server.commands()["SELECT"] > opened
    views, orders = _views(lab), _orders(lab)
    if (views, orders) != ([BEFORE, 0], [0, BEFORE]):
        zero, one = (f"{so_many(views[db], 'view')} and {so_many(orders[db], 'order')}" for db in (0, 1))
        raise Wrong(
            f"{BEFORE} views and {BEFORE} orders, one after the other: database 0 has {zero}, database 1 has {one}. "
            f"{_why(views, orders, switched)}"
        )
    if got != [(number, number) for number in range(1, BEFORE + 1)]:
        view, order = got[-1]
        raise Wrong(
            f"All are stored where they belong. The last of {BEFORE} calls returned {shown(view)} from `count_view` "
            f"and {shown(order)} from `take_order`; both should return {BEFORE}. What do INCR and RPUSH reply?"
        )
    _require_order_of_orders(lab)
    if opened > 2:
        raise Wrong(
            f"All are in the right database, and {2 * BEFORE} calls, one after the other, opened {opened} connections; "
            "2 are enough, one for each database. What is created in each call that could be created once?"
        )


def _why(views: list[int], orders: list[int], switched: bool) -> str:
    if sum(views) + sum(orders) < 2 * BEFORE:
        return "Some are in neither. Which keys do your functions write, and in which database?"
    if (views, orders) == ([BEFORE, 0], [BEFORE, 0]):
        return (
            "All of them are in database 0. A database in a URL wins over `db=`. What decides the database of your "
            "second client's connections?"
        )
    if (views, orders) == ([0, BEFORE], [0, BEFORE]):
        return "Views belong in database 0. Did the whole pool change to database 1, or one connection of it?"
    if (views, orders) == ([0, BEFORE], [BEFORE, 0]):
        return "They are swapped. Which of the two functions writes to which database?"
    if switched or views[1]:
        return (
            "A connection keeps the database that was selected last, whichever function borrows it next. Which "
            "database had been selected before each command?"
        )
    return "Which command writes an order, and in which database is it carried out?"


def _raise_if_any(results: list[Any]) -> None:
    errors = [result for result in results if isinstance(result, redis.RedisError)]
    if errors:
        exhausted = isinstance(errors[0], redis.MaxConnectionsError) or "No connection available" in str(errors[0])
        why = "Which pool has too few connections for 8 threads?" if exhausted else "What do the threads share?"
        raise Wrong(f"One call at a time worked. With {THREADS} threads at once, some got {named(errors[0])}. {why}")


def _require_all_there(lab: Lab, switched: bool) -> None:
    """Raise Wrong unless both databases hold all that belongs there, and nothing of the other."""
    views, orders = _views(lab), _orders(lab)
    if (views, orders) == ([ALL, 0], [0, ALL]):
        return
    made = f"{THREADS} threads at once made {THREADS * EACH} views and {THREADS * EACH} orders."
    if views[1] or orders[0]:
        raise Wrong(
            f"{made} Some of them are in the wrong database, although one call at a time works. `SELECT` and the "
            "command after it are two commands, and each of them borrows a connection. Between the two, another "
            "thread can borrow the same connection and select the other database. How would a connection never have "
            "to change its database?"
        )
    lost = "views" if views[0] < ALL else "orders"
    raise Wrong(
        f"{made} All are in the right database, but some {lost} are missing: what was written replaced what another "
        "thread, or another program, had added meanwhile. Which one command adds to what is there?"
    )


def _views(lab: Lab) -> list[int]:
    return [int(_ask(lab, database, lambda r: r.get("views:home")) or 0) for database in (0, 1)]


def _orders(lab: Lab) -> list[int]:
    return [_length_of_orders(lab, database) for database in (0, 1)]


def _length_of_orders(lab: Lab, database: int) -> int:
    kind = _ask(lab, database, lambda r: r.type("orders")).decode()
    if kind not in ("none", "list"):
        raise Wrong(
            f"In database {database} the key `orders` holds a {kind}, and it should hold a list. Which command appends "
            "to the end of a list?"
        )
    return int(_ask(lab, database, lambda r: r.llen("orders")))


def _ask(lab: Lab, database: int, question: Callable[[redis.Redis], Any]) -> Any:
    with redis.Redis(host=lab.server.host, port=lab.server.port, db=database) as r:
        return question(r)


def _require_order_of_orders(lab: Lab) -> None:
    taken = _ask(lab, 1, lambda r: r.lrange("orders", 0, -1))
    given = [order.encode() for order in EARLY]
    if sorted(taken) != sorted(given):
        raise Wrong(
            f"Database 1 has {BEFORE} orders, and one of them is {shown(taken[-1])}; {shown(given[-1])} was ordered. "
            "Which value does `take_order` store?"
        )
    if taken != given:
        raise Wrong(
            f"Each order is in database 1, and the list begins with {shown(taken[0])}; the first order was "
            f"{shown(given[0])}. At which end of the list does your command add?"
        )


HINTS = (
    "`r.select(1)` and `r.rpush(...)` are two commands, so `r` borrows twice. Is it the same connection both times?",
    "A connection that never changes its database cannot be in the wrong one. Where does a pool say in which database "
    "its connections open?",
    "Two databases, two pools. `redis.Redis(host=…, port=…, db=…)` creates a client with a pool for that database.",
    "Create two clients beside the functions, one with `db=0` and one with `db=1`, let each function use its own, and "
    "leave out `select`.",
)
