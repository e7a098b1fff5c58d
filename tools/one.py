"""Build one lesson or exercise, or take one finding of `examine`, and run the tests that are about it alone:

    python tools/one.py 03            the lesson, by its number or its file's name, and its exercises' notebook
    python tools/one.py first-pool    the exercise, and the notebook that it is in
    python tools/one.py leak          the rule, its programs in tests/examine/programs, its section in docs/errors.md

It is for while you write. `make check` and `make test` look at everything else.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))  # The tools are no installed package.

from tools import build_notebooks  # noqa: E402
from tutorial_lib.examination.rules import KINDS  # noqa: E402
from tutorial_lib.exercises import COURSE  # noqa: E402

OF_A_LESSON = (
    "tests/test_lesson_shape.py",
    "tests/test_notebooks.py",
    "tests/test_documents.py",
    "tests/test_curriculum.py",
    "tests/test_redis_py_version.py",
    "tests/test_voice.py",
    "tests/test_layers.py",
    "tests/notebook/test_missing_name.py",
)
OF_AN_EXERCISE = (
    "tests/exercises/test_answers.py",
    "tests/exercises/test_modules.py",
    "tests/test_layers.py",
    "tests/test_voice.py",
)
OF_A_RULE = (
    "tests/examine/test_rules.py",
    "tests/examine/test_programs.py",
    "tests/test_documents.py",
    "tests/test_voice.py",
)
EVERYTHING = {"RELEASE": "1"}
NO_PARAMETER = "not ["
"""What is tested once, and not for each lesson or exercise: that none is left out, say."""


@dataclass(frozen=True)
class Plan:
    """What to build, and which tests to run: those in ``tests`` whose ids match ``match``, as pytest's -k reads it."""

    build: tuple[str, ...]
    tests: tuple[str, ...]
    match: str
    variables: Mapping[str, str] = field(default_factory=dict)


class NothingOfThatName(Exception):
    """There is no lesson, exercise or finding of that name; the text says where to write a new one's."""


def plan_for(name: str) -> Plan:
    """Return what there is to do for a lesson, an exercise or a finding. NothingOfThatName if it is none of them."""
    lessons = sorted(path.stem for path in TOP.glob("notebooks/source/*.py"))
    for lesson in lessons:
        if name in (lesson, lesson[:2]):
            return Plan((lesson,), OF_A_LESSON, _any_of(lesson, ".md", NO_PARAMETER))
    for of_course in COURSE:
        if name in of_course.exercises:
            module = name.replace("-", "_")
            match = _any_of(name, f"exercises/{module}.", f"exercises.{module}", of_course.name, NO_PARAMETER)
            built = of_course.exercise_file.removesuffix(".ipynb")
            return Plan((built,), OF_AN_EXERCISE, match, EVERYTHING)  # not only what is judged every day
    if name in KINDS:
        match = _any_of(name, *_programs(name), "test_rules", "examination/rules", ".md", NO_PARAMETER)
        return Plan((), OF_A_RULE, match, EVERYTHING)  # most of the programs run for a release only
    exercises = [each for of_course in COURSE for each in of_course.exercises]
    near = difflib.get_close_matches(name, [*lessons, *exercises, *KINDS], n=1)
    raise NothingOfThatName(
        f"There is no lesson, exercise or finding called {name!r}. {f'Did you mean {near[0]}? ' if near else ''}"
        "A lesson is a file in notebooks/source; a new exercise's id goes into COURSE in "
        "tutorial_lib/exercises/__init__.py, and a new finding's name into KINDS in "
        "tutorial_lib/examination/rules/__init__.py."
    )


def _any_of(*words: str) -> str:
    return " or ".join(words)


def _programs(kind: str) -> list[str]:
    """Return the programs in which a line is marked with this finding."""
    mark = re.compile(rf"# {kind}$", re.MULTILINE)
    programs = sorted(TOP.glob("tests/examine/programs/*.py"))
    return [path.stem for path in programs if mark.search(path.read_text("utf-8"))]


def main(arguments: list[str]) -> int:
    """Build, run the tests, and return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        plan = plan_for(arguments[0])
    except NothingOfThatName as error:
        print(error, file=sys.stderr)
        return 2
    if plan.build and (code := build_notebooks.main(list(plan.build))):
        return code
    command = [sys.executable, "-m", "pytest", "-q", *plan.tests, "-k", plan.match]
    return subprocess.run(command, cwd=TOP, env={**os.environ, **plan.variables}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
