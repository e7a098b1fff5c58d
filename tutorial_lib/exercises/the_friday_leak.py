"""An incident: a shop that stops selling on Fridays, because three ways out of its code keep a connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from itertools import count
from time import sleep
from typing import Any

import redis

from tutorial_lib.exercises._in_use import total_in_use
from tutorial_lib.exercises._incidents import ended, method_of, program_pools, require_total_limit
from tutorial_lib.exercises._words import named, outcome, so_many
from tutorial_lib.pools.recording import record
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.servers import Server

ID = "the-friday-leak"
LESSON = "15"
TITLE = "The Friday leak"
NAME = "Shop"

LIMIT = 3
UNPAID = 4
A_PAUSE = 0.03
"""Seconds between two orders in the picture, so that each can be seen."""

PROMPT = """
**What happened.** From Monday to Thursday the shop sells without an error. On Friday evening, when the bank is slow and
the weekly report runs, every order fails until the shop is restarted. Last week the team doubled the limit of the pool,
and the shop failed an hour later than before.

**The log** of a Friday:

```
order 31: paid
order 32: not paid
order 33: paid
order 34: OSError: the bank can't be reached
report: ResponseError: WRONGTYPE Operation against a key holding the wrong kind of value
order 35: MaxConnectionsError: Too many connections
order 36: MaxConnectionsError: Too many connections
```

**Given** the program below, `shop.py`, with the class `Shop(host, port)`. `buy(order, ask_bank)` calls
`ask_bank(order)`, and the bank publishes its answer in the channel `paid:<order>`. `items_in(key)` is for the report
and returns the length of a list. The cell above the program runs it through such a Friday and draws its pool.

**Write** what's missing, so that the shop survives every Friday.

**It passes when**
- a paid order returns `"paid"` and is in the list `orders`, and an unpaid one returns `"not paid"`;
- an error of `ask_bank`, or of Redis, reaches the caller of `buy` or `items_in`;
- **0** connections are in use when all orders have ended, however they ended;
- an order that still waits for the bank isn't disturbed by others, and the limit is still **3** connections.
"""


class starter:
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=3)
        self.open_orders = {}

    def buy(self, order, ask_bank):
        payment = self.r.pubsub()
        self.open_orders[order] = payment
        payment.subscribe(f"paid:{order}")
        payment.get_message(timeout=1)  # Redis confirms the subscription
        ask_bank(order)
        if payment.get_message(timeout=0.1) is None:
            return "not paid"
        self.open_orders.pop(order).close()
        self.r.rpush("orders", order)
        return "paid"

    def items_in(self, key):
        connection = self.r.connection_pool.get_connection()
        connection.send_command("LLEN", key)
        length = connection.read_response()
        self.r.connection_pool.release(connection)
        return length


class solution:
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, max_connections=3)

    def buy(self, order, ask_bank):
        with self.r.pubsub() as payment:
            payment.subscribe(f"paid:{order}")
            payment.get_message(timeout=1)  # Redis confirms the subscription
            ask_bank(order)
            if payment.get_message(timeout=0.1) is None:
                return "not paid"
        self.r.rpush("orders", order)
        return "paid"

    def items_in(self, key):
        return self.r.llen(key)


WHY = """
Each of the three leaks is a way out that skips the last lines: a `return`, an error of the bank, an error of Redis. A
`with` block closes the `PubSub` on each of them, and so does `try` with `finally`. `llen` needs neither, because a
client's commands borrow and return the connection themselves.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    friday = _Friday(lab, lab.call(answer, lab.server.host, lab.server.port))
    friday.sells()
    friday.is_not_paid()
    friday.meets_a_bank_that_is_down()
    friday.reports_on_a_wrong_key()
    friday.leaves_an_open_order_alone()
    require_total_limit(friday.pools(), LIMIT, "A larger limit only delays what a leak does. Is one still needed?")
    return (
        f"{so_many(UNPAID, 'unpaid order')}, an error of the bank and an error of Redis: afterwards 0 of {LIMIT} "
        "connections were in use, and an order that was waiting for the bank meanwhile was paid."
    )


class _Friday:
    """A learner's shop, and a bank that answers it."""

    def __init__(self, lab: Lab, shop: Any) -> None:
        self._lab = lab
        self._bank = redis.Redis(host=lab.server.host, port=lab.server.port, decode_responses=True)
        self._bank.ping()
        self._buy = method_of(shop, "buy", lab, 1, self._pays)
        self._items_in = method_of(shop, "items_in", lab, "orders")
        self._numbers = count(31)

    def pools(self) -> list[redis.ConnectionPool]:
        return program_pools(self._lab, self._bank)

    def sells(self) -> None:
        for number in (1, 2):
            order = self._paid_order("The bank confirmed")
            stored = self._bank.lrange("orders", 0, -1)
            if str(order) not in stored:
                raise Wrong(f"Order {order} was paid, and the list `orders` is {shown(stored)}. Is it stored there?")
            length = self._items_in("orders")
            if length != len(stored):
                raise Wrong(
                    f"The list `orders` has {so_many(len(stored), 'item')}, and `items_in` returned {shown(length)}."
                )
            self._require_all_returned(f"{so_many(number, 'order')} had been paid")

    def is_not_paid(self) -> None:
        for number in range(UNPAID):
            order = next(self._numbers)
            said = f"After {so_many(number, 'unpaid order')} order {order}"
            result = ended(partial(self._buy, order, lambda _: None))
            if isinstance(result, redis.RedisError):
                raise Wrong(
                    f"{said} raised {named(result)}: {self._state()}. Compare what an order that isn't paid leaves "
                    "behind with what a paid one does. Which instrument lists what is still borrowed?"
                )
            if result != "not paid":
                raise Wrong(f"The bank said nothing about order {order}, and `buy` {outcome(result)}.")
        self._require_all_returned(f"{so_many(UNPAID, 'order')} had not been paid")

    def meets_a_bank_that_is_down(self) -> None:
        def ask_bank(order: int) -> None:
            raise OSError("the bank can't be reached")

        result = ended(lambda: self._buy(next(self._numbers), ask_bank))
        if not isinstance(result, OSError) or isinstance(result, redis.RedisError):
            raise Wrong(
                f"`ask_bank` raised an `OSError`, and `buy` {outcome(result)}. The caller has to get the error. "
                "What does `buy` do with it?"
            )
        self._require_all_returned("`ask_bank` had raised an `OSError` in one order", result)

    def reports_on_a_wrong_key(self) -> None:
        self._bank.set("orders:week", "48 orders")
        result = ended(lambda: self._items_in("orders:week"))
        if not isinstance(result, redis.ResponseError):
            raise Wrong(
                f"`orders:week` holds a text, not a list, and `items_in` {outcome(result)}. Redis's `ResponseError` "
                "has to reach the caller. What does a report say that hides it?"
            )
        self._require_all_returned("`items_in` had asked for a key that isn't a list", result)

    def leaves_an_open_order_alone(self) -> None:
        """One order waits for the bank while another isn't paid."""
        other = next(self._numbers)

        def asks_slowly(order: int) -> None:
            ended(lambda: self._buy(other, lambda _: None))
            self._pays(order)

        order = next(self._numbers)
        result = ended(lambda: self._buy(order, asks_slowly))
        if result != "paid":
            raise Wrong(
                f"While order {order} waited for the bank, order {other} wasn't paid. Then the bank confirmed order "
                f"{order}, and `buy` {outcome(result)}. What did the end of one order do to the other's connection?"
            )
        self._require_all_returned("two orders had overlapped")

    def _paid_order(self, said: str) -> int:
        for _ in range(3):  # a busy machine may deliver the bank's answer too late
            order = next(self._numbers)
            result = ended(partial(self._buy, order, self._pays))
            if result == "paid":
                return order
        raise Wrong(f"{said} order {order}, and `buy` {outcome(result)}. It should return `'paid'`.")

    def _pays(self, order: int) -> None:
        self._bank.publish(f"paid:{order}", "yes")

    def _state(self) -> str:
        return f"{total_in_use(self.pools())} of {LIMIT} connections are in use, and no order is being served"

    def _require_all_returned(self, when: str, error: BaseException | None = None) -> None:
        kept = total_in_use(self.pools())
        if not kept:
            return
        said = (
            f"When {when}, {so_many(kept, 'connection')} {'was' if kept == 1 else 'were'} still in use, and no order "
        )
        said += "was being served."
        if error is not None:
            error.__traceback__ = None
            if not total_in_use(self.pools()):
                raise Wrong(
                    f"{said} The error keeps the variables of the function that raised it, so Python cleans them up "
                    "only when the shop has written its log. What returns a connection before that?"
                )
        raise Wrong(
            f"{said} Every way out of a function has to return what it borrowed. Which way out did this one take?"
        )


def dashboard(program: Callable[..., Any], server: Server) -> Any:
    """Let the shop have such a Friday, each order in a thread of its own."""
    from tutorial_lib.plots.recordings import plot_timeline  # here: matplotlib takes half a second to import

    shop = program(server.host, server.port)
    with redis.Redis(host=server.host, port=server.port) as bank, record(shop.r.connection_pool) as recording:
        for who, work in _friday(shop, bank).items():
            thread = threading.Thread(target=ended, args=(work,), name=who)
            thread.start()
            thread.join()
            sleep(A_PAUSE)
    picture = plot_timeline(recording)
    shop.r.connection_pool.disconnect()
    return picture


def _friday(shop: Any, bank: redis.Redis) -> dict[str, Callable[[], Any]]:
    def pays(order: int) -> None:
        bank.publish(f"paid:{order}", "yes")

    def fails(order: int) -> None:
        raise OSError("the bank can't be reached")

    bank.set("orders:week", "48 orders")
    return {
        "order 31": lambda: shop.buy(31, pays),
        "order 32": lambda: shop.buy(32, lambda order: None),
        "order 33": lambda: shop.buy(33, pays),
        "order 34": lambda: shop.buy(34, fails),
        "report": lambda: shop.items_in("orders:week"),
        "order 35": lambda: shop.buy(35, pays),
        "order 36": lambda: shop.buy(36, pays),
    }


HINTS = (
    "An error in the log names an order that found no connection, not one that kept it. Look at the picture: which "
    "bars go on to the end, and which order of the log does each belong to?",
    "Make a `Shop` in a new cell with a server of your own, `start_server()`, and open "
    "`PoolView(shop.r.connection_pool)` or use `record`. Let an order end in each of the ways that the log shows. "
    "`examine` names the line that borrowed.",
    "Order 32 returned early, order 34 was left by an error of `ask_bank`, and the report by an error of Redis. Which "
    "lines were skipped each time?",
    "`with` closes a `PubSub` on every way out. And what does the report need a connection of its own for, if the "
    "client has a command for it?",
)
