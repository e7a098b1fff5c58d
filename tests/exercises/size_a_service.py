"""Answers to `size-a-service`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from itertools import count
from math import ceil, floor, sqrt

from tutorial_lib.errors import BadSetting
from tutorial_lib.exercises.size_a_service import solution
from tutorial_lib.sizing.formulas import connections_needed, erlang_c, mean_wait
from tutorial_lib.sizing.simulation import simulate


def the_average(rate, hold, wait_budget):  # "two are in use on average, so two will do"
    return ceil(rate * hold)


def one_each(rate, hold, wait_budget):  # "N callers need N connections"
    return ceil(rate)


def twice_to_be_safe(rate, hold, wait_budget):  # "more connections are faster"
    return max(2, 2 * ceil(rate * hold))


def for_99_in_100(rate, hold, wait_budget):
    return connections_needed(rate, hold, wait_budget)


def keeps_up(rate, hold, wait_budget):
    return floor(rate * hold) + 1


def in_milliseconds(rate, hold, wait_budget):
    return floor(rate * hold / 1000) + 1


def load_and_its_root(rate, hold, wait_budget):  # the rule of thumb, whatever the budget
    return ceil(rate * hold + sqrt(rate * hold))


def as_a_float(rate, hold, wait_budget):
    return float(solution(rate, hold, wait_budget))


def one_step_too_far(rate, hold, wait_budget):
    return solution(rate, hold, wait_budget) + 1


def nobody_may_wait(rate, hold, wait_budget):
    limit = floor(rate * hold) + 1
    while mean_wait(rate, hold, limit) > 1e-6:
        limit += 1
    return limit


WRONG = {
    the_average: "What does the limit have to be larger than?",
    one_each: "one for each caller of a second",
    twice_to_be_safe: "headroom grows more slowly",
    for_99_in_100: "The budget is for the mean",
    keeps_up: "Where does your function use the budget?",
    in_milliseconds: "is a number not in seconds?",
    as_a_float: "an `int`",
    one_step_too_far: "With one connection less the wait is still within the budget",
}


# -- other shapes


def takes_the_error_for_an_answer(rate, hold, wait_budget):
    for limit in count(1):
        try:
            if mean_wait(rate, hold, limit) <= wait_budget:
                return limit
        except BadSetting:
            return limit
    return None


def doubles(rate, hold, wait_budget):  # the first good power of two
    limit = 1
    while limit <= rate * hold or mean_wait(rate, hold, limit) > wait_budget:
        limit *= 2
    return limit


def up_to_sixteen(rate, hold, wait_budget):
    for limit in range(int(rate * hold) + 1, 17):
        if mean_wait(rate, hold, limit) <= wait_budget:
            return limit
    return None


def begins_at_the_load(rate, hold, wait_budget):
    limit = int(rate * hold)
    while mean_wait(rate, hold, limit) > wait_budget:
        limit += 1
    return limit


def budget_in_milliseconds(rate, hold, wait_budget):
    return solution(rate, hold, wait_budget / 1000)


def as_if_each_had_a_queue(rate, hold, wait_budget):  # one queue for each connection: M/M/1
    limit = floor(rate * hold) + 1
    while True:
        busy = rate * hold / limit
        if busy * hold / (1 - busy) <= wait_budget:
            return limit
        limit += 1


ALSO_WRONG = {
    load_and_its_root: "With one connection less the wait",
    nobody_may_wait: "not needed",
    takes_the_error_for_an_answer: "Was that taken for an answer",
    doubles: "not needed",
    up_to_sixteen: "Does it stop looking too early?",
    begins_at_the_load: "Which is the first limit that it can answer for?",
    budget_in_milliseconds: "for a budget in milliseconds",
    as_if_each_had_a_queue: "With one connection less, is the wait",
}


# -- right in other words


def by_erlang(rate: float, hold: float, wait_budget: float) -> int:
    load = rate * hold
    return next(
        limit for limit in count(1) if limit > load and erlang_c(limit, load) * hold / (limit - load) <= wait_budget
    )


def by_halves(rate: float, hold: float, wait_budget: float) -> int:
    too_few, enough = int(rate * hold), int(rate * hold) + 1000
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if mean_wait(rate, hold, middle) <= wait_budget:
            enough = middle
        else:
            too_few = middle
    return enough


def by_simulation(rate: float, hold: float, wait_budget: float) -> int:
    limit = int(rate * hold) + 1
    while simulate(rate, hold, limit, borrows=50_000).mean_wait > wait_budget:
        limit += 1
    return limit


ALSO_RIGHT = [by_erlang, by_halves, by_simulation]
