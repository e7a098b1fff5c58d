"""Answers to leak-detective: the mistakes that learners make, and other right ways."""

import functools
import inspect
import threading
from collections import Counter

from tutorial_lib import record, snapshot

JOBS = {"banner", "bookkeeper", "cashier", "courier", "inventory", "newsletter", "packer", "stockroom"}


def blames_who_complained(pool, run_night):
    return {line.split(":")[0] for line in run_night() if "MaxConnectionsError" in line}


def blames_the_most_frequent(pool, run_night):
    with record(pool) as recording:
        run_night()
    often = Counter(lease.line.function for lease in recording.leases)
    return [name for name, _ in often.most_common(1)]


def blames_the_longest(pool, run_night):
    with record(pool) as recording:
        run_night()
    longest = max(recording.leases, key=lambda lease: lease.held)
    return {longest.line.function}


def only_the_last(pool, run_night):
    # "There is one leak."
    with record(pool) as recording:
        run_night()
    held = [lease for lease in recording.leases if lease.outcome == "still held"]
    return {held[-1].line.function} if held else set()


def threads_instead_of_functions(pool, run_night):
    with record(pool) as recording:
        run_night()
    return {lease.who for lease in recording.leases if lease.outcome == "still held"}


def every_borrower(pool, run_night):
    with record(pool) as recording:
        run_night()
    return {lease.line.function for lease in recording.leases}


found_so_far = set()


def remembers_all_nights(pool, run_night):
    with record(pool) as recording:
        run_night()
    found_so_far.update(lease.line.function for lease in recording.leases if lease.outcome == "still held")
    return found_so_far


def runs_it_twice(pool, run_night):
    # "The second night makes sure."
    found = set()
    for _night in range(2):
        with record(pool) as recording:
            run_night()
        found |= {lease.line.function for lease in recording.leases if lease.outcome == "still held"}
    return found


def counts_gets_against_releases(pool, run_night):
    # a name for each thread: whoever borrowed last on that thread
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


def every_night_the_same(pool, run_night):
    # a cheat: finds it once, and says so again
    return _first_night(pool, run_night)


@functools.lru_cache(maxsize=1)
def _kept(answer):
    return answer


def _first_night(pool, run_night):
    with record(pool) as recording:
        run_night()
    return set(_kept(frozenset(lease.line.function for lease in recording.leases if lease.outcome == "still held")))


def cleans_up_and_says_nothing(pool, run_night):
    run_night()
    pool.reset()
    return set() if snapshot(pool).in_use == 0 else JOBS


def returns_lines(pool, run_night):
    with record(pool) as recording:
        run_night()
    return [lease.where for lease in recording.leases if lease.outcome == "still held"]


def reads_while_it_is_night(pool, run_night):
    # looks before the night is over
    with record(pool) as recording:
        leases = recording.leases
        run_night()
    return {lease.line.function for lease in leases if lease.outcome == "still held"}


def who_held_and_did_not_return(pool, run_night):
    with record(pool) as recording:
        run_night()
        still_out = [lease for lease in recording.leases if lease.outcome != "returned"]
    return sorted({lease.line.function for lease in still_out})


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


WRONG = {
    blames_who_complained: "banner complained; it is not the one that keeps",
    blames_the_most_frequent: "named one that returns its connections",
    blames_the_longest: "longest holder isn't (all) / quiet night has no culprit",
    only_the_last: "missed one",
    threads_instead_of_functions: "named threads",
    every_borrower: "named those who return theirs",
    remembers_all_nights: "named one already mended",
    runs_it_twice: "two nights passed",
    counts_gets_against_releases: "misses/blames wrong",
    every_night_the_same: "right in the first night, wrong in second",
    cleans_up_and_says_nothing: "named nobody",
    returns_lines: "lines/places instead of names",
    reads_while_it_is_night: "nobody named",
}
ALSO_RIGHT = [who_held_and_did_not_return, by_hand]
