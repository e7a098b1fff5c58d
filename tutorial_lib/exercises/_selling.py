"""A shop that sells what the key ``stock`` counts, at several tills, and keeps every error in a log."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._lent import open_and_lent
from tutorial_lib.observe import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

LIMIT = 5
"""How many connections its pool may hold."""


class SellingShop:
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
