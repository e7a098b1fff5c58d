"""``make one``: a lesson, an exercise or a finding is found by its name, and the tests that it runs are there."""

from __future__ import annotations

import pytest

from tools.one import NothingOfThatName, main, plan_for
from tutorial_lib.examination.rules import KINDS
from tutorial_lib.exercises import COURSE, all_exercises

NAMES = [*(lesson.number for lesson in COURSE), *all_exercises(), *sorted(KINDS)]


@pytest.mark.parametrize("name", NAMES)
def test_each_lesson_exercise_and_finding_can_be_asked_for_alone(name: str, request: pytest.FixtureRequest) -> None:
    plan = plan_for(name)
    root = request.config.rootpath
    assert plan.tests
    assert [file for file in plan.tests if not (root / file).exists()] == []


def test_a_lesson_is_built_with_its_exercises_and_an_exercise_without_its_lesson() -> None:
    assert plan_for("02").build == plan_for("02_what_a_connection_costs").build == ("02_what_a_connection_costs",)
    assert plan_for("break-even").build == ("ex02_what_a_connection_costs",)


def test_a_finding_runs_the_programs_in_which_a_line_is_marked_with_it() -> None:
    plan = plan_for("two-loops")
    assert plan.build == ()
    assert " or two_event_loops or " in plan.match
    assert plan.variables == {"RELEASE": "1"}


@pytest.mark.parametrize("name", ["brake-even", "take-turns"])
def test_another_name_is_told_where_a_new_one_is_written(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NothingOfThatName, match="a new exercise's id goes into COURSE"):
        plan_for(name)
    assert main([name]) == 2
    said = capsys.readouterr().err
    assert ("Did you mean break-even?" in said) is (name == "brake-even")


def test_without_a_name_it_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "python tools/one.py first-pool" in capsys.readouterr().err
