"""Answers to `quiet-listener`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from typing import Any

import redis


def unsubscribes(r):  # "unsubscribe gives the connection back"
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    return next_offer, news.unsubscribe


def closes_the_pool(r):  # "pool.close() cures leaks"
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    return next_offer, r.connection_pool.close


def forgets_its_variable(r):  # "dropping it returns it", but it is another variable
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    def stop():
        news = None

    return next_offer, stop


def gives_back_a_subscriber(r):
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    def stop():
        r.connection_pool.release(news.connection)

    return next_offer, stop


def closes_too_much(r):
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    def stop():
        news.close()
        r.connection_pool.disconnect()

    return next_offer, stop


def listens_when_asked(r):
    def next_offer():
        with r.pubsub() as news:
            news.subscribe("offers")
            news.get_message(timeout=1)
            message = news.get_message(timeout=0.2)
            return message["data"].decode() if message else None

    return next_offer, lambda: None


def in_bytes(r):
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message and message["data"]

    return next_offer, news.close


WRONG = {
    unsubscribes: "in case it subscribes again",
    closes_the_pool: "in_use is 2 all the same",
    forgets_its_variable: "an offer still reaches it",
    gives_back_a_subscriber: "went back into the pool as a subscriber",
    closes_too_much: "2 were closed, and one was the listener's",
    listens_when_asked: "reached 0 connections",
    in_bytes: "returned `b'tea, two for one'`",
}


# -- right in other words


def resets(r: Any) -> Any:
    news = r.pubsub(ignore_subscribe_messages=True)
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer() -> Any:
        message = news.get_message(timeout=0.2)
        return str(message["data"], "utf-8") if message else None

    return next_offer, news.reset


def lets_go_of_its_only_reference(r: Any) -> Any:
    kept = [r.pubsub()]
    kept[0].subscribe("offers")
    kept[0].get_message(timeout=1)

    def next_offer() -> Any:
        message = kept[0].get_message(timeout=0.2)
        return message["data"].decode() if message else None

    return [next_offer, kept.clear]


def on_a_client_of_its_own(r: Any) -> Any:
    where = r.connection_pool.connection_kwargs
    own = redis.Redis(host=where["host"], port=where["port"], decode_responses=True)
    news = own.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer() -> Any:
        message = news.get_message(timeout=0.2)
        return message["data"] if message else None

    def stop() -> None:
        news.unsubscribe("offers")
        news.close()
        own.close()

    return next_offer, stop


ALSO_RIGHT = [resets, lets_go_of_its_only_reference, on_a_client_of_its_own]
