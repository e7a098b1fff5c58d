"""The table of a class: on a narrow terminal it has one sign for each lesson."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len

from tutorial_lib.checking.folder import Notebook
from tutorial_lib.checking.run import Result
from tutorial_lib.commands.class_table import ClassTable
from tutorial_lib.exercises import COURSE, all_exercises
from tutorial_lib.practice.lesson import Lesson
from tutorial_lib.practice.verdict import Status

WHO = "Wilhelmina van der Berg-Østergaard"


def checked(table: ClassTable, lesson: Lesson, *statuses: Status) -> str | None:
    """Hand in a lesson's notebook, in which each exercise has become what stands in its place."""
    notebook = Notebook(Path(lesson.exercise_file), WHO, lesson.exercises)
    named = zip(lesson.exercises, statuses, strict=True)
    return table.add(notebook, [Result(WHO, notebook.path, name, status, "") for name, status in named])


def all_passed(table: ClassTable, lesson: Lesson) -> str | None:
    passed: list[Status] = ["passed" for _ in lesson.exercises]
    return checked(table, lesson, *passed)


def whole_course(columns: int | None) -> ClassTable:
    notebooks = [Notebook(Path(lesson.exercise_file), WHO, lesson.exercises) for lesson in COURSE]
    return ClassTable(notebooks, set(all_exercises()), [WHO], columns)


def test_the_whole_course_fits_in_80_columns() -> None:
    table = whole_course(80)
    last = [all_passed(table, lesson) for lesson in COURSE][-1]
    assert last
    assert cell_len(table.heading()) == cell_len(last) <= 80
    numbers = [str(len(lesson.exercises)) for lesson in COURSE]
    assert last.split()[-len(numbers) - 1 :] == [*numbers, str(len(all_exercises()))]
    assert list(table.legend())[:2] == [
        "A number says how many exercises of a lesson passed. Where none did:",
        "✗ wrong  ○ not attempted  ! error",
    ]


def test_a_file_has_a_mark_for_each_exercise_however_wide() -> None:
    table = whole_course(None)
    last = [all_passed(table, lesson) for lesson in COURSE][-1]
    assert last
    assert last.count("✓") == len(all_exercises())


def test_a_lesson_without_a_pass_shows_what_was_attempted() -> None:
    lesson = next(lesson for lesson in COURSE if len(lesson.exercises) == 3)
    shown: list[tuple[list[Status], str]] = [
        (["not attempted", "passed", "wrong"], "1"),
        (["error", "not attempted", "wrong"], "✗"),
        (["not attempted", "error", "not attempted"], "!"),
        (["not attempted", "not attempted", "not attempted"], "○"),
    ]
    for statuses, sign in shown:
        table = ClassTable([Notebook(Path(), WHO, lesson.exercises)], set(lesson.exercises), [WHO], 20)
        line = checked(table, lesson, *statuses)
        assert line
        assert line.split()[-2] == sign
