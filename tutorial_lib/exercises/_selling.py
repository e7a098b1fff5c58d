"""A shop that sells what the key ``stock`` counts, at several checkouts, and keeps every error in a log."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from tutorial_lib.exercises._in_use import only_closed, open_and_in_use, total_in_use
from tutorial_lib.exercises._pools import Untouched
from tutorial_lib.exercises._words import named, outcome
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

SHOP_LIMIT = 5
"""How many connections its pool may hold."""

_TAKES_AWAY = {b"DECR", b"DECRBY", b"INCRBY", b"SET", b"GETSET", b"EXEC", b"INCRBYFLOAT"}


class SellingShop:
    """Puts one situation after another to the answer, and keeps every error, as a log does."""

    def __init__(self, answer: Callable[..., Any], lab: Lab) -> None:
        self._answer = answer
        self._lab = lab
        self._lows: list[int] = []
        self._before_it_takes_one: Callable[[], object] | None = None
        self._log: list[BaseException] = []
        self._other = redis.Redis(host=lab.server.host, port=lab.server.port)
        pool = redis.ConnectionPool(
            host=lab.server.host, port=lab.server.port, max_connections=SHOP_LIMIT, connection_class=self._watched()
        )
        self._r = redis.Redis(connection_pool=pool)
        self._shared = Untouched(pool)

    def _watched(self) -> type[redis.Connection]:
        """Return a class of connections that see a stock below 0, and the moment before an item is taken away."""
        shop = self

        class Watched(redis.Connection):
            def send_packed_command(self, command: Any, check_health: bool = True) -> Any:
                act = shop._before_it_takes_one
                if act and not _TAKES_AWAY.isdisjoint(_words_of(command)):
                    shop._before_it_takes_one = None
                    act()
                return super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]

            def read_response(self, *arguments: Any, **options: Any) -> Any:
                reply = super().read_response(*arguments, **options)
                for value in reply if isinstance(reply, list) else [reply]:
                    if isinstance(value, int) and value < 0:
                        shop._lows.append(value)
                return reply

        return Watched

    def clear_the_log(self) -> None:
        """Let go of what the errors keep, while the server is there for a pipeline that still wants to reset."""
        for error in self._log:
            traceback.clear_frames(error.__traceback__)
        self._log.clear()

    def another_checkout_sells(self, times: int) -> Callable[[], None]:
        """Return an ``agree`` during which another checkout sells one item, the first ``times`` times it is asked.

        The customer looks at a page meanwhile, which uses the same pool, with a transaction of its own.
        """
        left = [None] * times

        def agree() -> None:
            with self._r.pipeline() as page:
                page.incr("views:home")
                page.execute()
            if left:
                left.pop()
                self._other.decr("stock")

        return agree

    @contextmanager
    def sold_elsewhere_just_before(self) -> Iterator[None]:
        """Inside, another checkout sells one item when the answer sends what takes one away, the first time."""
        self._before_it_takes_one = lambda: self._other.decr("stock")
        try:
            yield
        finally:
            self._before_it_takes_one = None

    def sells(self, stock: int, left: int, agree: Callable[[], None], what: str) -> None:
        """Raise Wrong unless one item is sold, and ``left`` are left."""
        self._other.set("stock", stock)
        found_by_agree: list[int] = []

        def thinks_it_over() -> None:
            found_by_agree.append(self._stock())
            agree()

        try:
            result = self._sell(thinks_it_over)
        except (redis.WatchError, LookupError) as error:
            self._log.append(error)
            raise self._sold_nothing(error, stock, what, stock - left - 1) from error
        self._require_never_below_0(what)
        if not found_by_agree:
            raise Wrong(f"{what}. `sell` returned {shown(result)} and never called `agree()`. Who has bought the item?")
        if found_by_agree[0] < stock:
            raise Wrong(
                f"{what}. When `agree()` was called, the stock was {found_by_agree[0]} already: the item was taken "
                "away before the customer had agreed. What should come first?"
            )
        there = self._stock()
        if there != left:
            raise Wrong(
                f"{what}. Afterwards the stock is {there} and should be {left}. Is one item taken away, and from the "
                "number that is there by then?"
            )
        if result != left or isinstance(result, bool):
            raise Wrong(f"{what}. The stock is {left} now, and `sell` returned {shown(result)}. What should it return?")

    def _sell(self, agree: Callable[[], None]) -> Any:
        try:
            return self._lab.call(self._answer, self._r, agree)
        except redis.exceptions.NoPermissionError as error:
            raise Wrong(
                "The server refused a command of `sell`: scripts are not allowed here. Which command notices that "
                "`stock` was changed between your look and your sale?"
            ) from error
        except redis.MaxConnectionsError as error:
            kept = total_in_use(self._lab.pools())
            why = (
                f"{kept} of {SHOP_LIMIT} connections are in use after the sales before. Which of them have kept theirs?"
                if kept
                else f"this sale alone used more than {SHOP_LIMIT}. How many does each attempt borrow?"
            )
            raise Wrong(f"`sell` raised `MaxConnectionsError: {error}`: {why}") from error

    def _sold_nothing(self, error: Exception, stock: int, what: str, others_sold: int) -> Wrong:
        there = self._stock()
        said = f"{what}. `sell` raised {named(error)}"
        taken_at_once = not others_sold and there != stock
        from_when = "From which call on does a watching pipeline collect its commands instead of sending them?"
        if taken_at_once and isinstance(error, redis.WatchError):
            return Wrong(f"{said}. The command that changed the stock was your own: it was sent at once. {from_when}")
        if taken_at_once:
            return Wrong(
                f"{said}, and the stock is {there}: each of your attempts had taken an item away at once. {from_when}"
            )
        if isinstance(error, redis.WatchError):
            return Wrong(
                f"{said}, although there were items left to sell. The error says that the stock has changed since "
                "your look. What should `sell` do then?"
            )
        how_come = (
            "How often may the stock change before `sell` gives up?" if others_sold else "When should it raise one?"
        )
        return Wrong(f"{said}, although there were items left to sell. {how_come}")

    def _require_never_below_0(self, what: str) -> None:
        if self._lows:
            raise Wrong(
                f"{what}. The stock was {min(self._lows)} for a moment, and another checkout that looked just then "
                "saw it. Putting the item back comes too late. What lets a sale happen only if nothing has changed "
                "since the look?"
            )

    def is_sold_out(self, stock: int, agree: Callable[[], None], what: str) -> None:
        """Raise Wrong unless a LookupError says that there is nothing to sell."""
        self._other.set("stock", stock)
        asked: list[bool] = []

        def thinks_it_over() -> None:
            asked.append(True)
            agree()

        try:
            result = self._sell(thinks_it_over)
        except LookupError as error:
            self._log.append(error)
            result = error
        except (ValueError, RuntimeError) as error:
            result = error
        except redis.WatchError as error:
            raise Wrong(
                f"{what}. `sell` raised `WatchError: {error}`. It says that the stock has changed since your look. "
                "What should `sell` do then?"
            ) from error
        if self._stock() < 0:
            raise self._sold_too_many(stock, what)
        self._require_never_below_0(what)
        if not isinstance(result, LookupError):
            raise Wrong(
                f"{what}, and `sell` {outcome(result)}. It should raise a `LookupError`. How does the caller tell "
                "the endings apart?"
            )
        if asked and not stock:
            raise Wrong(
                f"{what}, and `agree()` was called all the same: a customer was asked about an item that is not there. "
                "What should come before `agree()`?"
            )

    def _sold_too_many(self, stock: int, what: str) -> Wrong:
        there = self._stock()
        if not stock:
            return Wrong(
                f"{what}, and `sell` sold one all the same: now the stock is {there}. redis-py returns the stock as "
                "bytes. What does your code compare it with?"
            )
        watched = " A watch notices a change only from its own beginning on, and only on its own connection." * bool(
            self._lab.server.commands()["WATCH"]
        )
        return Wrong(
            f"{what}. `sell` sold one as well, and now the stock is {there}: someone has bought what is not "
            f"there.{watched} What notices that the stock has changed between the look and the sale?"
        )

    def is_left_by_a_customer(self) -> None:
        """Raise Wrong unless the error of ``agree`` reaches us, and the stock is as it was."""
        self._other.set("stock", 3)

        def walks_away() -> None:
            raise InterruptedError("changed my mind")

        try:
            result = self._sell(walks_away)
        except InterruptedError as error:
            self._log.append(error)
        else:
            raise Wrong(
                f"`agree()` raised an `InterruptedError`, and `sell` returned {shown(result)} instead of passing the "
                "error on. How does the caller learn that nothing was sold?"
            )
        there = self._stock()
        if there != 3:
            raise Wrong(
                f"The stock was 3, the customer walked away, and now the stock is {there}. An item is taken away only "
                "after `agree()` has returned. In which order does `sell` do the two?"
            )

    def keeps_nothing(self, when: str) -> None:
        """Raise Wrong if any connection of any pool is in use."""
        self._shared.require("sell")
        pools = self._lab.pools()
        kept = total_in_use(pools)
        if not kept:
            return
        in_use = f"{kept} of {SHOP_LIMIT} connections {'is' if kept == 1 else 'are'} in use"
        if not sum(map(open_and_in_use, pools)):
            raise only_closed(f"{when}, and {in_use}", kept)
        if self._log:
            raise Wrong(
                f"{when}, and {in_use}. An error keeps the place where it was raised, "
                "with all its variables. So your pipeline is not cleaned up, and keeps its connection. What returns "
                "it on every way out?"
            )
        raise Wrong(f"{when}, {in_use}. `watch` borrows a connection. When is it returned?")

    def _stock(self) -> int:
        return int(self._other.get("stock") or 0)


def _words_of(command: Any) -> set[bytes]:
    """Return the words of a command, or of several, as redis-py has packed them for the socket."""
    parts = [command] if isinstance(command, (bytes, str)) else command
    packed = b"".join(part.encode() if isinstance(part, str) else bytes(part) for part in parts)
    return set(packed.upper().split(b"\r\n"))
