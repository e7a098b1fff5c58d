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
    forgets_the_pools: "the share of a process, or of a pool",
    forgets_the_others: "besides the pools",
    rounds_up: "Do you round up or down?",
    rounds_down_and_stays_a_float: "It must be an `int`",
    others_of_each_pool: "How often did you subtract them?",
    never_says_no: "a limit of 0 means 100",
    full_is_refused: "not one too many",
    says_no_more: "does not know what to do",
}


# -- other shapes


def others_of_each_process(maxclients, processes, pools, others):
    limit = (maxclients // processes - others) // pools
    if limit < 1:
        raise ValueError(f"maxclients must be {processes * pools + others}")
    return limit


def one_in_reserve(maxclients, processes, pools, others):  # "leave some room"
    if maxclients < processes * pools + others:
        raise ValueError(f"maxclients must be {processes * pools + others}")
    return max(1, (maxclients - others) // (processes * pools) - 1)


def adds_instead(maxclients, processes, pools, others):
    return (maxclients - others) // (processes + pools)


def knows_42(maxclients, processes, pools, others):  # the number of the prompt
    limit = (42 - others) // (processes * pools)
    if limit < 1:
        raise ValueError(f"maxclients must be {processes * pools + others}")
    return limit


def only_zero_is_no(maxclients, processes, pools, others):
    limit = (maxclients - others) // (processes * pools)
    if limit == 0:
        raise ValueError(f"maxclients must be {processes * pools + others}")
    return limit


def says_how_many_are_missing(maxclients, processes, pools, others):
    if maxclients < processes * pools + others:
        raise ValueError(f"{processes * pools + others - maxclients} connections are missing")
    return (maxclients - others) // (processes * pools)


def says_every_number(maxclients, processes, pools, others):
    if maxclients < processes * pools + others:
        raise ValueError(str(list(range(10_000))))
    return (maxclients - others) // (processes * pools)


ALSO_WRONG = {
    limit_for_the_application: "How many pools are there in total",
    divides: "A pool holds whole connections",
    one_is_always_possible: "With 1 in each pool it would be 9",
    asserts: "It should raise a `ValueError`",
    others_of_each_process: "How often did you subtract them?",
    one_in_reserve: "What did you keep in reserve",
    adds_instead: "How many pools are there in total",
    knows_42: "Which numbers does your function look at?",
    only_zero_is_no: "no limit fits",
    says_how_many_are_missing: "does not know what to do",
    says_every_number: "does not know what to do",
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


class Budget:
    def __call__(self, maxclients: int, processes: int, pools: int, others: int) -> int:
        limit, _rest = divmod(maxclients - others, processes * pools)
        if limit <= 0:
            raise ValueError(processes * pools + others)
        return limit


ALSO_RIGHT = [counts_up, divides_and_cuts, Budget()]
