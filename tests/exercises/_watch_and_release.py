"""Answers to `watch-and-release`: its mistakes in other shapes than the ones in ``watch_and_release.py``."""

from __future__ import annotations

import threading

import redis

from tutorial_lib.exercises.watch_and_release import solution

till = threading.RLock()


def disconnects_the_pool(r, agree):  # "pool.close() cures leaks"
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


def collects_nothing_again_and_again(r, agree):  # forgets multi(), in a loop
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


def writes_what_it_saw(r, agree):  # "I know the number, so I can write it"
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


def returns_a_list(r, agree):  # "execute() returns the reply"
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


def says_it_quietly(r, agree):  # "0 says that it is sold out"
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


def pipeline_never_reset(r, agree):  # "a pipeline is cleaned up when the function ends"
    pipe = r.pipeline()
    while True:
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


def watches_after_the_customer_thought(r, agree):  # "the sale is what has to be watched"
    while True:
        if int(r.get("stock")) == 0:
            raise LookupError("sold out")
        agree()
        with r.pipeline() as pipe:
            try:
                pipe.watch("stock")
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                pass


def looks_once_only(r, agree):  # "what I saw stays true"
    with r.pipeline() as pipe:
        left = int(r.get("stock"))
        if left == 0:
            raise LookupError("sold out")
        agree()
        while True:
            try:
                pipe.watch("stock")
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
            except redis.WatchError:
                continue


def sets_the_number(r, agree):  # "nothing happens while the customer thinks"
    left = int(r.get("stock"))
    if left == 0:
        raise LookupError("sold out")
    agree()
    r.set("stock", left - 1)
    return left - 1


def locks_in_this_process(r, agree):  # "a lock keeps all others out"
    with till:
        left = int(r.get("stock"))
        if left == 0:
            raise LookupError("sold out")
        agree()
        return r.decr("stock")


def asks_before_it_looks(r, agree):  # "the order of the two does not matter"
    agree()

    def take(pipe):
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
        pipe.multi()
        pipe.decr("stock")

    return r.transaction(take, "stock")[0]


def swallows_the_customers_no(r, agree):  # "a customer who walks away is no error"
    def take(pipe):
        if int(pipe.get("stock")) == 0:
            raise LookupError("sold out")
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


def takes_first(r, agree):
    # reserves before the customer agrees, and gives back if not
    left = r.decr("stock")
    if left < 0:
        r.incr("stock")
        raise LookupError("sold out")
    agree()
    return left


def watches_through_the_client(r, agree):
    # "WATCH is a command like another": on a pool it may end on another connection
    while True:
        r.execute_command("WATCH", "stock")
        if int(r.get("stock")) == 0:
            r.execute_command("UNWATCH")
            raise LookupError("sold out")
        agree()
        try:
            with r.pipeline() as pipe:
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]
        except redis.WatchError:
            continue


def looks_itself_and_gives_up(r, agree):  # sees what changed during agree(), and nothing later
    while True:
        with r.pipeline() as pipe:
            pipe.watch("stock")
            left = int(pipe.get("stock"))
            if left == 0:
                raise LookupError("sold out")
            agree()
            if int(r.get("stock")) == left:
                pipe.multi()
                pipe.decr("stock")
                return pipe.execute()[0]


def keeps_two_pipelines(r, agree):  # one to look, one to sell, and the first is never reset
    look = r.pipeline()
    look.watch("stock")
    vars(r).setdefault("kept_for_the_day", []).append(look)
    return solution(r, agree)


def never_sells(r, agree):  # "rather too careful than below 0"
    raise LookupError("sold out")


def keeps_every_attempt(r, agree):  # a pipeline for each attempt, and none is reset before the end
    pipes = []
    try:
        while True:
            pipes.append(r.pipeline())
            pipes[-1].watch("stock")
            left = int(pipes[-1].get("stock"))
            if left == 0:
                raise LookupError("sold out")
            agree()
            if int(r.get("stock")) != left:
                continue
            pipes[-1].multi()
            pipes[-1].decr("stock")
            try:
                return pipes[-1].execute()[0]
            except redis.WatchError:
                continue
    finally:
        for pipe in pipes:
            pipe.reset()


def raises_something_else(r, agree):  # "any error says that it is sold out"
    def take(pipe):
        if int(pipe.get("stock")) == 0:
            raise ValueError("sold out")
        agree()
        pipe.multi()
        pipe.decr("stock")

    return r.transaction(take, "stock")[0]


ALSO_WRONG = {
    raises_something_else: "`sell` raised `ValueError: sold out`. Asked for is a `LookupError`",
    keeps_every_attempt: "this sale alone used more than 5",
    looks_itself_and_gives_up: "another till sold it just before you did. `sell` raised `WatchError",
    keeps_two_pipelines: "After a sale, 1 of 5 connections is in use",
    never_sells: "When should it raise one?",
    disconnects_the_pool: "although they are closed",
    collects_nothing_again_and_again: "each of your attempts had taken a piece away at once",
    writes_what_it_saw: "Afterwards the stock is 2 and should be 1",
    returns_a_list: "The stock is 2 now, and `sell` returned `[2]`",
    says_it_quietly: "Asked for is a `LookupError`",
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
