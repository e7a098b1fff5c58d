"""Answers to `watch-and-release`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis


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


def cuts_the_wires(r, agree):  # "pool.close() cures leaks"
    pipe = r.pipeline()
    while True:
        try:
            pipe.watch("stock")
            if int(pipe.get("stock")) == 0:
                r.connection_pool.close()
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


def collects_nothing_again_and_again(r, agree):
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    raise LookupError("sold out")
                agree()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue


def gives_up(r, agree):
    with r.pipeline() as pipe:
        pipe.watch("stock")
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        pipe.multi()
        pipe.decr("stock")
        return pipe.execute()[0]


def writes_what_it_saw(r, agree):
    with r.pipeline() as pipe:
        left = int(r.get("stock"))
        if left == 0:
            raise LookupError("sold out")
        agree()
        pipe.watch("stock")
        pipe.multi()
        pipe.set("stock", left - 1)
        pipe.execute()
        return left - 1


def returns_a_list(r, agree):
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    raise LookupError("sold out")
                agree()
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()
            except redis.WatchError:
                continue


def says_it_quietly(r, agree):
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch("stock")
                if int(pipe.get("stock")) == 0:
                    return 0
                agree()
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue


WRONG = {
    only_unwatches: "4 customers came too late, the log keeps their errors, and in_use is 4 of 5",
    cuts_the_wires: "although the wires are cut",
    resets_when_sold_out: "A customer walked away before saying yes",
    looks_elsewhere: "the stock is -1",
    puts_it_back: "was -1 for a moment",
    collects_nothing: "It was a command of your own that changed the stock",
    collects_nothing_again_and_again: "each of your tries had taken a piece away at once",
    gives_up: "`sell` raised `WatchError",
    writes_what_it_saw: "Afterwards the stock is 2 and should be 1",
    returns_a_list: "2 are left, and `sell` returned `[2]`",
    says_it_quietly: "Asked for is a `LookupError`",
}


# -- right in other words


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


ALSO_RIGHT = [with_transaction, with_finally, by_hand]
