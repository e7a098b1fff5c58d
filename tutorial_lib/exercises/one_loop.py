"""A report that each asyncio.run can ask for: a client belongs to the event loop that opened its connections."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._loops import ASK_THE_LOOP_EVERY, LEAST_LOOKS, coroutine_of, idle_time, in_a_loop
from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.exercises._words import named, outcome, so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "one-loop"
LESSON = "12"
TITLE = "A client for each loop"
NAME = "make_report"

PRICES = {"tea": 3, "jam": 5, "umbrella": 12}
RUNS = (
    ("first", "second", ["tea", "jam"]),
    ("second", "third", ["umbrella", "tea"]),
    ("third", "fourth", ["jam"]),
)
UNKNOWN = "snow"
ROUND_TRIP = 0.01

PROMPT = """
**Given** `make_report(host, port)`, which returns an `async def report(articles)`. The shop's script calls
`asyncio.run(report(["tea", "jam"]))` once an hour, always in the same process. It works once: the second call raises
`RuntimeError: Event loop is closed`.

**Write** a `make_report` whose `report` works each time.

**It passes when**
- three calls of `asyncio.run`, one after the other, return the prices of the articles, as a list of whole numbers in
  the same order (the price of `tea` is in the key `price:tea`);
- an article without a price makes `report` raise a `LookupError`;
- after each `asyncio.run`, including the one that raises, **0** connections are open on the server;
- other tasks of the loop go on while `report` waits for Redis.
"""


def starter(host, port):
    r = redis.asyncio.Redis(host=host, port=port)

    async def report(articles):
        prices = [await r.get(f"price:{article}") for article in articles]
        if None in prices:
            raise LookupError("an article has no price")
        return [int(price) for price in prices]

    return report


def solution(host, port):
    async def report(articles):
        async with redis.asyncio.Redis(host=host, port=port) as r:
            prices = [await r.get(f"price:{article}") for article in articles]
        if None in prices:
            raise LookupError("an article has no price")
        return [int(price) for price in prices]

    return report


WHY = """
A connection of `redis.asyncio` is tied to the loop in which it was opened, and `asyncio.run` closes its loop at the
end. So each loop needs connections of its own, and they have to be closed before the loop is. `async with` does that
however its block ends. One client for all runs works too, if each run ends with `await r.aclose()` in a `finally`: the
next command then opens a new connection in the new loop. A web service has one loop for as long as it lives, so it
creates its client when it starts and closes it when it stops: in the application's lifespan.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        r.mset({f"price:{article}": price for article, price in PRICES.items()})
    proxy = lab.proxy(round_trip=ROUND_TRIP)
    value = lab.call(answer, proxy.host, proxy.port)
    report = require_callable(value, "report", ["tea"], returned_by=lab.name, awaited=True)
    before = lab.server.opened()
    with _no_collection():
        for which, following, articles in RUNS:
            _require_prices(which, articles, report)
            still_open = _still_open(lab)
            if still_open:
                _require_prices(following, articles, report)  # What it raises says more than a number.
            _require_none(still_open, f"After the {which} `asyncio.run`")
        _require_lookup_error(report)
        _require_none(_still_open(lab), "After the `asyncio.run` that raised")
    opened = lab.server.opened() - before
    return (
        f"Four calls of `asyncio.run` opened {so_many(opened, 'connection')} in total, and each of them left 0 open, "
        "the one that raised too. Meanwhile the other tasks of each loop went on."
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Inside, Python collects no cycles: whether a client that was lost is closed must not depend on when it does."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _require_prices(which: str, articles: list[str], report: Callable[..., Any]) -> None:
    async def watched() -> tuple[Any, bool]:
        before = idle_time()
        prices = await coroutine_of("report", report, articles)
        return prices, idle_time() - before < ROUND_TRIP / 2

    try:
        prices, stopped = in_a_loop(watched)
    except RuntimeError as error:
        raise _at_the_loop(which, error) from error
    wanted = [PRICES[article] for article in articles]
    if prices != wanted or not all(isinstance(price, int) for price in prices):
        raise Wrong(
            f"The {which} `asyncio.run` asked for {articles}, and `report` returned {shown(prices)}. "
            f"It should return `{wanted}`."
        )
    if stopped:
        raise Wrong(
            f"Redis is {ROUND_TRIP:g} s away, and while `report` waited for it, no other task of the loop ran. "
            "Which call in your code waits without an `await`?"
        )


def _at_the_loop(which: str, error: RuntimeError) -> Exception:
    text = str(error)
    if "running event loop" in text:
        return Wrong(
            f"The {which} `asyncio.run` raised {named(error)}. `report` is called in a running loop, and tried to "
            "start another one in it. What does code in a running loop write instead?"
        )
    if "loop" not in text:
        return error
    return Wrong(
        f"The {which} `asyncio.run` raised {named(error)}. It was given a connection that an earlier run had opened in "
        "its own loop, and that loop has ended. Which line creates the client or its pool, and how often does it run?"
    )


def _require_lookup_error(report: Callable[..., Any]) -> None:
    async def asked() -> Any:
        return await coroutine_of("report", report, ["tea", UNKNOWN])

    try:
        returned = in_a_loop(asked)
    except LookupError:
        return
    except (TypeError, ValueError) as error:
        returned = error
    raise Wrong(f"`{UNKNOWN}` has no price, and `report` {outcome(returned)}. It should raise a `LookupError`.")


def _still_open(lab: Lab) -> int:
    """Count what is open on the server. It may learn of a closed connection a moment later."""
    deadline, looks = monotonic() + 0.5, 0
    while (still_open := len(lab.server.clients())) and (looks < LEAST_LOOKS or monotonic() < deadline):
        looks += 1
        sleep(ASK_THE_LOOP_EVERY)
    return still_open


def _require_none(still_open: int, when: str) -> None:
    if not still_open:
        return
    how = (
        "It's closed if `report` returns, but not if it raises. Which statement covers both?"
        if "raised" in when
        else "Its loop is closed, so no code can close the connection any more, and each run adds to them. When is "
        "the last moment to do it?"
    )
    were = "was" if still_open == 1 else "were"
    raise Wrong(f"{when}, {so_many(still_open, 'connection')} that it opened {were} still open on the server. {how}")


HINTS = (
    "Each `asyncio.run` makes a loop, and closes it at the end. The second run was given a connection: in which loop "
    "was that one opened?",
    "`make_report` runs once, and `report` runs once in each loop. So where should the client be created?",
    "What a run opens has to be closed before its loop ends, even if `report` raises an error. A client of "
    "`redis.asyncio` has an `aclose()`, and it's an async context manager as well.",
)
