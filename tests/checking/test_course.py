"""The whole course, handed in solved: every solution passes, also without a kernel, under the limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checking.handing_in import LESSONS, solved, write
from tutorial_lib.checking.folder import learners_notebooks
from tutorial_lib.checking.run import run
from tutorial_lib.exercises import all_exercises, load_task


@pytest.mark.release
def test_every_solution_passes_or_is_told_what_it_needs(hand_ins: Path) -> None:
    for number, lesson in LESSONS.items():
        answers = {name.replace("-", "_"): solved(name) for name in lesson.exercises}
        write(hand_ins / "zoe" / f"{lesson.name}.ipynb", number, **answers)
    done = run(learners_notebooks(hand_ins, []), set(all_exercises()))
    results = [result for _, found in done for result in found]
    needy = {name for name in all_exercises() if load_task(name).needs_redis_server}  # Here the fallback is used.
    left = {result.exercise: result for result in results if result.status != "passed"}
    assert set(left) == needy, left
    for result in left.values():
        assert result.status == "not attempted"
        assert result.message.startswith("This exercise needs a redis-server")
    assert {result.exercise for result in results} == set(all_exercises())
