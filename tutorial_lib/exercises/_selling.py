"""A shop that sells what the key ``stock`` counts, at several tills, and keeps every error in a log."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._lent import open_and_lent
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

LIMIT = 5
"""How many connections its pool may hold."""


def noting_lows(lows: list[int]) -> type[redis.Connection]:
    """Return a class of connections that note every negative number that Redis replies with: here, a stock below 0."""

    class Noting(redis.Connection):
        def read_response(self, *args: Any, **options: Any) -> Any:
            reply = super().read_response(*args, **options)
            for value in reply if isinstance(reply, list) else [reply]:
                if isinstance(value, int) and value < 0:
                    lows.append(value)
            return reply

    return Noting


class SellingShop:
    """Puts one situation after another to the answer, and keeps every error, as a log does."""

    def __init__(self, answer: Callable[..., Any], lab: Lab, r: redis.Redis, lows: list[int]) -> None:
        self._answer = answer
        self._lab = lab
        self._r = r
        self._lows = lows
        self._others_sold = 0
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
                self._others_sold += 1

        return agree

    def sells(self, stock: int, left: int, agree: Callable[[], None], what: str) -> None:
        """Raise Wrong unless one piece is sold, and ``left`` are left."""
        self._other.set("stock", stock)
        asked: list[bool] = []

        def thinks_it_over() -> None:
            asked.append(True)
            agree()

        others_sold = self._others_sold
        try:
            result = self._lab.call(self._answer, self._r, thinks_it_over)
        except (redis.WatchError, LookupError) as error:
            self._log.append(error)
            raise self._sold_nothing(error, stock, what, alone=self._others_sold == others_sold) from error
        there = int(self._other.get("stock") or 0)
        self._was_never_below_0(what)
        if not asked:
            raise Wrong(f"{what}. `sell` returned {shown(result)}, and never called `agree()`. Who has bought it?")
        if there != left:
            raise Wrong(
                f"{what}. Afterwards the stock is {there} and should be {left}. Is the piece taken away once, and "
                "from what is there by then?"
            )
        if result != left or isinstance(result, bool):
            raise Wrong(f"{what}. {left} are left, and `sell` returned {shown(result)}.")

    def _sold_nothing(self, error: Exception, stock: int, what: str, alone: bool) -> Wrong:
        there = int(self._other.get("stock") or 0)
        said = f"{what}. `sell` raised `{type(error).__name__}: {error}`"
        from_when = "From which call on does a watching pipeline collect its commands?"
        if isinstance(error, redis.WatchError):
            if alone and there != stock:
                return Wrong(
                    f"{said}. It was a command of your own that changed the stock: it was sent at once. {from_when}"
                )
            return Wrong(
                f"{said}, and one piece was there to be sold. The error says that the look is out of date; what does "
                "one do then?"
            )
        if alone and there != stock:
            return Wrong(
                f"{said}, and {there} are left: each of your tries had taken a piece away at once. {from_when}"
            )
        return Wrong(f"{said}, and there was something left.")

    def _was_never_below_0(self, what: str) -> None:
        if self._lows:
            raise Wrong(
                f"{what}. The stock was {min(self._lows)} for a moment, and whoever looked just then sold or ordered "
                "by it. Putting it back comes too late. What lets a sale happen only if nobody came between?"
            )

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
        self._was_never_below_0(what)
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
