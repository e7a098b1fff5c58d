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


def only_unwatches(r, agree):  # "unwatch gives the connection back"
    pipe = r.pipeline()
    while True:
        try:
            pipe.watch("stock")
            if int(pipe.get("stock")) == 0:
                pipe.unwatch()
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.decr("stock")
            return pipe.execute()[0]
        except redis.WatchError:
            continue


def cuts_the_wires(r, agree):  # "pool.close() cures leaks"
    pipe = r.pipeline()
    while True:
        try:
            pipe.watch("stock")
            if int(pipe.get("stock")) == 0:
                r.connection_pool.close()
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.decr("stock")
            return pipe.execute()[0]
        except redis.WatchError:
            continue


def resets_when_sold_out(r, agree):  # thinks of one way out, and forgets the other
    pipe = r.pipeline()
    while True:
        try:
            pipe.watch("stock")
            if int(pipe.get("stock")) == 0:
                pipe.reset()
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.decr("stock")
            return pipe.execute()[0]
        except redis.WatchError:
            continue


def looks_elsewhere(r, agree):  # a pipeline without watch: both commands at once, and no look
    left = int(r.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    agree()
    with r.pipeline() as pipe:
        return pipe.decr("stock").execute()[0]


def puts_it_back(r, agree):  # "below 0 for a moment is not below 0"
    left = int(r.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    agree()
    left = r.decr("stock")
    if left < 0:
        r.incr("stock")
        raise LookupError("sold out")
    return left


def collects_nothing(r, agree):  # forgets multi()
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        pipe.decr("stock")
        return pipe.execute()[0]


def collects_nothing_again_and_again(r, agree):
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    raise LookupError("sold out")
                agree()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue


def gives_up(r, agree):
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        pipe.multi()
        pipe.decr("stock")
        return pipe.execute()[0]


def writes_what_it_saw(r, agree):
    with r.pipeline() as pipe:
        left = int(r.get("stock"))
        if left == 0:
            raise LookupError("sold out")
        agree()
        pipe.watch("stock")
        pipe.multi()
        pipe.set("stock", left - 1)
        pipe.execute()
        return left - 1


def returns_a_list(r, agree):
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    raise LookupError("sold out")
                agree()
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()
            except redis.WatchError:
                continue


def says_it_quietly(r, agree):
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    return 0
                agree()
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue


WRONG = {
    only_unwatches: "4 customers came too late, the log keeps their errors, and in_use is 4 of 5",
    cuts_the_wires: "although the wires are cut",
    resets_when_sold_out: "A customer walked away before saying yes",
    looks_elsewhere: "the stock is -1",
    puts_it_back: "was -1 for a moment",
    collects_nothing: "It was a command of your own that changed the stock",
    collects_nothing_again_and_again: "each of your tries had taken a piece away at once",
    gives_up: "`sell` raised `WatchError",
    writes_what_it_saw: "Afterwards the stock is 2 and should be 1",
    returns_a_list: "2 are left, and `sell` returned `[2]`",
    says_it_quietly: "Asked for is a `LookupError`",
}

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
