"""Answers to `leak-detective`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import inspect
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import MethodType
from typing import Any

import redis

from tutorial_lib.pools.recording import record

Function = Callable[..., Any]


JOBS = {"banner", "bookkeeper", "cashier", "courier", "inventory", "newsletter", "packer", "stockroom"}


def believes_the_log(pool, run_night):  # "who gets the error has the bug"
    return {entry.split(":")[0] for entry in run_night()}


def names_threads(pool, run_night):  # "who borrowed is the thread"
    with record(pool) as recording:
        run_night()
    return {lease.who for lease in recording.still_held()}


def names_the_slowest(pool, run_night):  # "who keeps it longest has lost it"
    with record(pool) as recording:
        run_night()
    return [max(recording.leases, key=lambda lease: lease.held).line.function]


def names_all_borrowers(pool, run_night):  # "who borrows can leak"
    with record(pool) as recording:
        run_night()
    return {lease.line.function for lease in recording.leases}


def finds_only_one(pool, run_night):  # "there is one leak"
    with record(pool) as recording:
        run_night()
    return [lease.line.function for lease in recording.still_held()][:1]


def hands_over_leases(pool, run_night):  # "a lease is a name"
    with record(pool) as recording:
        run_night()
    return recording.still_held()


def searches_for_locks(pool, run_night):  # "holding a Lock holds a connection"
    with record(pool) as recording:
        run_night()
    lockers = {lease.line.function for lease in recording.leases if "lock" in lease.line.text}
    return lockers | {lease.line.function for lease in recording.still_held()}


def runs_it_twice(pool, run_night):
    # "The second night makes sure."
    found = set()
    for _night in range(2):
        with record(pool) as recording:
            run_night()
        found |= {lease.line.function for lease in recording.leases if lease.outcome == "still held"}
    return found


WRONG = {
    believes_the_log: "`banner` met an exhausted pool 3 times",
    names_threads: "That is a thread",
    names_the_slowest: "kept a connection longest",
    names_all_borrowers: "`newsletter`, `packer`. `banner` met",
    finds_only_one: "1 of the functions that borrowed them is not among your names",
    hands_over_leases: "returned leases",
    searches_for_locks: "a lock is a key in Redis",
    runs_it_twice: "was called 2 times for one night",
}


# -- the same mistakes in other shapes


def names_the_loudest(pool, run_night):  # "who complains most has the bug"
    screams = Counter(entry.split(":")[0] for entry in run_night() if "Too many connections" in entry)
    return [name for name, _ in screams.most_common(1)]


def names_the_first_two_again(pool, run_night):  # "what leaked once leaks always"
    run_night()
    return ["newsletter", "bookkeeper"]


def looks_before_the_night(pool, run_night):  # "the recording goes on by itself"
    with record(pool) as recording:
        found = {lease.line.function for lease in recording.still_held()}
    run_night()
    return found


def names_the_most_frequent(pool, run_night):  # "who borrows most leaks most"
    with record(pool) as recording:
        run_night()
    often = Counter(lease.line.function for lease in recording.leases)
    return [name for name, _ in often.most_common(1)]


def counts_gets_against_releases(pool, run_night):
    # a name for each thread: the function that borrowed last on it
    last = {}
    get, release = pool.get_connection, pool.release

    def get_connection(*args, **options):
        last[threading.get_ident()] = inspect.stack()[1].function
        return get(*args, **options)

    def put(connection):
        last.pop(threading.get_ident(), None)
        release(connection)

    pool.get_connection, pool.release = get_connection, put
    try:
        run_night()
    finally:
        pool.get_connection, pool.release = get, release
    return set(last.values())


def cleans_up_and_says_nothing(pool, run_night):  # "if the pool is tidy, nothing is missing"
    run_night()
    pool.reset()
    return set()


def returns_lines(pool, run_night):  # "where it was borrowed is what is asked"
    with record(pool) as recording:
        run_night()
    return [lease.where for lease in recording.leases if lease.outcome == "still held"]


ALSO_WRONG = {
    names_the_loudest: "you named `banner`. `banner` met an exhausted pool 3 times",
    names_the_first_two_again: "Night 2: you named `bookkeeper`, `newsletter`",
    looks_before_the_night: "2 connections were still in use",
    names_the_most_frequent: "`banner` met an exhausted pool",
    counts_gets_against_releases: "none of the programs has that name",
    cleans_up_and_says_nothing: "2 connections were still in use",
    returns_lines: "none of the programs has that name",
}


# -- right in other words


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
    get, put = pool.get_connection, pool.release

    def get_connection(self: Any) -> Any:
        connection = get()
        outside = [frame.name for frame in traceback.extract_stack()[:-1] if not frame.filename.startswith(redis_py)]
        book[id(connection)] = outside[-1]
        return connection

    def release(self: Any, connection: Any) -> None:
        book.pop(id(connection), None)
        put(connection)

    pool.get_connection, pool.release = MethodType(get_connection, pool), MethodType(release, pool)
    run_night()
    return book.values()


def by_hand(pool, run_night):
    holders = {}
    get, release = pool.get_connection, pool.release

    def get_connection(*args, **options):
        connection = get(*args, **options)
        names = [frame.function for frame in inspect.stack()]
        holders[connection] = next(name for name in names if name in JOBS)
        return connection

    def put(connection):
        holders.pop(connection, None)
        release(connection)

    pool.get_connection, pool.release = get_connection, put
    try:
        run_night()
    finally:
        del pool.get_connection, pool.release
    return list(holders.values())


ALSO_RIGHT = [
    by_outcome,
    by_the_words_of_the_line,
    with_a_book_of_my_own,
    by_hand,
]
