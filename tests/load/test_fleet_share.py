"""A workload cut into shares: together they ask what the whole would, with the same statistics."""

from __future__ import annotations

import statistics
from itertools import chain, pairwise

import pytest

from tutorial_lib.errors import BadSetting
from tutorial_lib.load.fleet_share import shares
from tutorial_lib.load.workload import Workload


def arrivals(workload: Workload, processes: int) -> list[list[float]]:
    return [share.due_times() for share in shares(workload, processes)]


# -- a closed loop


def test_users_and_calls_are_dealt_out_evenly() -> None:
    parts = shares(Workload("PING", users=10, count=1003, warm_up=5, think=0.1), 4)

    assert [part.users for part in parts] == [3, 3, 2, 2]
    assert [part.count for part in parts] == [251, 251, 251, 250]
    assert [part.warm_up for part in parts] == [2, 1, 1, 1]
    assert {(part.think, part.work) for part in parts} == {(0.1, "PING")}


def test_eight_users_by_default_and_one_each_if_there_are_more_processes() -> None:
    assert [part.users for part in shares(Workload("PING"), 2)] == [4, 4]
    assert [part.users for part in shares(Workload("PING"), 10)] == [1] * 10


@pytest.mark.parametrize("processes", [1, 3])
def test_a_duration_is_the_same_for_all(processes: int) -> None:
    assert {part.seconds for part in shares(Workload("PING", duration=3), processes)} == {3.0}


@pytest.mark.parametrize("setting", ["users", "count"])
def test_too_few_for_so_many_processes_is_told(setting: str) -> None:
    with pytest.raises(BadSetting, match=rf"^The workload has {setting}=3, too few for 4 processes\. Give at least 4"):
        shares(Workload("PING", **{setting: 3}), 4)  # type: ignore[arg-type]


# -- an open loop: the arrivals of a single process, dealt out


@pytest.mark.parametrize("kind", ["poisson", "constant"])
@pytest.mark.parametrize("end", [{"duration": 5.0}, {"count": 777}])
def test_together_the_shares_are_the_single_process(kind: str, end: dict[str, float]) -> None:
    whole = Workload("PING", rate=200, arrivals=kind, warm_up=50, seed=7, **end)  # type: ignore[arg-type]

    assert sorted(chain.from_iterable(arrivals(whole, 4))) == whole.due_times()
    assert arrivals(whole, 1) == [whole.due_times()]
    assert sum(part.warm_up for part in shares(whole, 4)) == 50


def test_a_share_of_a_poisson_process_is_a_poisson_process_at_its_part_of_the_rate() -> None:
    """As of the single process: the mean and the variance of counts per second are the rate, and neither gaps nor
    neighbouring counts depend on each other."""
    rate, processes, seconds = 200.0, 4, 2000
    whole = Workload("PING", rate=rate, duration=seconds, seed=3)

    for share in arrivals(whole, processes):
        counts = [0] * seconds
        for due in share:
            counts[min(int(due), seconds - 1)] += 1
        gaps = [later - earlier for earlier, later in pairwise(share)]
        assert statistics.fmean(counts) == pytest.approx(rate / processes, rel=0.01)
        assert statistics.variance(counts) == pytest.approx(rate / processes, rel=0.1)
        # Exponential gaps: as long on average as their deviation. Dealt out in turn, the deviation would be half.
        assert statistics.stdev(gaps) / statistics.fmean(gaps) == pytest.approx(1, rel=0.02)
        assert abs(statistics.correlation(gaps[:-1], gaps[1:])) < 0.02


def test_shares_of_a_poisson_process_do_not_depend_on_each_other() -> None:
    seconds = 2000
    counts = []
    for share in arrivals(Workload("PING", rate=200, duration=seconds, seed=5), 2):
        counts.append([0] * seconds)
        for due in share:
            counts[-1][min(int(due), seconds - 1)] += 1

    assert abs(statistics.correlation(*counts)) < 0.07


def test_evenly_spaced_calls_stay_evenly_spaced() -> None:
    for share in arrivals(Workload("PING", rate=100, arrivals="constant", duration=2), 4):
        assert [later - earlier for earlier, later in pairwise(share)] == pytest.approx([0.04] * (len(share) - 1))


def test_a_share_says_its_part_of_the_rate() -> None:
    share = shares(Workload("PING", rate=200, users=9), 4)[0]

    assert (share.rate, share.users) == (50, 3)
    assert share.describe() == "open loop, 50 calls a second (Poisson, seed 1), 1 s: PING"


def test_a_share_without_any_call_is_a_share() -> None:
    parts = shares(Workload("PING", rate=10, count=2), 8)

    assert sum(len(part.due_times()) for part in parts) == 2
    assert all(part.seconds > 0 for part in parts)
