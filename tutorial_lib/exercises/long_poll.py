"""Wait for orders without troubling the shop: a blocking command wants a client and a pool of its own."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tutorial_lib.exercises._calls import Call, call_within
from tutorial_lib.exercises._lent import reply_timeouts
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "long-poll"
LESSON = "05"
TITLE = "Waiting for an order"
NAME = "open_kitchen"

SOCKET_TIMEOUT = 0.2
ARRIVES_AFTER = 0.4
PATIENCE = 2
NOBODY_COMES = 0.3
LOOK_UNTIL = 1.2
A_MINUTE = 60

PROMPT = """
The kitchen waits for orders. `open_kitchen(web, host, port)` returns a function `next_order(seconds)`: the text of the
next order in the list `orders`, or `None` if none comes within that many seconds.

It uses `web`, the client of the shop's pages. That has **one** connection and a `socket_timeout` of **0.2** s, which is
right for pages; leave it so. While the kitchen waits, for **2** s or for a minute (**60** s), pages must be served at
once. Each call sends **one** `BLPOP`, and all calls together open **one** connection. Redis is at `host` and `port`.
"""


def starter(web, host, port):
    def next_order(seconds):
        reply = web.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def solution(web, host, port):
    kitchen = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_order(seconds):
        reply = kitchen.blpop("orders", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_order


def check(answer: Callable[..., Any], lab: Lab) -> str:
    web = redis.Redis(
        host=lab.server.host,
        port=lab.server.port,
        max_connections=1,
        socket_timeout=SOCKET_TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )
    web.set("greeting", "hello")
    other = redis.Redis(host=lab.server.host, port=lab.server.port)
    other.ping()
    opened_before = lab.server.opened()
    next_order = _require_function(lab.call(answer, web, lab.server.host, lab.server.port), lab)
    waited, page, opened = _order_comes(lab, web, other, next_order)
    _require_page(page)
    _require_order(waited, opened)
    _require_blpops(lab, 1)
    _require_patience(call_within(LOOK_UNTIL, lambda: next_order(NOBODY_COMES)))
    _require_blpops(lab, 2)
    opened = lab.server.opened() - opened_before
    if opened > 1:
        raise Wrong(
            f"Two calls opened {opened} connections, where one was enough. Which line of code opens one, and how "
            "often is it run?"
        )
    _require_a_minute(lab, other, next_order)
    return (
        f"The order was there {waited.seconds:.1f} s after the call, for one `BLPOP`, and meanwhile a page was "
        f"served in {page.seconds * 1000:.0f} ms. Those who wait and those who must not wait have a pool each."
    )


def _require_function(value: Any, lab: Lab) -> Callable[[float], Any]:
    # A builtin or a class is no function that was made for this kitchen.
    if not inspect.isroutine(value) or inspect.isbuiltin(value):
        raise Wrong(f"`{lab.name}` returned {shown(value)}. Asked for is the function `next_order` itself.")
    function: Callable[[float], Any] = value
    return function


def _order_comes(
    lab: Lab, web: redis.Redis, other: redis.Redis, next_order: Callable[[float], Any]
) -> tuple[Call, Call, int]:
    """Let an order come while the kitchen waits, and a page be asked for before that.

    Return what became of the kitchen's call and of the page's, and how many connections the kitchen opened.
    """
    opened = lab.server.opened()
    pages: list[Call] = []

    def meanwhile() -> None:
        _until(lambda: snapshot(web.connection_pool).in_use > 0 or lab.server.opened() > opened)
        begun = monotonic()
        pages.append(call_within(LOOK_UNTIL, lambda: web.get("greeting")))
        sleep(max(0.0, begun + ARRIVES_AFTER - monotonic()))
        other.rpush("orders", "tea")

    beside = threading.Thread(target=meanwhile, daemon=True)
    beside.start()
    try:
        waited = call_within(PATIENCE + 1, lambda: next_order(PATIENCE))
    finally:
        beside.join()
    other.delete("orders")
    return waited, pages[0], lab.server.opened() - opened


def _until(seen: Callable[[], bool]) -> None:
    deadline = monotonic() + 0.3
    while not seen() and monotonic() < deadline:
        sleep(0.01)


def _require_page(page: Call) -> None:
    if page.error:
        raise Wrong(
            f"While the kitchen waited, a page got `{_named(page.error)}`: the one connection of `web` was in the "
            "kitchen. A client that is given a pool takes its connections from there. Whose pool is the kitchen's?"
        )


def _require_order(waited: Call, opened: int) -> None:
    again = (
        f" In that time it opened {opened} connections: each time when `socket_timeout` was over "
        "it hung up, connected and sent its `BLPOP` again."
        if opened > 1
        else ""
    )
    idea = "How long may a client wait for a reply that is meant to take 2 s?"
    if waited.error:
        raise Wrong(
            f"An order came after {ARRIVES_AFTER} s, and `next_order({PATIENCE})` raised `{_named(waited.error)}` "
            f"after {waited.seconds:.1f} s.{again} {idea}"
        )
    if not waited.returned:
        raise Wrong(
            f"An order came after {ARRIVES_AFTER} s, and after {waited.seconds:.0f} s `next_order` still waited.{again}"
        )
    if waited.result is None:
        raise Wrong(
            f"An order came after {ARRIVES_AFTER} s; `next_order({PATIENCE})` had returned `None` after "
            f"{waited.seconds:.1f} s. The kitchen went home before the customer came. {idea}"
        )
    if waited.result != "tea":
        raise Wrong(
            f"The order was the text `tea`, and `next_order` returned {shown(waited.result)}. `BLPOP` replies with "
            "the list's name and the order, both in bytes."
        )
    if again:
        raise Wrong(f"The order was there in the end.{again} {idea}")


def _require_patience(nobody: Call) -> None:
    if not nobody.returned:
        raise Wrong(
            f"No order came, and {nobody.seconds:.1f} s after `next_order({NOBODY_COMES})` nothing had come back. "
            "Who tells `BLPOP` how long it may wait?"
        )
    if nobody.error or nobody.result is not None:
        said = f"raised `{_named(nobody.error)}`" if nobody.error else f"returned {shown(nobody.result)}"
        raise Wrong(f"No order came within {NOBODY_COMES} s. `next_order` {said}; asked for is `None`.")


def _require_a_minute(lab: Lab, other: redis.Redis, next_order: Callable[[float], Any]) -> None:
    """Let the kitchen begin to wait for a minute, and see how long its connection would wait for the reply."""
    short: list[float] = []

    def waits_long_enough() -> bool:
        timeouts = [timeout for pool in lab.pools() for timeout in reply_timeouts(pool)]
        short[:] = [timeout for timeout in timeouts if timeout is not None and timeout <= A_MINUTE]
        return bool(timeouts) and not short

    def meanwhile() -> None:
        _until(waits_long_enough)
        other.rpush("orders", "cake")

    beside = threading.Thread(target=meanwhile, daemon=True)
    beside.start()
    try:
        call_within(PATIENCE, lambda: next_order(A_MINUTE))
    finally:
        beside.join()
    other.delete("orders")
    if short:
        raise Wrong(
            f"`next_order({A_MINUTE})` began to wait, on a connection whose `socket_timeout` is {min(short):g} s. If "
            "no order comes by then, it hangs up, and the `BLPOP` fails or is sent again. How long may a client wait "
            "for a reply that is meant to take a minute?"
        )


def _require_blpops(lab: Lab, wanted: int) -> None:
    sent = lab.server.commands()
    if sent["BLPOP"] == wanted:
        return
    for name in ("BLMPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH"):
        if sent[name]:
            raise Wrong(f"The kitchen asked with `{name}`, which waits too; asked for is `BLPOP`.")
    others = ", ".join(f"{sent[name]} {name}" for name in ("LPOP", "RPOP", "LRANGE", "LLEN") if sent[name])
    raise Wrong(
        f"After {wanted} {'call' if wanted == 1 else 'calls'} the server has received {sent['BLPOP']} "
        f"BLPOP{f' and {others}' if others else ''}. Who asks again and again keeps Redis busy, and learns of an "
        "order late. One command can wait for it. Which?"
    )


def _named(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}"


HINTS = (
    "Two things are the shop's, and neither suits a kitchen: how many connections there are, and how long a reply may "
    "take.",
    "Settings of the socket belong to the pool. So a client that waits needs a pool of its own, which `redis.Redis` "
    "makes if it is given none.",
    "Make that client once, beside `next_order`. Which `socket_timeout` lets it wait for as long as `BLPOP` takes?",
    "`redis.Redis` with `host`, `port` and a `socket_timeout` of `None` waits for ever for a reply; `BLPOP` itself "
    "says when it is enough.",
)
