"""Answers to `fleet-budget`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

import math


def forgets_the_pools(maxclients, processes, pools, others):
    if maxclients < processes * pools + others:
        raise ValueError(f"maxclients must be {processes * pools + others}")
    return (maxclients - others) // processes


def forgets_the_others(maxclients, processes, pools, others):
    if maxclients < processes * pools + others:
        raise ValueError(f"maxclients must be {processes * pools + others}")
    return maxclients // (processes * pools)


def rounds_up(maxclients, processes, pools, others):
    if maxclients < processes * pools + others:
        raise ValueError(f"maxclients must be {processes * pools + others}")
    return math.ceil((maxclients - others) / (processes * pools))


def divides(maxclients, processes, pools, others):
    return (maxclients - others) / (processes * pools)


def rounds_down_and_stays_a_float(maxclients, processes, pools, others):
    return (maxclients - others) / (processes * pools) // 1


def limit_for_the_application(maxclients, processes, pools, others):  # "max_connections is per application"
    return maxclients - others


def others_of_each_pool(maxclients, processes, pools, others):
    return maxclients // (processes * pools) - others


def never_says_no(maxclients, processes, pools, others):
    return (maxclients - others) // (processes * pools)


def one_is_always_possible(maxclients, processes, pools, others):
    return max(1, (maxclients - others) // (processes * pools))


def full_is_refused(maxclients, processes, pools, others):  # "the last one is refused"
    limit = (maxclients - others - 1) // (processes * pools)
    if limit < 1:
        raise ValueError(f"maxclients must be {processes * pools + others + 1}")
    return limit


def says_no_more(maxclients, processes, pools, others):
    limit = (maxclients - others) // (processes * pools)
    if limit < 1:
        raise ValueError("too many pools")
    return limit


def asserts(maxclients, processes, pools, others):
    assert maxclients >= processes * pools + others, "too many pools"
    return (maxclients - others) // (processes * pools)


WRONG = {
    limit_for_the_application: "How many pools are there in all",
    forgets_the_pools: "a process's or a pool's",
    forgets_the_others: "besides the pools",
    rounds_up: "Which way is it rounded?",
    divides: "A pool holds whole connections",
    rounds_down_and_stays_a_float: "It must be an `int`",
    others_of_each_pool: "How often were the others taken away?",
    never_says_no: "a limit of 0 means 100",
    one_is_always_possible: "With one each they are 9",
    full_is_refused: "not one too many",
    says_no_more: "still has to work out what to do",
    asserts: "Asked for is a `ValueError`",
}


# -- right in other words


def counts_up(maxclients: int, processes: int, pools: int, others: int) -> int:
    limit = 0
    while processes * pools * (limit + 1) + others <= maxclients:
        limit += 1
    if not limit:
        raise ValueError(f"Raise maxclients to {processes * pools + others:,}.")
    return limit


def divides_and_cuts(maxclients: int, processes: int, pools: int, others: int) -> int:
    class TooSmall(ValueError):
        pass

    limit = int((maxclients - others) / (processes * pools))
    if limit < 1:
        raise TooSmall("maxclients", maxclients, "needed", processes * pools + others)
    return limit


ALSO_RIGHT = [counts_up, divides_and_cuts]
