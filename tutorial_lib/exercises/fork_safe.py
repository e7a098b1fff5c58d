"""A function that a web server calls in its parent process and in the workers that it forks."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import redis
from redis.client import Pipeline

from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.exercises._workers import WITHIN, Worker, require_fork, workers
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "fork-safe"
LESSON = "13"
TITLE = "A shop that is forked"
NAME = "make_carts"
SECONDS = 15

WORKERS = 3
ROUNDS = 5
AT_ONCE = 100
CARTS = {"anna": "a tent", "ben": "boots", "cleo": "a lamp", "dan": "a map"}
LATER = {customer: f"{cart} and socks" for customer, cart in CARTS.items()}

PROMPT = """
**Given** a web server that loads your program once and then forks. It calls `make_carts(host, port)` and gets a
function `cart_of(customer)`, which returns the value of the key `cart:<customer>` as text. It calls `cart_of` once, to
see that Redis answers, and then it forks **3** workers. The last version looked like this, and customers saw other
customers' carts:

```python
def make_carts(host, port):
    connection = redis.ConnectionPool(host=host, port=port).get_connection()

    def cart_of(customer):
        connection.send_command("GET", f"cart:{customer}")
        return connection.read_response().decode()

    return cart_of
```

**Write** a `make_carts` whose `cart_of` works in all four processes.

**It passes when**
- in the parent and in the 3 workers, each call of `cart_of` returns what the cart holds at that moment;
- each of the **4** processes opens **1** connection, so that the server accepts 4;
- the parent can still use its connection after the workers have ended.

The check forks, so it runs on Linux only.
"""


def starter(host, port):
    def cart_of(customer):
        return ...  # your code here

    return cart_of


def solution(host, port):
    r = redis.Redis(host=host, port=port, decode_responses=True)

    def cart_of(customer):
        return r.get(f"cart:{customer}")

    return cart_of


WHY = """
`r.get` asks the pool for a connection each time, and the pool notices when it's in another process: there it starts
from zero and opens a connection of its own. A client that each process creates for itself, after the fork, is just as
good. An object that has already borrowed a connection must not be used on both sides of a fork.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    require_fork()
    shop = redis.Redis(host=lab.server.host, port=lab.server.port)
    _fill(shop, CARTS)
    before = lab.server.opened()
    cart_of = require_callable(
        lab.call(answer, lab.server.host, lab.server.port), "cart_of", "anna", returned_by=lab.name
    )
    _require(lab.call(cart_of, "anna"), "anna", CARTS, "the parent")
    with workers(WORKERS, {"cart_of": cart_of, "wrong_carts": lambda name: _wrong_carts(cart_of, name)}) as forked:
        for carts in [CARTS] * ROUNDS + [LATER]:
            if carts is LATER:
                _fill(shop, LATER)
            for customer, worker in zip(carts, forked, strict=False):
                _require(worker.ask("cart_of", customer), customer, carts, "a worker")
            _require(cart_of("dan"), "dan", carts, "the parent")
        opened = lab.server.opened() - before
        if opened < WORKERS + 1:
            raise Wrong(_shared(opened, forked))
    _require(cart_of("anna"), "anna", LATER, "the parent")
    _require_opened(opened, lab.server.opened() - before)
    return (
        f"{WORKERS + 1} processes called `cart_of` {(WORKERS + 1) * (ROUNDS + 1) + 2} times and got the right cart "
        f"each time, on {opened} connections: one for each process. The workers have ended, and the parent goes on."
    )


def _fill(shop: redis.Redis, carts: dict[str, str]) -> None:
    shop.mset({f"cart:{customer}": cart for customer, cart in carts.items()})


def _require(cart: Any, customer: str, carts: dict[str, str], process: str) -> None:
    wanted = carts[customer]
    if cart == wanted:
        return
    said = f"In {process} `cart_of({customer!r})` returned {shown(cart)}; the cart holds `{wanted!r}`."
    if cart == wanted.encode():
        raise Wrong(f"{said} Those are bytes. What turns them into text?")
    if carts is LATER and cart == CARTS[customer]:
        raise Wrong(f"{said} The cart has changed since the first call. When did your function ask Redis?")
    if cart in carts.values():
        raise Wrong(f"{said} It's another customer's. Which command does the reply belong to?")
    raise Wrong(said)


def _require_opened(opened: int, later: int) -> None:
    calls = (WORKERS + 1) * (ROUNDS + 1) + 1
    if opened > WORKERS + 1:
        raise Wrong(
            f"{calls} calls in {WORKERS + 1} processes opened {opened} connections; {WORKERS + 1} are enough, one for "
            "each process. How often does your code create a client, or close one?"
        )
    if later > opened:
        raise Wrong(
            "When the workers had ended, the parent had to open another connection. What did they do to the one that "
            "it had?"
        )


def _shared(opened: int, forked: list[Worker]) -> str:
    return (
        f"{WORKERS + 1} processes used {opened} connection{'s' if opened > 1 else ''}: one socket in several of them. "
        f"{_harm(forked)}{_keeper()} What could `cart_of` do instead at each call?"
    )


def _harm(forked: list[Worker]) -> str:
    """Let the workers call at the same time, and say what went wrong in the seconds that it was given."""
    for customer, worker in zip(CARTS, forked, strict=False):
        worker.tell("wrong_carts", customer)
    until, wrong, stuck = monotonic() + WITHIN / 2, 0, 0
    for worker in forked:
        try:
            wrong += worker.answer(until)
        except Wrong:
            stuck += 1
    told = [f"{wrong} calls got a wrong cart or an error"] * bool(wrong)
    told += [f"{stuck} of the workers waited for a reply that another had read"] * bool(stuck)
    if not told:
        return ""
    return f"Tried with {AT_ONCE} calls in each of {WORKERS} workers at the same time, {' and '.join(told)}. "


def _wrong_carts(cart_of: Callable[[str], Any], customer: str) -> int:
    wrong = 0
    for _ in range(AT_ONCE):
        cart = None
        with suppress(Exception):
            cart = cart_of(customer)
        wrong += cart != LATER[customer]
    return wrong


def _keeper() -> str:
    """Say what in the answer has borrowed a connection and keeps it."""
    kinds = [thing for thing in gc.get_objects() if redis.Redis in type(thing).__mro__ and _connection_of(thing)]
    if any(isinstance(kind, Pipeline) for kind in kinds):
        return "A pipeline keeps its connection from `watch()` on, across a fork too."
    if kinds:
        return "A client with `single_connection_client=True` borrows a connection when it's created, and keeps it."
    return "Your code borrowed a connection before the fork and kept it."


def _connection_of(client: Any) -> Any:
    return getattr(client, "connection", None)


HINTS = (
    "In the old version, `get_connection()` ran once, in the parent. Which processes had a copy of `connection` after "
    "the fork?",
    "A pool notices a fork when it's asked for a connection. So what should `cart_of` keep: a connection, or something "
    "that asks the pool each time?",
    "A client borrows and returns for each command. Create it once, in `make_carts`, and use it in `cart_of`.",
    "`decode_responses=True` on the client makes `get` return text.",
)
