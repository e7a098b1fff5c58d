"""Sell one piece while others sell too: WATCH keeps a connection, and so does an error that somebody keeps."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._lent import open_and_lent
from tutorial_lib.observe import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "watch-and-release"
LESSON = "05"
TITLE = "Watch, sell and let go"
NAME = "sell"

LIMIT = 5
TOO_LATE = 3
ANOTHER = "and another till sold one while the customer thought it over"

PROMPT = """
Write `sell(r, agree)`, which sells one piece of what the key `stock` counts. It looks at the stock, and if that is 0 it
raises a `LookupError`. Otherwise it calls `agree()`, in which the customer thinks it over, takes one piece away, and
returns how many are left.

Other tills sell too, with a plain `DECR`. If the stock has changed since the look, `sell` begins again with a look, so
that it never falls **below 0**. However a sale ends, no connection is **in use** afterwards. The shop keeps all errors,
in a log for the evening.
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
    pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=LIMIT)
    r = redis.Redis(connection_pool=pool)
    shop = _Shop(answer, lab, r)
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


class _Shop:
    """Puts one situation after another to the answer, and keeps every error, as a log does."""

    def __init__(self, answer: Callable[..., Any], lab: Lab, r: redis.Redis) -> None:
        self._answer = answer
        self._lab = lab
        self._r = r
        self._log: list[BaseException] = []
        self._other = redis.Redis(host=lab.server.host, port=lab.server.port)

    def burn_the_log(self) -> None:
        """Let go of what the errors keep, while the server is there for a pipeline that says goodbye."""
        for error in self._log:
            traceback.clear_frames(error.__traceback__)
        self._log.clear()

    def another_till_sells_one(self) -> Callable[[], None]:
        """Return an ``agree`` during which another till sells one piece, the first time that it is asked."""
        to_do = ["sell one"]

        def agree() -> None:
            if to_do:
                to_do.pop()
                self._other.decr("stock")

        return agree

    def sells(self, stock: int, left: int, agree: Callable[[], None], what: str) -> None:
        """Raise Wrong unless one piece is sold, and ``left`` are left."""
        self._other.set("stock", stock)
        asked: list[bool] = []

        def thinks_it_over() -> None:
            asked.append(True)
            agree()

        try:
            result = self._lab.call(self._answer, self._r, thinks_it_over)
        except redis.WatchError as error:
            self._log.append(error)
            raise Wrong(
                f"{what}. `sell` raised `WatchError: {error}`, and one piece was there to be "
                "sold. The error says that the look is out of date; what does one do then?"
            ) from error
        except LookupError as error:
            self._log.append(error)
            raise Wrong(
                f"{what}. `sell` raised `{type(error).__name__}: {error}`, and there was something left."
            ) from error
        there = int(self._other.get("stock") or 0)
        if not asked:
            raise Wrong(f"{what}. `sell` returned {shown(result)}, and never called `agree()`. Who has bought it?")
        if there != left:
            raise Wrong(
                f"{what}. Afterwards the stock is {there} and should be {left}. Is the piece taken away once, and "
                "from what is there by then?"
            )
        if result != left or isinstance(result, bool):
            raise Wrong(f"{what}. {left} are left, and `sell` returned {shown(result)}.")

    def is_sold_out(self, stock: int, agree: Callable[[], None], what: str) -> None:
        """Raise Wrong unless a LookupError says that there is nothing to sell."""
        self._other.set("stock", stock)
        try:
            result = self._lab.call(self._answer, self._r, agree)
        except LookupError as error:
            self._log.append(error)
            result = error
        except redis.MaxConnectionsError as error:
            raise self._too_many(error) from error
        there = int(self._other.get("stock") or 0)
        if there < 0:
            raise Wrong(
                f"{what}. Then it was sold again, and the stock is {there}: somebody has bought what "
                "is not there. Between the look and the sale, who notices that the number has changed?"
            )
        if not isinstance(result, LookupError):
            raise Wrong(f"{what}, and `sell` returned {shown(result)}. Asked for is a `LookupError`.")

    def is_left_by_a_customer(self) -> None:
        """Raise Wrong unless the error of ``agree`` reaches us, and the stock is as it was."""
        self._other.set("stock", 3)

        def walks_away() -> None:
            raise InterruptedError("changed my mind")

        try:
            result = self._lab.call(self._answer, self._r, walks_away)
        except InterruptedError as error:
            self._log.append(error)
        else:
            raise Wrong(
                f"`agree()` raised an `InterruptedError`, and `sell` returned {shown(result)}. Who hears of it?"
            )
        if self._other.get("stock") != b"3":
            raise Wrong("The customer walked away, and the stock has changed. Taking away comes after the yes.")

    def keeps_nothing(self, when: str) -> None:
        """Raise Wrong if any connection of any pool is in use."""
        pools = self._lab.pools()
        kept = sum(snapshot(pool).in_use for pool in pools)
        if not kept:
            return
        if not sum(map(open_and_lent, pools)):
            raise Wrong(
                f"{when}, and in_use is {kept}, although the wires are cut: a pool takes nothing off its list when "
                "it hangs up. Who has borrowed, and can give back?"
            )
        if self._log:
            raise Wrong(
                f"{when}, and in_use is {kept} of {LIMIT}. An error keeps the place where it was raised, with all "
                "its variables: so your pipeline is not garbage, and keeps its connection. What gives back on "
                "every way out?"
            )
        raise Wrong(f"{when} in_use is {kept}. `watch` has borrowed a connection. When does it come back?")

    def _too_many(self, error: redis.MaxConnectionsError) -> Wrong:
        kept = sum(snapshot(pool).in_use for pool in self._lab.pools())
        return Wrong(
            f"{len(self._log)} customers came too late, and the next got `MaxConnectionsError: {error}`: in_use is "
            f"{kept}. How many connections does one sale need?"
        )


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
