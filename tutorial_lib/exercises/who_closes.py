"""Parts that come and go on one pool: closing one cuts nobody off, and at night nothing is left open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._parts import noticed, require_callable, require_client, require_several
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "who-closes"
LESSON = "04"
TITLE = "Parts come and go"
NAME = "open_shop"

PARTS = 10
PATIENCE = 2.0

PROMPT = """
Parts of the shop come and go. Each gets a client, works with it, and at the end closes it, or forgets to. Write
`open_shop(host, port)`, which returns two functions:

- `new_part()` returns a client for one part. **2** parts may work at the same moment, and one of them be waiting for
  an order (`BLPOP`): if the other closes its client or drops it, it is **not** cut off. The connection that a part used
  is there for the next part: **10** of them, one after the other, open **1** connection in all.
- `close_shop()` is called when all have gone. Then the server sees **0** connections of the shop.
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


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with noticed(redis.ConnectionPool.__exit__) as ended:
        both = lab.call(answer, lab.server.host, lab.server.port)
    new_part, close_shop = require_several(both, ("new_part", "close_shop"), "two functions", lab)
    require_callable(new_part, "new_part")
    require_callable(close_shop, "close_shop")
    with redis.Redis(host=lab.server.host, port=lab.server.port) as customer:
        # Opened now: a socket that is opened right after another was closed gets its number, and whoever still waits
        # on that number goes on waiting.
        customer.ping()
        _require_order(new_part, customer, lab, closes=True)
        _require_order(new_part, customer, lab, closes=False)
    _require_one_for_all(new_part, lab)
    close_shop()
    left = _left(lab)
    if left:
        why = (
            "`with` has closed the pool when `open_shop` returned, before anybody came, and the next command has "
            "opened it again. How long should it stay open, and who closes it then?"
            if ended
            else "A client on somebody else's pool closes nothing. Who made the pool, and who closes it?"
        )
        raise Wrong(
            f"All parts have gone, `close_shop()` has been called, and CLIENT LIST still has {left} "
            f"connection{'s' if left > 1 else ''}. {why}"
        )
    return (
        "Two parts left while the kitchen was waiting, one closed and one forgotten, and it got its order both times. "
        f"{PARTS} more came and went on 1 connection. At night the server sees nobody."
    )


def _part_of(new_part: Callable[[], Any]) -> redis.Redis:
    return require_client(new_part(), "`new_part()` returned")


class _Kitchen:
    """A part that waits for an order, in a thread of its own, until it gets one or is cut off."""

    def __init__(self, part: redis.Redis, customer: redis.Redis, lab: Lab) -> None:
        self._part = part
        self._customer = customer
        self._lab = lab
        self.got: Any = None

    def __enter__(self) -> _Kitchen:
        self._thread = threading.Thread(target=self._wait, name="kitchen", daemon=True)
        self._thread.start()
        while self._thread.is_alive() and not any(client.blocked for client in self._lab.server.clients()):
            sleep(0.005)
        return self

    def _wait(self) -> None:
        try:
            self.got = self._part.blpop("orders", timeout=PATIENCE)
        except Exception as error:  # What comes when a connection is closed under its user is hardly foreseeable.
            self.got = error

    def gave_up(self) -> bool:
        """Say whether it has waited all its time, and nobody had an order."""
        self._thread.join(0.3)  # It may be about to say so.
        return not self._thread.is_alive() and self.got is None

    def __exit__(self, *_: object) -> None:
        self._customer.rpush("orders", "tea")
        self._thread.join(PATIENCE)


def _require_order(new_part: Callable[[], Any], customer: redis.Redis, lab: Lab, *, closes: bool) -> None:
    """Let a part come and go while another waits, and raise Wrong if that one was cut off."""
    waiting, leaving = _part_of(new_part), _part_of(new_part)
    same = waiting is leaving
    with _Kitchen(waiting, customer, lab) as kitchen:
        begun = monotonic()
        _work(leaving)
        stood_in_line = monotonic() - begun > PATIENCE / 2
        if kitchen.got is not None:
            raise Wrong(
                f"One part waited for an order, with `BLPOP`, and before anybody left it got `{_named(kitchen.got)}`. "
                "Which of your settings does not let it wait?"
            )
        if stood_in_line and kitchen.gave_up():
            raise Wrong(
                f"One part waited for an order for {PATIENCE:g} seconds, and all that time another one could not even "
                "send a PING: it had to wait until the first was done. How many connections may be out at once?"
            )
        before = lab.server.opened()
        if closes:
            leaving.close()
        del leaving
    came = isinstance(kitchen.got, (tuple, list))
    if came and lab.server.opened() == before:
        return
    cut = "had to connect anew" if came else f"got `{_named(kitchen.got)}`" if kitchen.got else "got nothing"
    how = "closed its client" if closes else "dropped its client without closing it"
    if same:
        raise Wrong(
            f"One part {how}, and the kitchen, waiting for an order, {cut}. Both had the same client, and that owns "
            "its pool: who closes it closes for everybody. What could each part have of its own?"
        )
    raise Wrong(
        f"One part {how}, and the kitchen, waiting for an order with a client of its own, {cut}. Both have one pool, "
        "and each client behaves as its owner. How does a client get a pool without owning it?"
    )


def _work(part: redis.Redis) -> None:
    try:
        part.ping()
    except redis.ConnectionError as error:
        raise Wrong(
            f"Two parts at the same moment, one of them waiting for an order: the other got `{_named(error)}`. "
            "How many connections may be out at once?"
        ) from error


def _require_one_for_all(new_part: Callable[[], Any], lab: Lab) -> None:
    """Let parts come and go, one after the other, and raise Wrong if they do not use what the ones before them left."""
    before = lab.server.opened()
    for _ in range(PARTS):
        with _part_of(new_part) as part:
            _work(part)
    opened = lab.server.opened() - before
    if opened > 1:
        raise Wrong(
            f"Nobody was cut off, and {PARTS} parts, one after the other, opened {opened} connections; 1 was enough. "
            "What did each of them make, or hang up, that the next could have used?"
        )


def _named(error: object) -> str:
    return f"{type(error).__name__}: {error}"


def _left(lab: Lab) -> int:
    """Count what the server still lists. A closed socket may take it a moment to notice."""
    until = monotonic() + 1.0
    while (left := len(lab.server.clients())) and monotonic() < until:
        sleep(0.01)
    return left


HINTS = (
    "Three ways to make a client are in the lesson's last table. What does `close()` hang up with each?",
    "Ten parts on one connection means that they share a pool, and so none of them may own it. Who is left to own it?",
    "`open_shop` makes the pool, once. A client that is given it with `connection_pool=` borrows, and owns nothing.",
    "`new_part` returns `redis.Redis(connection_pool=…)` on the one pool; `close_shop` closes that pool itself.",
)
