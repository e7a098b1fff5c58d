"""The model, given the arrivals of a real run, says what an ideal pool would have done with them."""

from __future__ import annotations

import pytest
import redis

from tests.load.fakes import TurnedClock, borrower, plain_pool
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.predicted import predicted_wait, predicted_waits
from tutorial_lib.load.run import run_load
from tutorial_lib.load.sweep import Sweep, sweep
from tutorial_lib.load.workload import Workload
from tutorial_lib.sizing import simulation


def test_one_connection_and_calls_that_come_too_fast_wait_longer_and_longer() -> None:
    """Due at 0.1, 0.2, 0.3 s and held 0.15 s each: the waits are 0, 0.05 and 0.1 s."""
    load = Workload("PING", rate=10, arrivals="constant", count=3, users=1)
    report = run_load(plain_pool(1), load, clock=TurnedClock())

    assert predicted_wait(report, hold=0.15) == pytest.approx(0.05)


def test_calls_that_warmed_up_make_others_wait_and_are_not_counted() -> None:
    load = Workload("PING", rate=10, arrivals="constant", count=2, warm_up=1, users=1)
    report = run_load(plain_pool(1), load, clock=TurnedClock())

    assert predicted_wait(report, hold=0.15) == pytest.approx(0.075)


def test_a_sweep_is_predicted_from_the_hold_at_its_largest_limit() -> None:
    clock = TurnedClock()
    load = Workload(borrower(clock, 0.15), rate=10, arrivals="constant", count=3, users=1)
    measured = sweep([1, 2, 3], load, plain_pool, rounds=2, clock=clock)

    assert predicted_waits(measured) == pytest.approx({1: 0.05, 2: 0.0, 3: 0.0})
    assert predicted_waits(measured, hold=0.25) == pytest.approx({1: 0.15, 2: 0.05 / 3, 3: 0.0})


def test_the_model_does_not_check_each_arrival_and_hold_again(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = sweep([1], Workload("PING", rate=1000, count=3), plain_pool, rounds=1)
    for check in ("not_negative", "several", "whole"):
        monkeypatch.delattr(simulation, check)

    assert set(predicted_waits(measured)) == {1}


def down(client: redis.Redis) -> None:
    raise redis.ResponseError("unknown command 'GTE'")


def test_a_sweep_without_a_call_has_no_hold_to_predict_from() -> None:
    measured = sweep([1, 2], Workload(down, rate=1000, count=3), plain_pool)

    with pytest.raises(BadSetting) as error:
        predicted_waits(measured)

    assert str(error.value) == (
        "No call was done with limit 2. The first: ResponseError: unknown command 'GTE'. Try the work by itself."
    )
    assert set(predicted_waits(measured, hold=0.0001)) == {1, 2}, "with a hold it needs no call"


def test_a_rate_so_low_that_no_call_falls_due_is_told_as_that() -> None:
    measured = sweep([1], Workload("PING", rate=0.001, duration=0.001), plain_pool)

    with pytest.raises(BadSetting, match=r"limit 1\. None fell due: raise the rate or the duration"):
        predicted_waits(measured)


def test_a_round_in_which_no_call_fell_due_is_left_out() -> None:
    busy, idle = (Workload("PING", rate=rate, arrivals="constant", duration=0.05) for rate in (100, 1))
    reports = [run_load(plain_pool(1), load) for load in (busy, idle, busy)]

    assert predicted_waits(Sweep(busy, {1: reports}), hold=0.02) == pytest.approx({1: 0.02})


def test_a_closed_loop_cannot_be_predicted() -> None:
    measured = sweep([1], Workload("PING", count=3), plain_pool, rounds=1)

    with pytest.raises(BadSetting, match="Give the workload a rate"):
        predicted_waits(measured)


@pytest.mark.parametrize("hold", [0, -1, float("nan")])
def test_a_hold_that_makes_no_sense_is_told(hold: float) -> None:
    measured = sweep([1], Workload("PING", rate=1000, count=3), plain_pool, rounds=1)

    with pytest.raises(BadSetting, match="hold is"):
        predicted_waits(measured, hold)
