"""A listener that can be switched off: what subscribes keeps a connection until it is closed."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._calls import lent_out
from tutorial_lib.exercises._lent import open_and_lent
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "quiet-listener"
LESSON = "05"
TITLE = "A listener with an end"
NAME = "open_listener"

PROMPT = """
`open_listener(r)` listens to the channel `offers` with the shop's client `r`. It returns two functions: `next_offer()`
returns the text of the next offer, or `None` if none comes within 0.2 s; `stop()` ends the listening.

`stop()` is missing. Once it has been called, the listener holds **no connection**, and the server has **nobody on the
channel**. Customers whose connections come from the same pool notice nothing. Afterwards the shop calls neither
function any more, but keeps both all day: what they refer to does not become garbage.
"""


def starter(r):
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)  # Redis says that it has subscribed us

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    def stop(): ...  # your code here

    return next_offer, stop


def solution(r):
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)  # Redis says that it has subscribed us

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    def stop():
        news.close()

    return next_offer, stop


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=3)
    r = redis.Redis(connection_pool=pool)
    r.set("greeting", "hello")
    with lent_out(pool, 1) as (customers,):
        next_offer, stop = _require_functions(lab.call(answer, r), lab)
        _require_offers(next_offer, lab)
        stop()
        _require_given_back(lab, pool)
        heard = _heard_too_late(lab)
        if heard:
            raise Wrong(
                f"After `stop()` the listener holds nothing, and an offer still reached {heard} connection: it "
                "went back into the pool as a subscriber, and its next borrower finds offers among its replies. "
                "Who unsubscribes, or hangs up, first?"
            )
        if not customers.is_connected:
            raise Wrong(
                "A customer was using another connection of the shop's pool, and `stop()` cut it: 2 were closed, "
                "and one was the listener's. Which object is yours to close, and which is everybody's?"
            )
    return (
        "Two offers heard, then `stop()`: the listener holds 0 connections, nobody is on the channel, and the "
        f"customer beside it noticed nothing. {shown(r.get('greeting'))}, says Redis."
    )


def _require_functions(value: Any, lab: Lab) -> tuple[Callable[[], Any], Callable[[], Any]]:
    if isinstance(value, (tuple, list)) and len(value) == 2 and all(map(callable, value)):
        return value[0], value[1]
    raise Wrong(f"`{lab.name}` returned {shown(value)}. Asked for are two functions, `next_offer` and `stop`.")


def _require_offers(next_offer: Callable[[], Any], lab: Lab) -> None:
    for offer in ("tea, two for one", "umbrellas"):
        if not _publish(lab, offer, until_heard=True):
            raise Wrong(
                f"`{offer}` was published while the shop was open, and it reached 0 connections: what is published "
                "while nobody is subscribed is lost. From when until when is your listener subscribed?"
            )
        heard = next_offer()
        if heard != offer:
            raise Wrong(f"The offer {offer!r} was published, and `next_offer()` returned {shown(heard)}.")


def _publish(lab: Lab, offer: str, until_heard: bool = False) -> int:
    """Publish an offer and return how many connections it reached. A subscription may still be on its way."""
    deadline = monotonic() + (0.3 if until_heard else 0.0)
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        while not (heard := int(r.publish("offers", offer))) and monotonic() < deadline:
            sleep(0.02)
    return heard


def _heard_too_late(lab: Lab) -> int:
    """Publish after the end, and return how many still hear it. The server may learn of a closed one a moment later."""
    deadline = monotonic() + 0.5
    while (heard := _publish(lab, "too late")) and monotonic() < deadline:
        sleep(0.02)
    return heard


def _require_given_back(lab: Lab, pool: redis.ConnectionPool) -> None:
    kept = sum(snapshot(each).in_use for each in lab.pools()) - 1  # one is the customer's
    if kept <= 0:
        return
    heard = _heard_too_late(lab)
    if heard:
        raise Wrong(
            f"After `stop()` the listener still holds {kept} connection, and an offer still reaches it. The shop "
            "keeps both functions, so what they use never becomes garbage. What ends a listener?"
        )
    if sum(map(open_and_lent, lab.pools())) > 1:
        raise Wrong(
            f"After `stop()` nobody is on the channel, and the listener still holds {kept} connection, in case it "
            "subscribes again. Which call says that it will not?"
        )
    raise Wrong(
        "After `stop()` every connection is closed, the customer's beside it too, and in_use is 2 all the same: a "
        "pool takes nothing off its list when it hangs up. Which object has borrowed, and can give back?"
    )


HINTS = (
    "Which object borrowed the connection? Neither the client nor the pool knows when it is done.",
    "The lesson subscribed, unsubscribed, and looked at in_use, which was 1. Then came one call more.",
    "`news` knows its connection and its pool. The method that ends it hangs up and gives back, in that order, "
    "and has the name that such methods mostly have.",
)
