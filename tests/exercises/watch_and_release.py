"""Answers to `watch-and-release`: the mistakes that learners make, and other right ways.

Most differ from a right answer in one place. What they share stands at the top: ``look``, ``take_one``, ``again``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import redis

Function = Callable[..., Any]


def look(client: Any) -> int:
    """Return the stock, or raise LookupError."""
    left = int(client.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    return left


def take_one(pipe: Any) -> Any:
    """Take one item away, unless the watched stock has changed: then WatchError."""
    pipe.multi()
    pipe.decr("stock")
    return pipe.execute()[0]


def again(attempt: Function) -> Function:
    """Begin again at each WatchError."""

    @wraps(attempt)
    def sell(r: Any, agree: Function) -> Any:
        while True:
            with suppress(redis.WatchError):
                return attempt(r, agree)

    return sell


def unless_sold_out(name: str, clean_up: Function) -> Function:
    """Return an answer that does ``clean_up(pipe)`` when the stock is 0, and nothing when ``agree`` raises."""

    def attempt(r: Any, agree: Function) -> Any:
        pipe = r.pipeline()
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            clean_up(pipe)
            raise LookupError("sold out")
        agree()
        return take_one(pipe)

    attempt.__name__ = name
    return again(attempt)


# "unwatch returns the connection"
only_unwatches = unless_sold_out("only_unwatches", lambda pipe: pipe.unwatch())
# thinks of one way out, and forgets the other
resets_when_sold_out = unless_sold_out("resets_when_sold_out", lambda pipe: pipe.reset())


def looks_elsewhere(r, agree):  # a pipeline without watch: both commands at once, and no look
    look(r)
    agree()
    with r.pipeline() as pipe:
        return pipe.decr("stock").execute()[0]


def take_and_put_back(client: Any) -> Any:
    left = client.decr("stock")
    if left < 0:
        client.incr("stock")
        raise LookupError("sold out")
    return left


def puts_it_back(r, agree):  # "below 0 for a moment is not below 0"
    look(r)
    agree()
    return take_and_put_back(r)


def collects_nothing(r, agree):  # forgets multi()
    with r.pipeline() as pipe:
        pipe.watch("stock")
        look(pipe)
        agree()
        pipe.decr("stock")
        return pipe.execute()[0]


def gives_up(r, agree):  # "an error is for the caller"
    with r.pipeline() as pipe:
        pipe.watch("stock")
        look(pipe)
        agree()
        return take_one(pipe)


def gives_up_after_three(r, agree):  # "three attempts are enough"
    for _attempt in range(3):
        with suppress(redis.WatchError):
            return gives_up(r, agree)
    raise LookupError("too busy")


def looks_again_just_before(r, agree):  # "two looks are safer than one"
    look(r)
    agree()
    look(r)
    return r.decr("stock")


WRONG = {
    only_unwatches: "4 customers came too late, the log keeps their errors, and 4 of 5 connections are in use",
    resets_when_sold_out: "A customer walked away before saying yes",
    looks_elsewhere: "the stock is -1",
    puts_it_back: "was -1 for a moment",
    collects_nothing: "The command that changed the stock was your own",
    gives_up: "What should `sell` do then",
    gives_up_after_three: "How often may the stock change",
    looks_again_just_before: "another checkout sold it just before you did. `sell` sold one as well",
}


# -- the same mistakes in other shapes


# "pool.close() fixes leaks"
disconnects_the_pool = unless_sold_out("disconnects_the_pool", lambda pipe: pipe.connection_pool.close())
# "a pipeline is cleaned up when the function ends"
pipeline_never_reset = unless_sold_out("pipeline_never_reset", lambda pipe: None)

collects_nothing_again_and_again = again(collects_nothing)  # forgets multi(), in a loop


def writes_what_it_saw(r, agree):  # "I know the number, so I can write it"
    with r.pipeline() as pipe:
        left = look(r)
        agree()
        pipe.watch("stock")
        pipe.multi()
        pipe.set("stock", left - 1)
        pipe.execute()
        return left - 1


@again
def returns_a_list(r, agree):  # "execute() returns the reply"
    with r.pipeline() as pipe:
        pipe.watch("stock")
        look(pipe)
        agree()
        pipe.multi()
        pipe.decr("stock")
        return pipe.execute()


@again
def says_it_quietly(r, agree):  # "0 says that it is sold out"
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            return 0
        agree()
        return take_one(pipe)


@again
def watches_after_the_customer_thought(r, agree):  # "the sale is what has to be watched"
    look(r)
    agree()
    with r.pipeline() as pipe:
        pipe.watch("stock")
        return take_one(pipe)


def looks_once_only(r, agree):  # "what I saw stays true"
    look(r)
    agree()
    with r.pipeline() as pipe:
        while True:
            with suppress(redis.WatchError):
                pipe.watch("stock")
                return take_one(pipe)


def sets_the_number(r, agree):  # "nothing happens while the customer thinks"
    left = look(r)
    agree()
    r.set("stock", left - 1)
    return left - 1


one_at_a_time = threading.RLock()


def locks_in_this_process(r, agree):  # "a lock keeps all others out"
    with one_at_a_time:
        look(r)
        agree()
        return r.decr("stock")


def asks_before_it_looks(r, agree):  # "the order of the two does not matter"
    agree()
    return with_transaction(r, lambda: None)


def swallows_the_customers_no(r, agree):  # "a customer who walks away is no error"
    def take(pipe):
        look(pipe)
        try:
            agree()
        except Exception:
            return
        pipe.multi()
        pipe.decr("stock")

    sold = r.transaction(take, "stock")
    return sold[0] if sold else None


def with_a_script(r, agree):  # "a script is the simplest"
    agree()
    left = r.eval("if tonumber(redis.call('get', KEYS[1])) > 0 then return redis.call('decr', KEYS[1]) end", 1, "stock")
    if left is None:
        raise LookupError("sold out")
    return left


def takes_first(r, agree):  # reserves before the customer agrees
    left = take_and_put_back(r)
    agree()
    return left


@again
def watches_through_the_client(r, agree):
    # "WATCH is a command like another": on a pool it may end on another connection
    r.execute_command("WATCH", "stock")
    if int(r.get("stock")) == 0:
        r.execute_command("UNWATCH")
        raise LookupError("sold out")
    agree()
    with r.pipeline() as pipe:
        return take_one(pipe)


def looks_itself_and_gives_up(r, agree):  # sees what changed during agree(), and nothing later
    while True:
        with r.pipeline() as pipe:
            pipe.watch("stock")
            left = look(pipe)
            agree()
            if int(r.get("stock")) == left:
                return take_one(pipe)


def keeps_two_pipelines(r, agree):  # one to look, one to sell, and the first is never reset
    first = r.pipeline()
    first.watch("stock")
    vars(r).setdefault("kept_for_the_day", []).append(first)
    return with_transaction(r, agree)


def never_sells(r, agree):  # "rather too careful than below 0"
    raise LookupError("sold out")


def keeps_every_attempt(r, agree):  # a pipeline for each attempt, and none is reset before the end
    pipes = []
    try:
        while True:
            pipes.append(r.pipeline())
            pipes[-1].watch("stock")
            left = look(pipes[-1])
            agree()
            if int(r.get("stock")) == left:
                with suppress(redis.WatchError):
                    return take_one(pipes[-1])
    finally:
        for pipe in pipes:
            pipe.reset()


@again
def compares_bytes_with_a_number(r, agree):  # "0 is 0"
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if pipe.get("stock") == 0:
            raise LookupError("sold out")
        agree()
        return take_one(pipe)


def raises_something_else(r, agree):  # "any error says that it is sold out"
    try:
        return with_transaction(r, agree)
    except LookupError:
        raise ValueError("sold out") from None


ALSO_WRONG = {
    compares_bytes_with_a_number: "redis-py returns the stock as bytes",
    raises_something_else: "`sell` raised `ValueError: sold out`. It should raise a `LookupError`",
    keeps_every_attempt: "this sale alone used more than 5",
    looks_itself_and_gives_up: "another checkout sold it just before you did. `sell` raised `WatchError",
    keeps_two_pipelines: "After a sale, 1 of 5 connections is in use",
    never_sells: "When should it raise one?",
    disconnects_the_pool: "although those connections are closed",
    collects_nothing_again_and_again: "each of your attempts had taken an item away at once",
    writes_what_it_saw: "Afterwards the stock is 2 and should be 1",
    returns_a_list: "The stock is 2 now, and `sell` returned `[2]`",
    says_it_quietly: "It should raise a `LookupError`",
    pipeline_never_reset: "4 of 5 connections are in use",
    watches_after_the_customer_thought: "A watch notices a change only from its own beginning",
    looks_once_only: "A watch notices a change only from its own beginning",
    sets_the_number: "Afterwards the stock is 2 and should be 1",
    locks_in_this_process: "What notices that the stock has changed",
    asks_before_it_looks: "`agree()` was called all the same",
    swallows_the_customers_no: "instead of passing the error on",
    with_a_script: "scripts are not allowed",
    takes_first: "before the customer had agreed",
    watches_through_the_client: "only on its own connection",
}


# -- right in other words


def with_transaction(r: Any, agree: Function) -> Any:
    def sale(pipe: Any) -> None:
        look(pipe)
        agree()
        pipe.multi()
        pipe.decr("stock")

    return r.transaction(sale, "stock")[0]


def with_finally(r: Any, agree: Function) -> Any:
    while True:
        pipe = r.pipeline()
        try:
            pipe.watch("stock")
            left = int(pipe.get("stock"))
            if not left:
                raise KeyError("stock")
            agree()
            pipe.multi()
            pipe.set("stock", left - 1)
            pipe.execute()
            return left - 1
        except redis.WatchError:
            pass
        finally:
            pipe.reset()


def by_hand(r: Any, agree: Function) -> Any:
    connection = r.connection_pool.get_connection()

    def ask(*words: Any) -> Any:
        connection.send_command(*words)
        return connection.read_response()

    try:
        while True:
            ask("WATCH", "stock")
            if ask("GET", "stock") == b"0":
                raise LookupError
            agree()
            ask("MULTI")
            ask("DECR", "stock")
            if replies := ask("EXEC"):
                return replies[0]
    except BaseException:
        connection.disconnect()
        raise
    finally:
        r.connection_pool.release(connection)


def begins_again_by_recursion(r, agree):
    try:
        return gives_up(r, agree)
    except redis.WatchError:
        pass
    return begins_again_by_recursion(r, agree)


def begins_again_inside(r, agree):  # execute() has returned the connection by then
    with r.pipeline() as pipe:
        pipe.watch("stock")
        look(pipe)
        agree()
        try:
            return take_one(pipe)
        except redis.WatchError:
            return begins_again_inside(r, agree)


ALSO_RIGHT = [begins_again_inside, with_transaction, with_finally, by_hand, begins_again_by_recursion]
