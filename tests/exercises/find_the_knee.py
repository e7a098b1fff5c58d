"""Answers to `find-the-knee`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import Any

from tutorial_lib.exercises.find_the_knee import solution


def the_shortest_wait(rows, budget):  # "more connections are faster"
    good = [row for row in rows if row.waiting.middle <= budget and not row.refused]
    return min(good, key=lambda row: row.waiting.middle).limit if good else None


def the_first_in_the_list(rows, budget):
    return next((row.limit for row in rows if row.waiting.middle <= budget and not row.refused), None)


def believes_in_luck(rows, budget):
    return min((row.limit for row in rows if row.waiting.middle <= budget and not row.refused), default=None)


def forgets_the_refused(rows, budget):  # "nobody waits, so all is well"
    knee = None
    for row in sorted(rows, key=lambda row: row.limit, reverse=True):
        if row.waiting.middle > budget:
            break
        knee = row.limit
    return knee


def below_the_budget(rows, budget):
    knee = None
    for row in sorted(rows, key=lambda row: row.limit, reverse=True):
        if row.waiting.middle >= budget or row.refused:
            break
        knee = row.limit
    return knee


def from_the_end_of_the_list(rows, budget):
    knee = None
    for row in reversed(rows):
        if row.waiting.middle > budget or row.refused:
            break
        knee = row.limit
    return knee


def the_largest_after_all(rows, budget):
    return solution(rows, budget) or max(row.limit for row in rows)


def a_place(rows, budget):
    return [row.limit for row in rows].index(solution(rows, budget) or 2)


def a_row(rows, budget):
    return next((row for row in rows if row.limit == solution(rows, budget)), None)


def in_milliseconds(rows, budget):
    return min((row.limit for row in rows if row.waiting.middle * 1000 <= budget and not row.refused), default=None)


def whose_worst_round_is_good(rows, budget):
    return min((row.limit for row in rows if row.waiting.low <= 2 * budget), default=None)


WRONG = {
    the_shortest_wait: "callers wait the least",
    the_first_in_the_list: "order of the rows",
    believes_in_luck: "was luck",
    forgets_the_refused: "599 callers were refused",
    below_the_budget: "*at most* includes that",
    the_largest_after_all: "No row of this table is good",
    a_row: "the whole row",
    in_milliseconds: "if the waits were in milliseconds",
}


# -- other shapes


def only_its_neighbour(rows, budget):  # good, and the next one too
    rows = sorted(rows, key=lambda row: row.limit)
    good = [row.waiting.middle <= budget and not row.refused for row in rows]
    for at, row in enumerate(rows):
        if good[at] and all(good[at : at + 2]):
            return row.limit
    return None


def raises_for_none(rows, budget):
    good = takewhile(lambda row: row.waiting.middle <= budget and not row.refused, sorted(rows, key=by_limit)[::-1])
    return list(good)[-1].limit


def by_limit(row):
    return row.limit


def one_refusal_is_none(rows, budget):
    knee = None
    for row in sorted(rows, key=by_limit, reverse=True):
        if row.waiting.middle > budget or row.refused > 1:
            break
        knee = row.limit
    return knee


def one_more_than_the_last_bad(rows, budget):
    bad = [row.limit for row in rows if row.waiting.middle > budget or row.refused]
    return None if max(bad) == max(row.limit for row in rows) else max(bad) + 1


def the_last_bad(rows, budget):
    return max((row.limit for row in rows if row.waiting.middle > budget or row.refused), default=None)


def where_it_falls_most(rows, budget):  # the shape of the curve, whatever the budget
    rows = sorted(rows, key=by_limit)
    falls = [(low.waiting.middle - high.waiting.middle, high.limit) for low, high in pairwise(rows)]
    return max(falls)[1]


def zero_for_none(rows, budget):
    return solution(rows, budget) or 0


ALSO_WRONG = {
    only_its_neighbour: "was luck",
    raises_for_none: "when there is nothing to return",
    one_refusal_is_none: "1 caller was refused",
    one_more_than_the_last_bad: "a limit that was not measured",
    the_last_bad: "over the budget",
    where_it_falls_most: "over the budget",
    zero_for_none: "Say so with `None`",
    from_the_end_of_the_list: "order of the rows",
    a_place: "a place in the list",
    whose_worst_round_is_good: "over the budget",
}


# -- right in other words


def all_above(rows: Any, budget: float) -> Any:
    def is_good(row: Any) -> bool:
        return bool(row.refused == 0 and row.waiting.middle <= budget)

    knees = [row.limit for row in rows if all(is_good(other) for other in rows if other.limit >= row.limit)]
    return min(knees, default=None)


def just_above_the_last_bad_one(rows: Any, budget: float) -> Any:
    worst = max((row.limit for row in rows if row.refused or row.waiting.middle > budget), default=0)
    return min((row.limit for row in rows if row.limit > worst), default=None)


def takes_rows_off_the_list(rows: Any, budget: float) -> Any:
    rows.sort(key=by_limit)
    knee = None
    while rows and (row := rows.pop()).waiting.middle <= budget and not row.refused:
        knee = row.limit
    return knee


ALSO_RIGHT = [all_above, just_above_the_last_bad_one, takes_rows_off_the_list]
