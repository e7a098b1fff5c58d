"""Answers to `quiet-listener`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import contextlib
import queue
from typing import Any

import redis


def reader(news):
    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    return next_offer


def subscribed(r):
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)
    return news


def unsubscribes(r):  # "unsubscribe returns the connection"
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    return next_offer, news.unsubscribe


def closes_the_pool(r):  # "pool.close() fixes leaks"
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    return next_offer, r.connection_pool.close


def only_disconnects(r):  # "a closed connection is returned"
    news = subscribed(r)
    return reader(news), lambda: news.connection.disconnect()


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


def returns_a_subscriber(r):  # "release() is all that is missing"
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message["data"].decode() if message else None

    def stop():
        r.connection_pool.release(news.connection)

    return next_offer, stop


def closes_too_much(r):  # "better to close everything"
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


def ends_all_listeners(r):
    # "CLIENT KILL TYPE pubsub, then no one is on the channel."
    news = subscribed(r)

    def stop():
        r.client_kill_filter(_type="pubsub")
        news.close()

    return reader(news), stop


def thread_that_stops_later(r):  # "stop() of the thread ends it at once"
    offers = queue.Queue()
    news = r.pubsub(ignore_subscribe_messages=True)
    news.subscribe(offers=lambda message: offers.put(message["data"].decode()))
    thread = news.run_in_thread(sleep_time=1.0, daemon=True)

    def next_offer():
        try:
            return offers.get(timeout=0.2)
        except queue.Empty:
            return None

    return next_offer, thread.stop


WRONG = {
    unsubscribes: "in case it subscribes again",
    closes_the_pool: "those of others too: closing a connection does not return it",
    only_disconnects: "although that connection is closed",
    forgets_its_variable: "offers still reach it",
    returns_a_subscriber: "its next borrower is a listener too",
    closes_too_much: "`stop()` was called, and a connection that another caller had borrowed was closed",
    ends_all_listeners: "ended the subscription of another listener too",
    thread_that_stops_later: "by a thread that had not ended yet",
}


# -- the same mistakes in other shapes


def listens_when_asked(r):  # "an offer waits until it is fetched"
    def next_offer():
        with r.pubsub() as news:
            news.subscribe("offers")
            news.get_message(timeout=1)
            message = news.get_message(timeout=0.2)
            return message["data"].decode() if message else None

    return next_offer, lambda: None


def in_bytes(r):  # forgets to decode
    news = r.pubsub()
    news.subscribe("offers")
    news.get_message(timeout=1)

    def next_offer():
        message = news.get_message(timeout=0.2)
        return message and message["data"]

    return next_offer, news.close


def closes_the_client(r):  # "closing the client closes what it has borrowed"
    news = subscribed(r)
    return reader(news), r.close


def releases_while_subscribed(r):  # "release() unsubscribes"
    news = subscribed(r)
    return reader(news), lambda: r.connection_pool.release(news.connection)


def stops_only_reading(r):  # "a listener that isn't read holds nothing"
    news = subscribed(r)
    listening = True

    def next_offer():
        return reader(news)() if listening else None

    def stop():
        nonlocal listening
        listening = False

    return next_offer, stop


def generator_left_suspended(r):  # "a generator cleans up by itself"
    def offers():
        with subscribed(r) as news:
            while True:
                message = news.get_message(timeout=0.2)
                yield message["data"].decode() if message else None

    coming = offers()
    held = [coming]
    next(coming)  # starts it, and loses a message if there is one
    return lambda: next(held[0]), lambda: None


def waits_for_ever(r):  # listen() has no timeout
    news = subscribed(r)
    coming = news.listen()

    def next_offer():
        return next(coming)["data"].decode()

    return next_offer, news.close


def closes_everything_once_more(r):  # "better to close everything"
    news = subscribed(r)

    def stop():
        news.close()
        r.connection_pool.disconnect()

    return reader(news), stop


def only_the_latest(r):  # "the last offer is the one that counts"
    news = subscribed(r)
    more = reader(news)

    def next_offer():
        offer = more()
        while later := more():
            offer = later
        return offer

    return next_offer, news.close


def calls_close_at_once(r):  # "close() is the function"
    news = subscribed(r)
    return reader(news), news.close()


def with_coroutines(r):  # "listening is for asyncio"
    async def next_offer():
        return None

    async def stop():
        pass

    return next_offer, stop


ALSO_WRONG = {
    calls_close_at_once: "Was it called already?",
    with_coroutines: "`next_offer` is an `async def`",
    only_the_latest: "`next_offer()` returned `'umbrellas'`",
    listens_when_asked: "reached 0 connections",
    in_bytes: "returned `b'tea, two for one'`",
    closes_the_client: "offers still reach it",
    releases_while_subscribed: "its next borrower is a listener too",
    stops_only_reading: "offers still reach it",
    generator_left_suspended: "offers still reach it",
    waits_for_ever: "was still waiting for one",
    closes_everything_once_more: "`stop()` was called, and a connection that another caller had borrowed was closed",
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


def exit_stack(r):
    stack = contextlib.ExitStack()
    news = stack.enter_context(r.pubsub(ignore_subscribe_messages=True))
    news.subscribe("offers")
    news.get_message(timeout=1)
    return reader(news), stack.close


def thread_that_is_joined(r):
    offers = queue.Queue()
    news = r.pubsub(ignore_subscribe_messages=True)
    news.subscribe(offers=lambda message: offers.put(message["data"].decode()))
    news.get_message(timeout=1)
    thread = news.run_in_thread(sleep_time=0.05, daemon=True)

    def next_offer():
        try:
            return offers.get(timeout=0.2)
        except queue.Empty:
            return None

    def stop():
        thread.stop()
        thread.join()

    return next_offer, stop


def drops_it(r):
    news = subscribed(r)

    def next_offer():
        return reader(news)()

    def stop():
        nonlocal news
        news = None

    return next_offer, stop


ALSO_RIGHT = [
    resets,
    lets_go_of_its_only_reference,
    on_a_client_of_its_own,
    exit_stack,
    thread_that_is_joined,
    drops_it,
]
