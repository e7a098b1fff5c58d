"""Answers to `size-a-service`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from itertools import count
from math import ceil, floor, sqrt

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
    the_average: "none is to spare",
    one_each: "everybody who comes within a second",
    twice_to_be_safe: "the spare grows more slowly",
    for_99_in_100: "Asked for is the mean",
    keeps_up: "What became of the budget",
    in_milliseconds: "both in seconds",
    load_and_its_root: "One step back",
    as_a_float: "an `int`",
    one_step_too_far: "One step back still keeps the promise",
    nobody_may_wait: "not needed",
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
