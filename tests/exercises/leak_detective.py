"""Answers to `leak-detective`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import MethodType
from typing import Any

import redis

from tutorial_lib.pools.recording import record


def believes_the_log(pool, run_night):  # "who gets the error has the bug"
    return {entry.split(":")[0] for entry in run_night()}


def accuses_the_loudest(pool, run_night):
    screams = Counter(entry.split(":")[0] for entry in run_night() if "Too many connections" in entry)
    return [name for name, _ in screams.most_common(1)]


def accuses_threads(pool, run_night):
    with record(pool) as recording:
        run_night()
    return {lease.who for lease in recording.still_held()}


def accuses_the_slowest(pool, run_night):  # "who keeps it longest has lost it"
    with record(pool) as recording:
        run_night()
    return [max(recording.leases, key=lambda lease: lease.held).line.function]


def accuses_all(pool, run_night):
    with record(pool) as recording:
        run_night()
    return {lease.line.function for lease in recording.leases}


def accuses_two_of_them_again(pool, run_night):
    run_night()
    return ["newsletter", "bookkeeper"]


def finds_only_one(pool, run_night):
    with record(pool) as recording:
        run_night()
    return [lease.line.function for lease in recording.still_held()][:1]


def hands_over_leases(pool, run_night):
    with record(pool) as recording:
        run_night()
    return recording.still_held()


def looks_before_the_night(pool, run_night):
    with record(pool) as recording:
        found = {lease.line.function for lease in recording.still_held()}
    run_night()
    return found


def searches_for_locks(pool, run_night):  # "holding a Lock holds a connection"
    with record(pool) as recording:
        run_night()
    lockers = {lease.line.function for lease in recording.leases if "lock" in lease.line.text}
    return lockers | {lease.line.function for lease in recording.still_held()}


WRONG = {
    believes_the_log: "`banner` came 3 times to a pool that had nothing left",
    accuses_the_loudest: "you accuse `banner`. `banner` came 3 times",
    accuses_threads: "two of them ran 8 programs",
    accuses_the_slowest: "held a connection longer than anybody",
    accuses_all: "`inventory`, `newsletter`, `packer`. `banner` came",
    accuses_two_of_them_again: "Night 2: you accuse `bookkeeper`, `newsletter`",
    finds_only_one: "1 of those who borrowed is not among them",
    hands_over_leases: "returned leases",
    looks_before_the_night: "you accuse nobody. In the morning in_use is 2",
    searches_for_locks: "a lock is a key in Redis",
}


# -- right in other words


Function = Callable[..., Any]


def by_outcome(pool: Any, run_night: Function) -> Any:
    with record(pool) as recording:
        run_night()
        return sorted({lease.line.function for lease in recording.leases if lease.outcome == "still held"})


def by_the_words_of_the_line(pool: Any, run_night: Function) -> Any:
    with record(pool) as recording:
        run_night()
    return [lease.where.partition(" in ")[2].rstrip("()") for lease in recording.still_held()]


def with_a_book_of_my_own(pool: Any, run_night: Function) -> Any:
    book: dict[int, str] = {}
    redis_py = str(Path(redis.__file__).parent)
    lend, take_back = pool.get_connection, pool.release

    def get_connection(self: Any) -> Any:
        connection = lend()
        outside = [frame.name for frame in traceback.extract_stack()[:-1] if not frame.filename.startswith(redis_py)]
        book[id(connection)] = outside[-1]
        return connection

    def release(self: Any, connection: Any) -> None:
        book.pop(id(connection), None)
        take_back(connection)

    pool.get_connection, pool.release = MethodType(get_connection, pool), MethodType(release, pool)
    run_night()
    return book.values()


ALSO_RIGHT = [by_outcome, by_the_words_of_the_line, with_a_book_of_my_own]
