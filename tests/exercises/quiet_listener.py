"""Answers to quiet-listener: the mistakes that learners make, and other right ways."""

import contextlib
import queue


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


def only_unsubscribes(r):
    news = subscribed(r)

    def stop():
        news.unsubscribe()
        news.get_message(timeout=1)

    return reader(news), stop


def only_disconnects(r):
    news = subscribed(r)
    return reader(news), lambda: news.connection.disconnect()


def disconnects_the_pool(r):
    news = subscribed(r)

    def stop():
        news.close()
        r.connection_pool.disconnect()

    return reader(news), stop


def closes_the_client(r):
    news = subscribed(r)
    return reader(news), r.close


def releases_while_subscribed(r):
    news = subscribed(r)
    return reader(news), lambda: r.connection_pool.release(news.connection)


def releases_after_unsubscribing(r):
    # "Unsubscribe, then give it back." The confirmation is left unread.
    news = subscribed(r)

    def stop():
        news.unsubscribe("offers")
        r.connection_pool.release(news.connection)
        news.connection = None

    return reader(news), stop


def stops_only_reading(r):
    news = subscribed(r)
    listening = True

    def next_offer():
        return reader(news)() if listening else None

    def stop():
        nonlocal listening
        listening = False

    return next_offer, stop


def ends_all_listeners(r):
    # "CLIENT KILL TYPE pubsub, then nobody is on the channel."
    news = subscribed(r)

    def stop():
        r.client_kill_filter(_type="pubsub")
        news.close()

    return reader(news), stop


def thread_that_stops_later(r):
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


def generator_left_suspended(r):
    def offers():
        with subscribed(r) as news:
            while True:
                message = news.get_message(timeout=0.2)
                yield message["data"].decode() if message else None

    coming = offers()
    held = [coming]
    next(coming)  # starts it, and loses a message if there is one
    return lambda: next(held[0]), lambda: None


def unsubscribes_and_releases_neatly_but_counts_no_messages(r):
    # next_offer with the listen() generator: blocks until an offer comes
    news = subscribed(r)
    listen = news.listen()

    def next_offer():
        return next(listen)["data"].decode()

    return next_offer, news.close


def closes(r):
    news = subscribed(r)
    return reader(news), news.reset


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


WRONG = {
    only_unsubscribes: "the listener still holds a connection: unsubscribe does not return it",
    only_disconnects: "pool still counts it as in use",
    disconnects_the_pool: "a customer was cut off",
    closes_the_client: "a customer was cut off",
    releases_while_subscribed: "returned still subscribed: customer/ channel",
    releases_after_unsubscribing: "returned with unread confirmation: next customer gets it",
    stops_only_reading: "still holds a connection and is on the channel",
    ends_all_listeners: "another listener was ended",
    thread_that_stops_later: "after stop() the connection is still held (thread has not ended)",
    generator_left_suspended: "nothing stopped",
    unsubscribes_and_releases_neatly_but_counts_no_messages: "next_offer waited for ever instead of None after 0.2s",
}
ALSO_RIGHT = [closes, exit_stack, thread_that_is_joined, drops_it]
