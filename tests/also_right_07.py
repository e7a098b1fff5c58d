"""Lesson 07's exercises, right in other words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import count, pairwise
from statistics import fmean
from typing import Any

import redis

from tutorial_lib.sizing.formulas import erlang_c, in_flight, mean_wait
from tutorial_lib.sizing.simulation import simulate

# -- littles-law


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


# -- size-a-service


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


# -- find-the-knee


def all_above(rows: Any, budget: float) -> Any:
    def is_good(row: Any) -> bool:
        return bool(row.refused == 0 and row.waiting.middle <= budget)

    knees = [row.limit for row in rows if all(is_good(other) for other in rows if other.limit >= row.limit)]
    return min(knees, default=None)


def just_above_the_last_bad_one(rows: Any, budget: float) -> Any:
    worst = max((row.limit for row in rows if row.refused or row.waiting.middle > budget), default=0)
    return min((row.limit for row in rows if row.limit > worst), default=None)


# -- pipeline-instead


def in_hundreds(r: Any, pages: list[str]) -> Any:
    numbers: list[Any] = []
    for start in range(0, len(pages), 100):
        pipe = r.pipeline(transaction=False)
        for page in pages[start : start + 100]:
            pipe.incr(f"views:{page}")
        numbers += pipe.execute(raise_on_error=False)
    return [number if isinstance(number, int) else None for number in numbers]


def in_a_transaction(r: Any, pages: list[str]) -> Any:
    pipe = r.pipeline()
    for page in pages:
        pipe.incrby(f"views:{page}", 1)
    return [None if isinstance(number, Exception) else number for number in pipe.execute(False)]


def by_hand(r: Any, pages: list[str]) -> Any:
    connection = r.connection_pool.get_connection()
    numbers: list[Any] = []
    try:
        connection.send_packed_command(connection.pack_commands([("INCR", f"views:{page}") for page in pages]))
        for _ in pages:
            try:
                numbers.append(connection.read_response())
            except redis.ResponseError:
                numbers.append(None)
    finally:
        r.connection_pool.release(connection)
    return numbers


def each_page_once(r: Any, pages: list[str]) -> Any:
    seen = Counter(pages)
    with r.pipeline(transaction=False) as pipe:
        for page, times in seen.items():
            pipe.incrby(f"views:{page}", times)
        ends = dict(zip(seen, pipe.execute(raise_on_error=False), strict=True))
    begun: Counter[str] = Counter()
    numbers: list[Any] = []
    for page in pages:
        begun[page] += 1
        broken = isinstance(ends[page], redis.ResponseError)
        numbers.append(None if broken else ends[page] - seen[page] + begun[page])
    return numbers


ALSO_RIGHT: dict[str, list[Callable[..., Any]]] = {
    "littles-law": [in_use_from_the_held, in_use_from_the_timeline, with_the_helper, in_fractions],
    "size-a-service": [by_erlang, by_halves, by_simulation],
    "find-the-knee": [all_above, just_above_the_last_bad_one],
    "pipeline-instead": [in_hundreds, in_a_transaction, by_hand, each_page_once],
}
