"""Parts that come and go on one pool: closing one disconnects no other, and in the end nothing is left open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._in_use import reply_timeouts
from tutorial_lib.exercises._parts import noticed, require_callable, require_client, require_several
from tutorial_lib.exercises._words import named
from tutorial_lib.pools.anatomy import connections_of, waiting_now
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "who-closes"
LESSON = "04"
TITLE = "Parts come and go"
NAME = "open_shop"

PARTS = 10
LONGEST_WAIT = 2.0

PROMPT = """
**Given** a shop whose parts come and go. Each part gets a client and works with it. In the end it closes its client,
or forgets to and drops it.

**Write** `open_shop(host, port)`, which returns two functions:

- `new_part()` returns a client for one part;
- `close_shop()` is called when all parts have gone.

**It passes when**
- **2** parts can work at the same moment: while one waits up to **2** s for an order (`BLPOP`), the other
  sends a command;
- the waiting part is **not** disconnected when the other closes its client or drops it;
- **10** parts, one after the other, open **1** connection in total;
- after `close_shop()` the shop has **0** connections on the server, and the connections of others are untouched.
"""


def starter(host, port):
    def new_part():
        return ...  # your code here

    def close_shop():
        pass  # and here

    return new_part, close_shop


def solution(host, port):
    pool = redis.ConnectionPool(host=host, port=port)

    def new_part():
        return redis.Redis(connection_pool=pool)

    def close_shop():
        pool.close()

    return new_part, close_shop


WHY = """
A client that is given a pool with `connection_pool=` doesn't own it: closing or dropping the client leaves the pool as
it is. So `open_shop` owns the pool, and `close_shop` closes it. An owner client works as well, if the parts borrow its
`connection_pool`.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with noticed(redis.ConnectionPool.__exit__) as ended:
        both = lab.call(answer, lab.server.host, lab.server.port)
    new_part, close_shop = require_several(both, ("new_part", "close_shop"), "two functions", lab)
    require_callable(new_part, "new_part")
    require_callable(close_shop, "close_shop")
    with redis.Redis(host=lab.server.host, port=lab.server.port) as customer:
        # Opened now: a socket that is opened right after another was closed gets its number, and whatever still waits
        # on that number goes on waiting.
        its_number = customer.client_id()
        _require_order(new_part, customer, lab, closes=True)
        _require_order(new_part, customer, lab, closes=False)
        _require_one_for_all(new_part, lab)
        close_shop()
        if _number_of(customer) != its_number:
            raise Wrong(
                "A customer had a connection of its own to the same server, and `close_shop()` disconnected it too. "
                "Which object has opened the shop's connections, and only those?"
            )
        _require_all_closed(lab, its_number, ended)
    return (
        "Two parts left while the kitchen was waiting, one closed and one dropped, and it got its order both times. "
        f"{PARTS} more parts came and went on 1 connection. After `close_shop()` the server sees none of the shop's."
    )


def _part_of(new_part: Callable[[], Any]) -> redis.Redis:
    return require_client(new_part(), "`new_part()` returned")


def _number_of(client: redis.Redis) -> Any:
    try:
        return client.client_id()
    except redis.RedisError:  # The fallback tells a connection that was killed in this way.
        return None


class _Kitchen:
    """A part that waits for an order, in a thread of its own, until it gets one or is disconnected."""

    def __init__(self, part: redis.Redis, customer: redis.Redis, lab: Lab) -> None:
        self._part = part
        self._customer = customer
        self._lab = lab
        self.got: Any = None

    def __enter__(self) -> _Kitchen:
        self._thread = threading.Thread(target=self._wait, name="kitchen", daemon=True)
        self._thread.start()
        while self._thread.is_alive() and not self.waits():
            sleep(0.005)
        return self

    def _wait(self) -> None:
        try:
            self.got = self._part.blpop("orders", timeout=LONGEST_WAIT)
        except Exception as error:  # What comes when a connection is closed under its user is hardly foreseeable.
            self.got = error

    def waits(self) -> bool:
        return any(client.blocked for client in self._lab.server.clients())

    def __exit__(self, *_: object) -> None:
        self._customer.rpush("orders", "tea")
        self._thread.join(LONGEST_WAIT)


def _require_order(new_part: Callable[[], Any], customer: redis.Redis, lab: Lab, *, closes: bool) -> None:
    """Let a part come and go while another waits, and raise Wrong if that one was disconnected."""
    waiting, leaving = _part_of(new_part), _part_of(new_part)
    same = waiting is leaving
    with _Kitchen(waiting, customer, lab) as kitchen:
        if kitchen.got is not None:
            raise Wrong(
                "One part waited for an order with `BLPOP`, and before the other had done anything it got "
                f"{named(kitchen.got)}. Which of your settings does not let it wait?"
            )
        _require_reply_timeout(waiting)
        _work_beside(leaving, kitchen)
        before = lab.server.opened()
        if closes:
            leaving.close()
        del leaving
    if isinstance(kitchen.got, (tuple, list)) and lab.server.opened() == before:
        return
    how = "closed its client" if closes else "dropped its client without closing it"
    if same:
        raise Wrong(
            f"One part {how}, and the kitchen was disconnected while it waited for an order. Both parts had the same "
            "client, and that client owns its pool: closing it disconnects them all. What could each part have of its "
            "own?"
        )
    raise Wrong(
        f"One part {how}, and the kitchen was disconnected while it waited for an order with a client of its own. Both "
        "clients use one pool, and each of them disconnects it as if it were the owner. How does a client get a pool "
        "without owning it?"
    )


def _require_reply_timeout(part: redis.Redis) -> None:
    """Raise Wrong if the connection on which a part waits for an order gives up before the wait is over."""
    short = [
        timeout for timeout in reply_timeouts(part.connection_pool) if timeout is not None and timeout <= LONGEST_WAIT
    ]
    if short:
        raise Wrong(
            f"One part waited for an order with `BLPOP`, for up to {LONGEST_WAIT:g} s, on a connection whose "
            f"`socket_timeout` is {min(short):g} s. If no order comes by then, its client gives up. Which of your "
            "settings does not let it wait?"
        )


def _work_beside(part: redis.Redis, kitchen: _Kitchen) -> None:
    """Let a part send a command while the kitchen waits, and raise Wrong if it has to wait for the kitchen."""
    errors: list[Exception] = []

    def work() -> None:
        try:
            part.ping()
        except Exception as error:
            errors.append(error)

    working = threading.Thread(target=work, name="part", daemon=True)
    working.start()
    while working.is_alive():
        working.join(0.01)
        if waiting_now(part.connection_pool) and kitchen.waits():
            raise Wrong(
                "One part waited for an order with `BLPOP`, and all that time another part could not even send a PING: "
                "the pool made it wait for the kitchen's connection. How many connections do two parts need at once?"
            )
    if errors:
        raise Wrong(
            "Two parts worked at the same moment. One was waiting for an order, and the other got "
            f"{named(errors[0])}. How many connections do two parts need at once?"
        )


def _require_one_for_all(new_part: Callable[[], Any], lab: Lab) -> None:
    """Let parts come and go, one after the other, and raise Wrong if they do not use what the ones before them left."""
    before = lab.server.opened()
    for _ in range(PARTS):
        try:
            with _part_of(new_part) as part:
                part.ping()
        except redis.ConnectionError as error:
            raise Wrong(
                f"{PARTS} parts came one after the other, and one of them got {named(error)}. Which parts still "
                "had a connection, although they had gone?"
            ) from error
    opened = lab.server.opened() - before
    if opened > 1:
        raise Wrong(
            f"No part was disconnected, but {PARTS} parts, one after the other, opened {opened} connections; 1 was "
            "enough. What did each part create, or close, that the next could have used?"
        )


def _require_all_closed(lab: Lab, customers: int, ended: list[str]) -> None:
    left = _left(lab, customers)
    if not left:
        return
    why = (
        "`with` closed the pool when `open_shop` returned, before any part came, and the next command opened it again. "
        "How long should the pool stay open, and what closes it then?"
        if ended
        else "Closing a client that was given a pool does not close the pool. Which object has opened these "
        "connections, and what closes that?"
    )
    raise Wrong(
        f"All parts have gone, `close_shop()` was called, and CLIENT LIST still has {left} of the shop's connections. "
        f"{why}"
    )


def _left(lab: Lab, customers: int) -> int:
    """Count what the server still lists of the shop. It may take a moment to notice a socket that was closed."""
    deadline = monotonic() + LONGEST_WAIT
    while left := sum(client.id != customers for client in lab.server.clients()):
        is_open = any(connection.is_open for pool in lab.pools() for connection in connections_of(pool) or ())
        if is_open or monotonic() > deadline:
            break
        sleep(0.005)
    return left


HINTS = (
    "The last table of the lesson lists three ways to create a client. What does `close()` disconnect with each?",
    "Ten parts on one connection share a pool, so none of them may own it. What else could own it?",
    "`open_shop` creates the pool, once. A client that is given it with `connection_pool=` borrows from it and owns "
    "nothing.",
    "`new_part` returns `redis.Redis(connection_pool=…)` on the one pool; `close_shop` closes that pool itself.",
)
