"""A class with a client, whose objects can be sent to another process."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from types import FunctionType
from typing import Any

import redis

from tutorial_lib.exercises._words import named
from tutorial_lib.exercises._workers import Functions, Worker, require_fork, workers
from tutorial_lib.load.callers import run_threads
from tutorial_lib.notebook.own_line import from_error
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "pickle-it"
LESSON = "13"
TITLE = "An object that can be sent"
NAME = "Shop"
SECONDS = 15

LIMIT = 3
CALLERS = 6
ROUND_TRIP = 0.01
CONNECTIONS = "shop"
PRICES = {"tent": "120", "boots": "80"}
BEFORE, AFTER = "CHF", "EUR"

PROMPT = """
**Given** a class whose objects have a client, so `pickle` refuses them, and they can't be sent to a spawned process, to
Dask or to Ray.

**Write** the class `Shop(host, port, currency)` so that its objects can be sent. `__getstate__` and `__setstate__` are
one way to do it; `__init__` and `price` may change, too.

**It passes when**
- `pickle.dumps(shop)` works, also after the shop was used and its attribute `currency` was changed;
- in another process `pickle.loads` makes a shop that has the changed `currency` and returns the same prices;
- `pickle.loads` opens **0** connections there;
- when **6** threads there ask at the same time, none of them gets an error, and together they open at most **3**
  connections, each with the client name `shop`;
- the first shop goes on working afterwards, on the connection that it had.

The check forks, so it runs on Linux only.
"""


class starter:
    def __init__(self, host, port, currency):
        self.currency = currency
        self.r = redis.Redis(
            connection_pool=redis.BlockingConnectionPool(host=host, port=port, max_connections=3, client_name="shop")
        )

    def price(self, item):
        amount = self.r.get(f"price:{item}").decode()
        return f"{amount} {self.currency}"

    def __getstate__(self):
        return ...  # your code here

    def __setstate__(self, state): ...  # your code here


class solution:
    def __init__(self, host, port, currency):
        self.settings = {"host": host, "port": port, "max_connections": 3, "client_name": "shop"}
        self.currency = currency
        self.connect()

    def connect(self):
        self.r = redis.Redis(connection_pool=redis.BlockingConnectionPool(**self.settings))

    def price(self, item):
        amount = self.r.get(f"price:{item}").decode()
        return f"{amount} {self.currency}"

    def __getstate__(self):
        state = self.__dict__.copy()
        del state["r"]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.connect()


WHY = """
`__getstate__` returns a copy of the attributes without the client, and `__setstate__` creates a new client from the
settings. The copy matters: whatever you delete from `self.__dict__` itself is gone from the shop that you wanted to
send. An object that holds only settings, and gets its client from a function with `@cache`, needs neither method.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    require_fork()
    proxy = lab.proxy(ROUND_TRIP)
    prices = redis.Redis(host=lab.server.host, port=lab.server.port)
    prices.mset({f"price:{item}": amount for item, amount in PRICES.items()})
    sender = _Sender(answer)
    with workers(1, sender.functions()) as (other,):
        shop = lab.call(answer, proxy.host, proxy.port, BEFORE)
        _require_price(_method(shop, lab)("tent"), "tent", BEFORE, "The shop")
        shop.currency = AFTER
        opened = lab.server.opened()
        _require_price(shop.price("boots"), "boots", AFTER, "After `shop.currency` was changed, the shop")
        before = lab.server.opened()
        if before > opened:
            raise Wrong(
                "The shop's second call of `price` opened a new connection, although the first one had opened one. How "
                "often does your code create a client?"
            )
        sent = sender.dumps(shop, lab)
        opened_here = _use_again(shop, lab) - before
        _load(other, sent, lab)
        _require_price(other.ask("price", "tent"), "tent", AFTER, "In another process, the copy")
        opened_there = _use_at_once(other, lab, before + opened_here)
    return (
        f"The shop became {len(sent):,} bytes. Another process made a copy of them, with the currency `{AFTER}` and "
        f"without opening a connection, and {CALLERS} threads there shared {opened_there}. The first shop still uses "
        "the connection that it had."
    )


class _Sender:
    """Makes bytes of objects and objects of bytes, as pickle does between a program and a worker of it.

    There a class is found again by its name, in its module. A check may run where that module is no file, so here it's
    told by its place in memory, which is the same in a forked process.
    """

    def __init__(self, answer: Callable[..., Any]) -> None:
        known = [answer, *getattr(answer, "__globals__", getattr(answer.__init__, "__globals__", {})).values()]
        self._known = {id(thing): thing for thing in known if isinstance(thing, (type, FunctionType))}
        self._copies: list[Any] = []

    def dumps(self, shop: Any, lab: Lab) -> bytes:
        known = self._known

        class Sending(pickle.Pickler):
            def persistent_id(self, thing: Any) -> int | None:
                return id(thing) if id(thing) in known else None

        written = io.BytesIO()
        try:
            Sending(written).dump(shop)
        except Exception as error:
            line = from_error(error)
            raise Wrong(
                f"`pickle.dumps(shop)` raised {named(error)}{f' at {line.quoted}' if line else ''}. "
                "Which attribute is that, and what could be sent in its place?"
            ) from error
        return written.getvalue()

    def functions(self) -> Functions:
        return {
            "loads": self._load,
            "price": lambda item: self._copies[-1].price(item),
            "at_once": lambda: [told(price) for price in run_threads(CALLERS, lambda: self._copies[-1].price("tent"))],
        }

    def _load(self, sent: bytes) -> str:
        known = self._known

        class Receiving(pickle.Unpickler):
            def persistent_load(self, number: Any) -> Any:
                return known[number]

        self._copies.append(Receiving(io.BytesIO(sent)).load())
        return type(self._copies[-1]).__name__


def told(price: Any) -> Any:
    """Return a price, or an error as text, so that it can be sent."""
    if isinstance(price, Exception):
        return named(price)
    return price if isinstance(price, str) else shown(price)


def _method(shop: Any, lab: Lab) -> Callable[[str], Any]:
    price = getattr(shop, "price", None)
    if not callable(price):
        raise Wrong(f"`{lab.name}(…)` gave {shown(shop)}, which has no method `price`.")
    result: Callable[[str], Any] = price
    return result


def _require_price(price: Any, item: str, currency: str, subject: str) -> None:
    wanted = f"{PRICES[item]} {currency}"
    if price == wanted:
        return
    said = f"{subject} returned {shown(price)} for `price({item!r})`; it should be `{wanted!r}`."
    if price == f"{PRICES[item]} {BEFORE}":
        raise Wrong(f"{said} The currency was changed before the shop was sent. Where does the copy take its own from?")
    raise Wrong(said)


def _use_again(shop: Any, lab: Lab) -> int:
    """Use the first shop once more, and return how many connections the server has accepted then."""
    before = lab.server.opened()
    try:
        price = shop.price("tent")
    except Exception as error:
        raise Wrong(
            f"After `pickle.dumps(shop)` the shop itself raised {named(error)}. What did "
            "`__getstate__` change: a copy of the attributes, or the attributes?"
        ) from error
    _require_price(price, "tent", AFTER, "After it was sent, the first shop")
    if lab.server.opened() > before:
        raise Wrong(
            "After `pickle.dumps(shop)` the shop had to open a connection. What did `__getstate__` do to its client?"
        )
    return lab.server.opened()


def _load(other: Worker, sent: bytes, lab: Lab) -> None:
    before = lab.server.opened()
    try:
        other.ask("loads", sent)
    except Wrong as error:
        raise Wrong(f"{error} That happened in `pickle.loads`. What is missing from the bytes?") from error
    if lab.server.opened() > before:
        raise Wrong(
            f"`pickle.loads` opened {lab.server.opened() - before} connections, before anything asked for a price. "
            "Which command does it send?"
        )


def _use_at_once(other: Worker, lab: Lab, before: int) -> int:
    got = other.ask("at_once")
    failed = [price for price in got if price != f"{PRICES['tent']} {AFTER}"]
    if failed:
        raise Wrong(
            f"In the other process {CALLERS} threads asked for a price at the same time, and {len(failed)} of them got "
            f"{failed[0]}. Which kind of pool does the copy have, and which did the first shop have?"
        )
    opened = lab.server.opened() - before
    if opened > LIMIT:
        raise Wrong(
            f"In the other process {CALLERS} threads opened {opened} connections; the limit was {LIMIT}. Which "
            "settings of the pool did the bytes carry?"
        )
    names = {client.name for client in lab.server.clients()}
    if not _all_named(lab, opened):
        raise Wrong(
            f"The connections of the copy aren't all called `{CONNECTIONS}`: the server has {shown(sorted(names))}. "
            "Which settings of the pool did the bytes carry?"
        )
    return opened


def _all_named(lab: Lab, opened: int) -> bool:
    return sum(client.name == CONNECTIONS for client in lab.server.clients()) >= opened + 1


HINTS = (
    "What does the other process need in order to create the same client? Keep those settings in attributes of their "
    "own.",
    "`__getstate__` returns what is sent: for example a dictionary of all attributes except the client. "
    "`self.__dict__` is the dictionary of the attributes, so work on a copy of it.",
    "`__setstate__(self, state)` is called in place of `__init__`. It has to set every attribute that the methods use, "
    "the client too.",
    "Put the creation of the client into a method of its own. `__init__` and `__setstate__` both call it.",
)
