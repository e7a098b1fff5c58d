"""Sell one item while others sell too: WATCH keeps a connection, and so does an error that is kept in a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._selling import SellingShop
from tutorial_lib.practice.lab import Lab

ID = "watch-and-release"
LESSON = "06"
TITLE = "Watch, sell and release"
NAME = "sell"

TOO_LATE = 3
CHANGES = 6
ANOTHER = "and another checkout sold one while the customer thought it over"

PROMPT = """
**Given** a shop with several checkouts. It counts its stock in the key `stock`, and the other checkouts sell with a
plain `DECR`, at any moment.

**Write** `sell(r, agree)`, which sells one item and returns how many are left:

1. It reads the stock. If that is 0, it raises a `LookupError`.
2. It calls `agree()`, in which the customer decides. Meanwhile other code may use `r` as well.
3. It takes one item off the stock. If the stock has changed since step 1, it starts over at step 1, as often as needed.

**It passes when**
- the stock never falls below **0**, not even for a moment, even if another checkout sells just before you do, or the
  stock changes up to **6** times during one sale;
- however a sale ends, with an item sold, a `LookupError` or an error from `agree()`, **0** connections are in use
  afterwards, although the shop keeps all errors in a log;
- it uses no Lua script, because this server doesn't run any.
"""


def starter(r, agree):
    left = int(r.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    agree()
    return r.decr("stock")  # and if another checkout has sold the last one meanwhile?


def solution(r, agree):
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    raise LookupError("sold out")
                agree()
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue


WHY = """
`WATCH` belongs to one connection, and the pipeline keeps that connection from `watch` to `execute`. However the `with`
block ends, it resets the pipeline, which returns the connection. `r.transaction(function, "stock")` runs the same loop
for you.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    shop = SellingShop(answer, lab)
    try:
        shop.sells(stock=3, left=2, agree=_yes, what="The stock was 3, and no other checkout sold")
        shop.keeps_nothing("After a sale")
        shop.sells(stock=3, left=1, agree=shop.another_checkout_sells(1), what=f"The stock was 3, {ANOTHER}")
        for _ in range(TOO_LATE):
            shop.is_sold_out(stock=0, agree=_yes, what="The stock was 0")
        shop.is_sold_out(stock=1, agree=shop.another_checkout_sells(1), what=f"The stock was 1, {ANOTHER}")
        shop.keeps_nothing(f"{TOO_LATE + 1} customers came too late, the log keeps their errors")
        shop.is_left_by_a_customer()
        shop.keeps_nothing("A customer walked away before saying yes, the log keeps the error")
        with shop.sold_elsewhere_just_before():
            shop.is_sold_out(
                stock=1, agree=_yes, what="The stock was 1, and another checkout sold it just before you did"
            )
        shop.sells(
            stock=9,
            left=9 - CHANGES - 1,
            agree=shop.another_checkout_sells(CHANGES),
            what=f"The stock was 9, and other checkouts sold {CHANGES}, one each time the customer thought it over",
        )
        shop.keeps_nothing(f"After a sale that began {CHANGES + 1} times")
    finally:
        shop.clear_the_log()
    return (
        f"Sold alone, sold beside other checkouts, sold out {TOO_LATE + 2} times, and left by a customer once: the "
        "stock never fell below 0, and no connection is in use, although the log keeps every error."
    )


def _yes() -> None:
    pass


HINTS = (
    "`pipe.watch` first, then `pipe.get`, then `agree()`, then `pipe.multi()`. What comes after that is sent together "
    "by `pipe.execute()`, which returns a list of replies.",
    "If the watched key has changed, `execute()` raises `redis.WatchError`, and Redis has executed nothing. A "
    "`while True` around all of it lets you start over.",
    "A sale can end in three ways: sold, sold out, and an error from `agree()`. `unwatch()` returns the connection in "
    "none of them. The table in the lesson's summary says what does.",
    "Create the pipeline with `with`, and put the whole loop inside. The end of the `with` resets the pipeline, "
    "however the block ends.",
)
