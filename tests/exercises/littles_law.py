"""Answers to `littles-law`: the mistakes that learners make, and other right ways."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil
from statistics import fmean, median
from typing import Any, NamedTuple

import numpy as np

from tutorial_lib.exercises.littles_law import solution
from tutorial_lib.sizing.formulas import in_flight


def counts_them(recording):
    rate = len(recording.leases)
    hold = fmean([lease.held for lease in recording.leases] or [0])
    return rate, hold, rate * hold


def one_for_each_thread(recording):  # "N threads need N connections"
    rate = len(recording.leases) / recording.duration
    hold = fmean([lease.held for lease in recording.leases] or [0])
    return rate, hold, len({lease.who for lease in recording.leases})


def with_the_wait(recording):  # "from asking to giving back"
    rate = len(recording.leases) / recording.duration
    hold = fmean([lease.waited + lease.held for lease in recording.leases] or [0])
    return rate, hold, rate * hold


def the_worst_moment(recording):
    rate = len(recording.leases) / recording.duration
    hold = fmean([lease.held for lease in recording.leases] or [0])
    return rate, hold, recording.peak


def in_milliseconds(recording):
    rate = len(recording.leases) / recording.duration
    hold = 1000 * fmean([lease.held for lease in recording.leases] or [0])
    return rate, hold, rate * hold


def with_the_refused(recording):
    rate = (recording.borrowed + recording.refused) / recording.duration
    hold = fmean([lease.held for lease in recording.leases] or [0])
    return rate, hold, rate * hold


def until_the_last(recording):
    if not recording.leases:
        return 0, 0, 0
    rate = len(recording.leases) / max(lease.ended for lease in recording.leases)
    hold = fmean(lease.held for lease in recording.leases)
    return rate, hold, rate * hold


def until_the_timeline_ends(recording):  # as the lesson did, to see how many came while they came
    if not recording.leases:
        return 0, 0, 0
    rate = recording.borrowed / recording.timeline()[-1].at
    hold = fmean(lease.held for lease in recording.leases)
    return rate, hold, rate * hold


def rounds_it(recording):
    rate, hold, in_use = solution(recording)
    return rate, hold, round(in_use, 2)


def the_typical_one(recording):
    rate = len(recording.leases) / recording.duration
    hold = median([lease.held for lease in recording.leases] or [0])
    return rate, hold, rate * hold


def divides(recording):
    rate = len(recording.leases) / recording.duration
    hold = fmean([lease.held for lease in recording.leases] or [1])
    return rate, hold, rate / hold


def no_quiet_night(recording):
    rate = len(recording.leases) / recording.duration
    hold = sum(lease.held for lease in recording.leases) / len(recording.leases)
    return rate, hold, rate * hold


def one_number(recording):
    return sum(lease.held for lease in recording.leases) / recording.duration


WRONG = {
    counts_them: "in one second",
    one_for_each_thread: "the number of threads",
    with_the_wait: "time spent waiting",
    the_worst_moment: "at the busiest moment",
    in_milliseconds: "in milliseconds",
    with_the_refused: "who were refused",
    until_the_last: "divide by `recording.duration`",
    no_quiet_night: "nothing was borrowed",
}


# -- other shapes


def rounds_it_up(recording):  # connections come whole
    rate, hold, in_use = solution(recording)
    return rate, hold, ceil(in_use)


def in_another_order(recording):
    rate, hold, in_use = solution(recording)
    return hold, rate, in_use


def per_minute(recording):
    rate, hold, in_use = solution(recording)
    return 60 * rate, hold, in_use


def only_who_waited(recording):
    _, hold, in_use = solution(recording)
    return sum(lease.waited > 0 for lease in recording.leases) / recording.duration, hold, in_use


def all_at_once(recording):
    rate, hold, _ = solution(recording)
    return rate, hold, len(recording.leases)


def one_hold(recording):
    rate, hold, _ = solution(recording)
    return rate, hold, hold / recording.duration


def without_the_longest(recording):
    rate, _, in_use = solution(recording)
    held = sorted(lease.held for lease in recording.leases)[:-1]
    return rate, sum(held) / max(len(held), 1), in_use


def as_texts(recording):
    return tuple(f"{number:.3f}" for number in solution(recording))


def with_names(recording):
    return dict(zip(("rate", "hold", "in_use"), solution(recording), strict=True))


ALSO_WRONG = {
    until_the_timeline_ends: "divide by `recording.duration`",
    rounds_it: "right, but rounded",
    rounds_it_up: "right, but rounded",
    the_typical_one: "the median",
    divides: "divided by the hold",
    one_number: "three numbers",
    in_another_order: "The order is rate, hold, in use",
    per_minute: "That is per minute",
    only_who_waited: "only the callers who had to wait",
    all_at_once: "how many borrowed in total",
    one_hold: "How many holds were there?",
    without_the_longest: "the mean of `held` over all leases",
    as_texts: "three numbers",
    with_names: "three numbers",
}


# -- right in other words


def in_use_from_the_held(recording: Any) -> Any:
    held = [lease.held for lease in recording.leases]
    return [len(held) / recording.duration, fmean(held or [0.0]), sum(held) / recording.duration]


def in_use_from_the_timeline(recording: Any) -> Any:
    if recording.borrowed == 0:
        return (0.0, 0.0, 0.0)
    held = sum(now.in_use * (later.at - now.at) for now, later in pairwise(recording.timeline()))
    return recording.borrowed / recording.duration, held / recording.borrowed, held / recording.duration


def with_the_helper(recording: Any) -> Any:
    rate = recording.borrowed / recording.duration
    try:
        hold = fmean(lease.held for lease in recording.leases)
    except ValueError:
        return 0, 0, 0
    return rate, hold, in_flight(rate, hold)


def in_fractions(recording: Any) -> Any:
    duration, held = Fraction(recording.duration), [Fraction(lease.held) for lease in recording.leases]
    number = len(held)
    return Fraction(number) / duration, sum(held, Fraction(0)) / max(number, 1), sum(held, Fraction(0)) / duration


def in_an_array(recording: Any) -> Any:
    held = np.array([lease.held for lease in recording.leases])
    rate = held.size / recording.duration
    hold = held.mean() if held.size else 0.0
    return np.array([rate, hold, rate * hold])


class Numbers(NamedTuple):
    rate: float
    hold: float
    in_use: float


def with_names_in_order(recording: Any) -> Any:
    return Numbers(*solution(recording))


def one_after_the_other(recording: Any) -> Any:
    yield from solution(recording)


ALSO_RIGHT = [
    in_use_from_the_held,
    in_use_from_the_timeline,
    with_the_helper,
    in_fractions,
    in_an_array,
    with_names_in_order,
    one_after_the_other,
]
