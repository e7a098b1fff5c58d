"""A fleet's report: the table for people, the same as numbers, and what has to be known first."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.load.fakes import fleet_of


def test_the_table_has_a_row_for_each_process_and_one_for_all() -> None:
    lines = str(fleet_of(2, 3, limit=4)).splitlines()

    assert lines[0].endswith("2 processes; 5 connections open at the peak")
    assert [line.split("  ")[0] for line in lines[3:]] == ["process 1", "process 2", "together"]
    assert lines[5].split()[-3:] == ["5", "2", "8"], "opened, in use at the peaks, allowed"


def test_the_same_table_in_markdown_keeps_a_number_with_its_unit() -> None:
    table = fleet_of(2, 3)._repr_markdown_()

    assert "| **together** | **6** |" in table
    assert "300\N{NO-BREAK SPACE}ms" in table
    assert len({line.count("|") for line in table.splitlines() if line.startswith("|")}) == 1


def test_it_is_plain_numbers_for_json() -> None:
    numbers = json.loads(json.dumps(fleet_of(2, 3, failed=4).to_dict()))

    assert (numbers["done"], numbers["opened"], numbers["peak"], numbers["failed"]) == (6, 5, 5, {"ConnectionError": 4})
    assert [each["name"] for each in numbers["processes"]] == ["process 1", "process 2"]
    assert numbers["throughput"] == 6 / 2, "they begin together, and took 2 seconds"


def test_its_repr_stays_the_same() -> None:
    assert repr(fleet_of(2, 3)) == "FleetReport(processes=2, done=6, refused=0, failed={}, opened=5, limit=8)"


def test_what_must_be_known_is_told() -> None:
    report = fleet_of(1, 1, failed=3, lost=("process 3", "process 4"), real=False)

    assert report.notes() == [
        "Measured on the fallback, where times are no result: they say how fast fakeredis is, not Redis. Counts are "
        "right.",
        "process 3 and process 4 died or no longer answered: their calls are not counted.",
        "The first error: ConnectionError: full.",
    ]
    assert "Interrupted: this is the report so far." in replace(report, interrupted=True).notes()


def test_a_fleet_of_which_nothing_is_left_has_no_figures() -> None:
    report = fleet_of(lost=("process 1",))

    assert (report.done, report.throughput, report.limit, report.failed) == (0, 0.0, 0, {})
    assert report.to_dict()["latency"]["p99"] is None
    assert "together" in str(report)
    assert report._repr_markdown_()
