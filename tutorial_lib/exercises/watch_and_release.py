"""Sell one piece while others sell too: WATCH keeps a connection, and so does an error that somebody keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._selling import LIMIT, SellingShop, noting_lows
from tutorial_lib.practice.lab import Lab

ID = "watch-and-release"
LESSON = "05"
TITLE = "Watch, sell and let go"
NAME = "sell"

TOO_LATE = 3
ANOTHER = "and another till sold one while the customer thought it over"

PROMPT = """
Write `sell(r, agree)`, which sells one piece of what the key `stock` counts. It looks at the stock, and if that is 0 it
raises a `LookupError`. Otherwise it calls `agree()`, in which the customer thinks it over, takes one piece away, and
returns how many are left.

Other tills sell too, with a plain `DECR`. If the stock has changed since the look, `sell` begins again with a look (and
may ask again), so that it is **never below 0**, not even for a moment; scripts are not allowed here. However a sale
ends, no connection is **in use** afterwards. The shop keeps all errors, in a log for the evening.
"""


def starter(r, agree):
    left = int(r.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    agree()
    return r.decr("stock")  # and if somebody has taken the last one meanwhile?


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


def check(answer: Callable[..., Any], lab: Lab) -> str:
    lows: list[int] = []
    pool = redis.ConnectionPool(
        host=lab.server.host, port=lab.server.port, max_connections=LIMIT, connection_class=noting_lows(lows)
    )
    r = redis.Redis(connection_pool=pool)
    shop = SellingShop(answer, lab, r, lows)
    try:
        shop.sells(stock=3, left=2, agree=_yes, what="The stock was 3, and nobody else sold")
        shop.keeps_nothing("After a sale")
        shop.sells(stock=3, left=1, agree=shop.another_till_sells_one(), what=f"The stock was 3, {ANOTHER}")
        shop.is_sold_out(stock=1, agree=shop.another_till_sells_one(), what=f"The stock was 1, {ANOTHER}")
        for _ in range(TOO_LATE):
            shop.is_sold_out(stock=0, agree=_yes, what="The stock was 0")
        shop.keeps_nothing(f"{TOO_LATE + 1} customers came too late, the log keeps their errors")
        shop.is_left_by_a_customer()
        shop.keeps_nothing("A customer walked away before saying yes, the log keeps the error")
    finally:
        shop.burn_the_log()
    return (
        f"Sold alone, sold beside another till, sold out {TOO_LATE + 1} times, and once left standing: the stock "
        "never fell below 0, and in_use is 0, though the log holds on to every error."
    )


def _yes() -> None:
    pass


HINTS = (
    "`pipe.watch` first, then `pipe.get`, then `agree()`, then `pipe.multi()`; what comes after that is sent together "
    "by `pipe.execute()`, which returns a list of replies.",
    "If the watched key has changed, `execute()` raises `redis.WatchError` and has done nothing. A `while True` around "
    "all of it begins again.",
    "A sale can end in three ways: sold, sold out, and an error out of `agree()`. `unwatch()` gives back in none of "
    "them. The lesson's table names what does.",
    "Make the pipeline with `with`, and put the whole loop inside. Its end resets the pipeline, whichever way it is "
    "left.",
)
