"""A listener that can be switched off: a subscription keeps its connection until it is closed."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import became, borrowed_from, call_within
from tutorial_lib.exercises._in_use import (
    only_closed,
    open_and_in_use,
    require_others_undisturbed,
    returned_subscribed,
    total_in_use,
)
from tutorial_lib.exercises._parts import require_callable, require_several
from tutorial_lib.exercises._pools import Untouched
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "quiet-listener"
LESSON = "06"
TITLE = "A listener that can be stopped"
NAME = "open_listener"

OFFERS = ("tea, two for one", "umbrellas")
OTHERS = 2
"""How many connections of the pool are in use by others: one for commands, one that listens to another channel."""

PROMPT = """
**Given** `open_listener(r)`. It listens to the channel `offers` with the shop's client `r`, and returns two functions:

- `next_offer()` returns the text of the next offer, or `None` if none comes within 0.2 s;
- `stop()` stops listening. For now it does nothing.

**Write** an `open_listener` whose `stop()` works.

**It passes when**
- `next_offer()` returns each offer that is published, and `None` after a while without one;
- as soon as `stop()` has returned, the listener has **0** connections in use, although the shop keeps both functions
  all day, and whatever they refer to;
- after `stop()` an offer reaches **0** connections;
- the other users of the pool, who send commands or listen to other channels, notice nothing.
"""


def starter(r):
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)  # Redis confirms the subscription

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    def stop(): ...  # your code here

    return next_offer, stop


def solution(r):
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)  # Redis confirms the subscription

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    def stop():
        news.close()

    return next_offer, stop


WHY = """
The `PubSub` object borrowed the connection, so it is the one that can return it. `close()` disconnects it, which ends
every subscription, and releases it to the pool. `reset()` and `with r.pubsub()` do the same.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=4)
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    with borrowed_from(pool, 1) as (customer,), r.pubsub() as prices:
        prices.subscribe("prices")
        prices.get_message(timeout=1)
        shared = Untouched(pool)
        both = require_several(lab.call(answer, r), ("next_offer", "stop"), "two functions", lab)
        next_offer, stop = require_callable(both[0], "next_offer"), require_callable(both[1], "stop")
        _require_offers(next_offer, lab)
        stop()
        _require_returned(lab, customer)
        heard = _heard_after_the_end(lab)
        if heard:
            raise returned_subscribed("After `stop()` the listener", heard)
        require_others_undisturbed("`stop()` was called", customer, _publish(lab, "prices", "tea: 2") > 0)
        shared.require("open_listener")
    return (
        "Two offers heard, then `stop()`: the listener has 0 connections in use, no connection listens to the channel, "
        f"and the others noticed nothing. Redis replied {shown(r.get('greeting'))}."
    )


def _require_offers(next_offer: Callable[[], Any], lab: Lab) -> None:
    for offer in OFFERS:
        if not _publish(lab, "offers", offer, until_heard=True):
            raise Wrong(
                f"`{offer}` was published while the shop was open, and it reached 0 connections: a message that is "
                "published while no connection is subscribed is lost. From when until when is your listener subscribed?"
            )
    for offer in OFFERS:
        heard = next_offer()
        if heard != offer:
            raise Wrong(
                f"{' and '.join(f'`{one}`' for one in OFFERS)} were published. When `{offer}` was the next of them, "
                f"`next_offer()` returned {shown(heard)}. It should return each offer as text, in order."
            )
    silence = call_within(1.0, next_offer)
    if not silence.returned:
        raise Wrong(
            "No offer came, and after a second `next_offer()` was still waiting for one. It should return `None` "
            "after 0.2 s. Which of the methods of a `PubSub` takes a timeout?"
        )
    if silence.error or silence.result is not None:
        raise Wrong(f"No offer came, and `next_offer()` {became(silence)}. It should return `None`.")


def _publish(lab: Lab, channel: str, offer: str, until_heard: bool = False) -> int:
    """Publish an offer and return how many connections it reached. A subscription may still be on its way."""
    deadline = monotonic() + (0.3 if until_heard else 0.0)
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        while not (heard := int(r.publish(channel, offer))) and monotonic() < deadline:
            sleep(0.02)
    return heard


def _heard_after_the_end(lab: Lab) -> int:
    """Publish after the end, and return how many still hear it. The server may learn of a closed one a moment later."""
    deadline = monotonic() + 0.5
    while (heard := _publish(lab, "offers", "too late")) and monotonic() < deadline:
        sleep(0.02)
    return heard


def _kept(lab: Lab) -> int:
    """Count what the listener has in use, in whichever pool."""
    return total_in_use(lab.pools()) - OTHERS


def _require_returned(lab: Lab, customer: redis.Connection) -> None:
    kept = _kept(lab)
    if kept <= 0:
        return
    still_open = sum(map(open_and_in_use, lab.pools())) - OTHERS
    heard = _heard_after_the_end(lab)
    said = f"After `stop()` the listener still has {kept} connection in use"
    if _kept(lab) <= 0:
        raise Wrong(
            f"When `stop()` returned, the listener still had {kept} connection in use. It was returned a little later, "
            "by a thread that had not ended yet. How does `stop()` wait for a thread to end?"
        )
    if heard:
        raise Wrong(
            f"{said}, and offers still reach it. The shop keeps both functions, so Python never cleans up what they "
            "use. Which call ends a listener?"
        )
    if not customer.is_connected:
        raise Wrong(
            f"{said}, although every connection of the pool is closed, those of others too: closing a connection does "
            "not return it. Which object borrowed it, and can return it?"
        )
    if still_open <= 0:
        raise only_closed(said, kept)
    raise Wrong(
        f"{said}. No one is subscribed to the channel any more, but the listener keeps its connection, in case it "
        "subscribes again. Which call says that it won't?"
    )


HINTS = (
    "Which object borrowed the connection? Neither the client nor the pool knows when that object is done.",
    "The lesson subscribed, unsubscribed, and looked at `in_use`, which was still 1. Then it made one more call.",
    "`news` knows its connection and its pool. One of its methods disconnects the connection and then releases it. "
    "Many objects have a method of that name for the same purpose.",
)
