"""What live callers add up to: who got what, and how long the waits of the last half minute were."""

from __future__ import annotations

import pytest

from tutorial_lib.load.live_counts import MOST_REMEMBERED, REMEMBERED_FOR, Counts, LiveCounts, Waits
from tutorial_lib.notebook.lines import UNKNOWN
from tutorial_lib.pools.borrow import Borrow, End, Outcome


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def borrow(waited: float = 0.0) -> Borrow:
    return Borrow("caller 1", UNKNOWN, asked=1.0, queued=waited > 0, got=1.0 + waited)


def unserved(outcome: Outcome, waited: float = 0.0) -> tuple[Borrow, End]:
    asked = Borrow("caller 1", UNKNOWN, asked=1.0, queued=waited > 0)
    return asked, End(1.0 + waited, outcome, "ConnectionError")


def test_at_first_there_is_nothing() -> None:
    assert LiveCounts().now() == Counts()


def test_each_outcome_has_its_number(clock: Clock) -> None:
    counts = LiveCounts(clock)
    counts.borrowed(borrow())
    counts.borrowed(borrow(waited=0.25))
    counts.unserved(*unserved("refused"))
    counts.unserved(*unserved("timed out", waited=0.5))
    counts.unserved(*unserved("failed"))
    counts.note_failure(ConnectionError("cut"))
    counts.note_done()

    now = counts.now()
    assert (now.done, now.waited, now.refused, now.timed_out, now.failed) == (1, 2, 1, 1, 2)
    assert now.last_error == "ConnectionError: cut"
    assert now.waits == Waits(half=0.0, most=0.5, longest=0.5)


def test_waits_are_ranked_over_all_who_came(clock: Clock) -> None:
    counts = LiveCounts(clock)
    for number in range(1, 101):
        counts.borrowed(borrow(waited=number / 128))  # a number that a float holds exactly

    assert counts.now().waits == Waits(half=50 / 128, most=95 / 128, longest=100 / 128)


def test_waits_are_forgotten_after_half_a_minute_and_the_sums_are_not(clock: Clock) -> None:
    counts = LiveCounts(clock)
    counts.borrowed(borrow(waited=0.5))
    clock.now += REMEMBERED_FOR
    counts.borrowed(borrow(waited=0.25))
    assert counts.now().waits == Waits(0.25, 0.5, 0.5)
    clock.now += 1
    assert counts.now().waits == Waits(0.25, 0.25, 0.25)
    clock.now += REMEMBERED_FOR
    assert (counts.now().waits, counts.now().waited) == (None, 2)


def test_it_does_not_grow_for_ever(clock: Clock) -> None:
    counts = LiveCounts(clock)
    for _ in range(MOST_REMEMBERED + 10):
        counts.borrowed(borrow(waited=0.5))

    assert len(counts._recent) == MOST_REMEMBERED
    assert counts.now().waited == MOST_REMEMBERED + 10


def test_reset_is_back_to_nothing(clock: Clock) -> None:
    counts = LiveCounts(clock)
    counts.borrowed(borrow(waited=0.5))
    counts.note_failure(ValueError("x"))
    counts.note_done()
    counts.reset()

    assert counts.now() == Counts()
