"""Everything that the course promises is shown: by a cell that is run, or by an exercise."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tests.curriculum import BELIEFS, CENSUS, ORIGINS
from tests.lessons import LESSONS, code, read
from tutorial_lib.exercises import COURSE

PROMISED = [*CENSUS, *BELIEFS, *ORIGINS]
SHOWN = [import_module(f"tests.shown.{path.stem}") for path in sorted(Path(__file__).parent.glob("shown/lesson_*.py"))]
PLACES = [
    (lesson.LESSON, promise, place) for lesson in SHOWN for promise, places in lesson.SHOWN.items() for place in places
]


def test_every_lesson_says_what_it_shows() -> None:
    said, built = {lesson.LESSON for lesson in SHOWN}, {path.stem for path in LESSONS}
    assert said == built, f"{said ^ built}: each built lesson has its tests/shown/lesson_NN.py, with LESSON and SHOWN"


@pytest.mark.parametrize("promise", PROMISED)
def test_what_is_promised_is_shown_somewhere(promise: int | str) -> None:
    assert promise in [shown for _, shown, _ in PLACES]


@pytest.mark.parametrize(("lesson", "promise", "place"), PLACES)
def test_the_cell_or_the_exercise_is_there(lesson: str, promise: int | str, place: str) -> None:
    assert promise in PROMISED, "no such promise in tests/curriculum.py"
    kind, _, exercise = place.partition("exercise:")
    if not kind:
        assert exercise in next(known.exercises for known in COURSE if known.name == lesson)
        return
    path = next(path for path in LESSONS if path.stem == lesson)
    found = [cell for cell in code(read(path)) if place in cell.source and "predict(" not in cell.source]
    assert len(found) == 1, f"{len(found)} cells of {lesson} hold {place!r}; one should"
