"""An incident: a program that goes on writing to the old master after a failover."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, became, call_within
from tutorial_lib.exercises._incidents import method_of
from tutorial_lib.exercises._weather import take_down
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.load.callers import run_threads
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong
from tutorial_lib.servers import Server

ID = "after-the-failover"
LESSON = "15"
TITLE = "After the failover"
NAME = "Orders"
SECONDS = 12

THREADS, EACH = 4, 5
BUSY = 0.1
AFTER = 6
TOLD_WITHIN = 1.0
GONE_WITHIN = 1.0

PROMPT = """
**What happened.** For an update of the first server, the shop's operator lets Sentinel make `redis-2` the master. No
order fails, and no error is logged. Ten seconds later every order fails, and 40 orders that customers have paid for are
on no server any more.

**The log** of that minute:

```
shop: order 40 stored, 40 in the list
shop: switched() called, the master is redis-2
shop: order 41 stored, 41 in the list
shop: order 42 stored, 42 in the list
shop: order 80 stored, 80 in the list
shop: order 81: ReadOnlyError: You can't write against a read only replica.
redis-2: 40 in the list
```

Orders 43 to 79 are left out, because their lines look the same. The last line is from the new master.

**Given** the program below, `orders.py`, with the class `Orders(discover)`. `discover()` asks the sentinels, and
returns the host and the port of the current master. **4** threads call `add(order)`, which returns the length of the
list. When Sentinel announces a new master, the shop calls `switched()`. The cell above the program stores 40 orders
around such a failover, and draws which server they went to.

**Write** an `Orders` that follows the master.

**It passes when**
- after a failover by hand, in which the old master lives on, each order that comes after `switched()` goes to the new
  one; an order that was under way may end in an error;
- the old master is left with **0** connections;
- the master crashes, and `switched()` is **not** called, because Sentinel's message got lost: `add` raises an error at
  most **once**, within **1** s, and the next order goes to the new master;
- while nothing happens, 4 threads need at most **4** connections and **4** calls of `discover()` for 20 orders.
"""


class starter:
    def __init__(self, discover):
        self.discover = discover
        host, port = self.discover()
        self.r = redis.Redis(host=host, port=port, max_connections=4)

    def add(self, order):
        return self.r.rpush("orders", order)

    def switched(self):
        self.discover()
        self.r.close()


class solution:
    def __init__(self, discover):
        self.discover = discover
        self.switched()

    def add(self, order):
        r = self.r
        try:
            return r.rpush("orders", order)
        except redis.ConnectionError:
            if r is self.r:
                self.switched()
            raise

    def switched(self):
        host, port = self.discover()
        once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
        self.r = redis.Redis(host=host, port=port, max_connections=4, retry=once)


WHY = """
A pool keeps the address that it was made with, and so does each of its connections: `close()` only makes them connect
there again. A new client has a new pool with the new address, and the old one disconnects when the last call that uses
it has ended. Its retries would go to the old address too, so here it has none: an error is the other sign, besides
`switched()`, that there may be a new master. A connection class that asks `discover()` each time it connects may retry.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as other:
        other.ping()
        group = _Group(answer, lab, other)
        group.is_calm()
        group.fails_over()
        group.is_rid_of_the_old_master()
        errors = group.loses_its_master()
    return (
        f"After the failover by hand 0 of {AFTER} orders went to the old master, and it has no connection left. When "
        f"the master crashed and no one called `switched()`, {so_many(errors, 'order')} got an error, and the next "
        f"went to the new master. {THREADS} threads shared at most {THREADS} connections."
    )


class _Group:
    """The addresses of two nodes, of which one is the master, and the learner's program.

    There is one server behind both, as if all was replicated at once; what counts is by which of the two an order came.
    """

    def __init__(self, answer: Callable[..., Any], lab: Lab, other: redis.Redis) -> None:
        self._other = other
        self._master, self._replica = lab.proxy(), lab.proxy()
        self._questions = self._orders = 0
        made = lab.call(answer, self._discover)
        self._add = method_of(made, "add", lab, "tea")
        self._switched = method_of(made, "switched", lab)

    def _discover(self) -> tuple[str, int]:
        self._questions += 1
        return self._master.host, self._master.port

    def _promote(self) -> None:
        self._master, self._replica = self._replica, self._master

    def _order(self) -> Call:
        """Let the program store an order. Raise Wrong if `add` returned and the order isn't in the list."""
        self._orders += 1
        order = f"order {self._orders}"
        call = call_within(TOLD_WITHIN, lambda: self._add(order), Exception)
        if call.error is None and call.returned:
            stored = self._other.lrange("orders", 0, -1).count(order.encode())
            if not isinstance(call.result, int) or stored != 1:
                raise Wrong(
                    f"`add` {became(call)}, and the list holds that order {so_many(stored, 'time')}. It should be "
                    "there once, and `add` should return the length of the list, or raise. What does the caller learn?"
                )
        return call

    def is_calm(self) -> None:
        call = self._order()
        if call.error or not call.returned:
            raise Wrong(f"One order, one thread: `add` {became(call)}. Which address did your client get?")
        opened, asked = self._rush("How many may work at once?")
        if opened > THREADS:
            raise Wrong(
                f"{THREADS} threads stored {THREADS * EACH} orders on one master, and {so_many(opened, 'connection')} "
                "were open or opened for that. How long does a client of yours live?"
            )
        if asked > THREADS:
            raise Wrong(
                f"{THREADS} threads stored {THREADS * EACH} orders while nothing happened, and `discover` was called "
                f"{so_many(asked, 'time')}. Each call asks the sentinels, and an order waits for it. What tells you "
                "that there is something to ask?"
            )

    def _rush(self, idea: str) -> tuple[int, int]:
        """Let all threads store orders at once. Return how many connections were open for that, and the questions."""
        before, asked = self._master.traffic(), self._questions

        def store() -> None:
            for number in range(EACH):
                self._add(f"rush {number}")

        self._master.pause(BUSY)
        for result in run_threads(THREADS, store):
            if isinstance(result, redis.RedisError):
                raise Wrong(
                    f"{THREADS} threads stored orders at the same moment, and `add` raised {named(result)}. {idea}"
                )
        after = self._master.traffic()
        return before.open + after.connections - before.connections, self._questions - asked

    def fails_over(self) -> None:
        """By hand: the old master lives on, while an order is under way there."""
        old = self._master
        sent = old.traffic().to_server
        old.pause(TOLD_WITHIN)
        late = threading.Thread(target=self._store_late, daemon=True)
        late.start()
        _wait(lambda: old.traffic().to_server > sent)
        before = old.traffic().connections
        self._promote()
        # Time enough for an answer that waits until what is under way has ended.
        told = call_within(2 * TOLD_WITHIN, self._switched, Exception)
        old.heal()
        if told.error or not told.returned:
            raise Wrong(f"One order was under way, and `switched()` {became(told)}. What does it wait for, or close?")
        late.join(TOLD_WITHIN)
        astray = sum(self._goes_astray() for _ in range(AFTER))
        now = old.traffic()
        if astray:
            raise Wrong(
                f"`switched()` has returned, and {astray} of the next {AFTER} orders went to the old master, with a "
                f"reply and without an error. {_idea(now.connections - before, now.open)}"
            )

    def _store_late(self) -> None:
        with suppress(Exception):  # of any kind: its connection may be closed in the middle of a read
            self._add("late")

    def _goes_astray(self) -> bool:
        before = self._master.traffic().to_server
        call = self._order()
        if call.error or not call.returned:
            raise Wrong(
                f"After a failover by hand both masters answer, and `add` {became(call)}. What was closed, and who "
                "still uses it?"
            )
        return self._master.traffic().to_server == before

    def is_rid_of_the_old_master(self) -> None:
        old = self._replica
        sent = old.traffic().to_server
        self._rush("Which connections were not replaced?")
        if old.traffic().to_server > sent:
            raise Wrong(
                f"The first {AFTER} orders after the failover went to the new master. Then {THREADS} threads came at "
                "the same moment, and some went to the old one. Which connections were not replaced?"
            )
        _wait(lambda: old.traffic().open == 0)
        if left := old.traffic().open:
            raise Wrong(
                f"The program writes to the new master, and still has {so_many(left, 'connection')} to the old one. "
                "Each failover leaves some behind. Which pool owns them, and who keeps it?"
            )

    def loses_its_master(self) -> int:
        """The master crashes, and Sentinel's message about its successor is lost."""
        take_down(self._master)
        self._promote()
        first = self._order()
        errors = int(isinstance(first.error, (redis.RedisError, OSError)))
        second = self._order() if errors and first.returned else first
        if not second.returned:
            raise Wrong(
                f"The master crashed, `discover` named the new one, and after {TOLD_WITHIN:g} s `add` was still "
                "trying. A client retries at the address it has. What comes first, the next attempt or the question?"
            )
        if second.error:
            too = "The second order too" if errors else "The next order"
            raise Wrong(
                f"The master crashed, `discover` named the new one, and Sentinel's message got lost, so no one called "
                f"`switched()`. {too} {became(second)}. What else could tell your program to ask?"
            )
        self._rush("The master had crashed, and the orders before that went well. Which connections are left from it?")
        return errors


def _idea(again: int, still_open: int) -> str:
    if again:
        return (
            f"{so_many(again, 'connection')} {'was' if again == 1 else 'were'} opened for that, to the old address. "
            "Who keeps that address?"
        )
    if still_open == 1:
        return "One order was under way during the failover. What became of its connection when it ended?"
    return "Their connections were open before, and still work. Who keeps them?"


def _wait(until: Callable[[], bool]) -> None:
    give_up = monotonic() + GONE_WITHIN
    while not until() and monotonic() < give_up:
        sleep(0.005)


def dashboard(program: Callable[..., Any], server: Server) -> Any:
    """Let orders come before and after a failover by hand, and draw which master they went to."""
    from tutorial_lib.exercises._failover_picture import orders_by_master  # here: matplotlib takes half a second

    came: list[int] = []
    with FaultProxy(server) as redis_1, FaultProxy(server) as redis_2:
        master = redis_1
        orders = program(lambda: (master.host, master.port))
        for number in range(40):
            if number == 16:
                master = redis_2
                orders.switched()
            before = redis_1.traffic().to_server
            orders.add(f"order {number}")
            came.append(1 if redis_1.traffic().to_server > before else 2)
        orders.r.connection_pool.disconnect()
    return orders_by_master(came, failover_after=16)


HINTS = (
    "Look at the picture: after `switched()` the program has its replies, but from which server? Start two servers of "
    "your own, let `discover` name first the one and then the other, and look at `clients()` of both.",
    "`orders.r.connection_pool.connection_kwargs` shows the address that the pool connects to. Which of that does "
    "`close()` change?",
    "A connection that is under way isn't replaced while it is in use, and a pool takes it back later. If the client "
    "is replaced as a whole, each call keeps the client that it began with.",
    "A crash breaks the connections, and `add` sees an error before anyone calls `switched()`. Which error says that "
    "the address may be wrong, and how long do the client's own retries at that address take before you see it?",
)
