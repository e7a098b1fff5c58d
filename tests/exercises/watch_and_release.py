"""Answers to `watch-and-release`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from tests.exercises import _watch_and_release as others

Function = Callable[..., Any]


@contextmanager
def borrowed(pool: Any) -> Iterator[Any]:
    connection = pool.get_connection()
    try:
        yield connection
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def only_unwatches(r, agree):  # "unwatch gives the connection back"
    pipe = r.pipeline()
    while True:
        try:
            pipe.watch("stock")
            if int(pipe.get("stock")) == 0:
                pipe.unwatch()
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.decr("stock")
            return pipe.execute()[0]
        except redis.WatchError:
            continue


def resets_when_sold_out(r, agree):  # thinks of one way out, and forgets the other
    pipe = r.pipeline()
    while True:
        try:
            pipe.watch("stock")
            if int(pipe.get("stock")) == 0:
                pipe.reset()
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.decr("stock")
            return pipe.execute()[0]
        except redis.WatchError:
            continue


def looks_elsewhere(r, agree):  # a pipeline without watch: both commands at once, and no look
    left = int(r.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    agree()
    with r.pipeline() as pipe:
        return pipe.decr("stock").execute()[0]


def puts_it_back(r, agree):  # "below 0 for a moment is not below 0"
    left = int(r.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    agree()
    left = r.decr("stock")
    if left < 0:
        r.incr("stock")
        raise LookupError("sold out")
    return left


def collects_nothing(r, agree):  # forgets multi()
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        pipe.decr("stock")
        return pipe.execute()[0]


def gives_up(r, agree):  # "an error is for the caller"
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        pipe.multi()
        pipe.decr("stock")
        return pipe.execute()[0]


def gives_up_after_three(r, agree):  # "three attempts are enough"
    for _attempt in range(3):
        with r.pipeline() as pipe:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    raise LookupError("sold out")
                agree()
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue
    raise LookupError("too busy")


def looks_again_just_before(r, agree):  # "two looks are safer than one"
    if int(r.get("stock")) == 0:
        raise LookupError("sold out")
    agree()
    if int(r.get("stock")) == 0:
        raise LookupError("sold out meanwhile")
    return r.decr("stock")


WRONG = {
    only_unwatches: "4 customers came too late, the log keeps their errors, and 4 of 5 connections are in use",
    resets_when_sold_out: "A customer walked away before saying yes",
    looks_elsewhere: "the stock is -1",
    puts_it_back: "was -1 for a moment",
    collects_nothing: "The command that changed the stock was your own",
    gives_up: "What should `sell` do then",
    gives_up_after_three: "How often may the stock change",
    looks_again_just_before: "another till sold it just before you did. `sell` sold one as well",
}

ALSO_WRONG = others.ALSO_WRONG


# -- right in other words


def with_transaction(r: Any, agree: Function) -> Any:
    def sale(pipe: Any) -> None:
        if int(pipe.get("stock")) <= 0:
            raise LookupError("sold out")
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
    with borrowed(r.connection_pool) as connection:

        def ask(*words: Any) -> Any:
            connection.send_command(*words)
            return connection.read_response()

        while True:
            ask("WATCH", "stock")
            if ask("GET", "stock") == b"0":
                ask("UNWATCH")
                raise LookupError
            agree()
            ask("MULTI")
            ask("DECR", "stock")
            replies = ask("EXEC")
            if replies:
                return replies[0]


def begins_again_by_recursion(r, agree):
    try:
        with r.pipeline() as pipe:
            pipe.watch("stock")
            left = int(pipe.get("stock"))
            if left == 0:
                raise LookupError("sold out")
            agree()
            pipe.multi()
            pipe.set("stock", left - 1)
            pipe.execute()
            return left - 1
    except redis.WatchError:
        pass
    return begins_again_by_recursion(r, agree)


def begins_again_inside(r, agree):  # execute() has returned the connection by then
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        pipe.multi()
        pipe.decr("stock")
        try:
            return pipe.execute()[0]
        except redis.WatchError:
            return begins_again_inside(r, agree)


ALSO_RIGHT = [
    begins_again_inside,
    with_transaction,
    with_finally,
    by_hand,
    begins_again_by_recursion,
]
