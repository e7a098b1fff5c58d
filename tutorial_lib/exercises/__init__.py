"""The exercises, in the order of the course: one module each, called like its id.

Add new ones at the end of their lesson: a progress code that a learner has written down counts places.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting
from tutorial_lib.notebook.shell import in_notebook
from tutorial_lib.practice.course_progress import CourseProgress
from tutorial_lib.practice.exercise import Exercise
from tutorial_lib.practice.lesson import Lesson
from tutorial_lib.practice.notebook import anchor
from tutorial_lib.practice.progress import progress_file
from tutorial_lib.practice.standing import Standing
from tutorial_lib.practice.task import Task, read_task

if TYPE_CHECKING:
    from tutorial_lib.practice.panel import Together

PLACES_PER_LESSON = 8

COURSE = (
    Lesson("00_start_here", "Start here", ("pool-party",)),
    Lesson(
        "01_your_first_pool", "Your first pool", ("warm-up", "first-pool", "greeting", "remote-pool", "pool-from-url")
    ),
    Lesson(
        "02_what_a_connection_costs", "What does a connection cost?", ("one-connection", "break-even", "lean-handshake")
    ),
    Lesson(
        "03_when_the_pool_is_exhausted",
        "What happens when the pool is exhausted?",
        ("wait-your-turn", "fail-fast", "which-exception"),
    ),
    Lesson(
        "04_one_pool_for_many_parts",
        "How do many parts of a program share a pool?",
        ("shared-client", "decode-on-the-pool", "two-databases", "who-closes"),
    ),
    Lesson(
        "05_who_still_holds_a_connection",
        "Who still holds a connection?",
        ("give-it-back", "leak-detective"),
    ),
    Lesson(
        "06_commands_that_keep_a_connection",
        "Which commands keep a connection?",
        ("quiet-listener", "watch-and-release", "long-poll"),
    ),
    Lesson(
        "07_what_the_server_sees",
        "What does the server see?",
        ("name-your-connections", "count-my-clients", "fleet-budget", "trim-idle", "fit-the-server"),
    ),
    Lesson(
        "08_how_many_connections",
        "How many connections do you need?",
        ("littles-law", "size-a-service", "find-the-knee"),
    ),
    Lesson("09_does_more_make_it_faster", "Do more connections make it faster?", ("pipeline-instead",)),
    Lesson(
        "10_when_a_connection_dies",
        "What if a connection dies?",
        ("survive-a-restart", "count-once"),
    ),
    Lesson(
        "11_how_long_a_caller_waits",
        "How long can a caller wait?",
        ("bounded-wait", "health-check", "safe-default"),
    ),
    Lesson(
        "12_asyncio",
        "How do you use a pool with asyncio?",
        ("burst", "one-loop", "cancelled", "stream-it", "async-retry"),
    ),
    Lesson(
        "13_processes_and_fleets",
        "What happens to a pool in many processes?",
        ("fork-safe", "pickle-it", "worker-lifecycle", "fleet-limits"),
    ),
    Lesson(
        "14_beyond_one_server",
        "What changes with TLS, Sentinel and Cluster?",
        ("tls-by-pool", "one-master", "read-the-failover", "cluster-budget"),
    ),
    Lesson(
        "15_in_production",
        "What do you watch in production?",
        ("the-friday-leak", "the-quiet-upgrade", "eleven-retries", "ten-replicas", "the-slow-consumer"),
    ),
)


def all_exercises() -> tuple[str, ...]:
    """Return every exercise's id, in the order of the course."""
    return tuple(name for lesson in COURSE for name in lesson.exercises)


def lesson_of(exercise: str) -> Lesson:
    """Return the lesson that an exercise belongs to."""
    return next(lesson for lesson in COURSE if exercise in lesson.exercises)


def lesson_after(lesson: Lesson) -> Lesson | None:
    """Return the lesson that comes next, or None after the last."""
    return next(iter(COURSE[COURSE.index(lesson) + 1 :]), None)


def places() -> Mapping[str, int]:
    """Return each exercise's place in a progress code. It must never change."""
    return {
        name: int(lesson.number) * PLACES_PER_LESSON + place
        for lesson in COURSE
        for place, name in enumerate(lesson.exercises)
    }


def load_task(name: str) -> Task:
    """Read one exercise. BadSetting if the course has none of that name."""
    known = all_exercises()
    if name not in known:
        near = difflib.get_close_matches(in_short(name), known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "`redis-pool-tutorial progress` in a terminal lists them all."
        raise BadSetting(f"There is no exercise called {in_short(name)}. {hint}")
    return read_task(import_module(f"tutorial_lib.exercises.{name.replace('-', '_')}"))


def exercise(name: str) -> Exercise:
    """Return an exercise of the course: ``exercise("first-pool").check(make_pool)``.

    The same one each time it is asked for, so that it remembers which hints you have had.
    """
    return _made(load_task(name).id)


def progress() -> CourseProgress:
    """Return how far you are in the whole course, and what comes next: ``progress()`` at the end of a cell shows it."""
    return CourseProgress(COURSE, _standing().passed(), lambda name: load_task(name).title)


@cache
def _standing() -> Standing:
    return Standing(progress_file(os.environ))


@cache
def _made(name: str) -> Exercise:
    found = Exercise(load_task(name), _standing())
    if in_notebook():
        from tutorial_lib.practice.panel import Panel

        Panel(found, _together(lesson_of(name)), _onward(name))
    return found


@cache
def _together(lesson: Lesson) -> Together:
    from tutorial_lib.practice.panel import Together

    return Together(lesson.exercises, _standing(), lambda: progress().renew())


def _onward(name: str) -> str:
    """Return links from an exercise to what comes next, and back to its lesson, as its notebook has them."""
    lesson = lesson_of(name)
    number = lesson.exercises.index(name) + 1
    following = lesson_after(lesson)
    if number < len(lesson.exercises):
        title = load_task(lesson.exercises[number]).title
        onward = f"[Next exercise: {title}](#{anchor(number + 1, title)})"
    elif following:
        onward = f"[Next lesson: {following.number} {following.title}]({following.page})"
    else:
        onward = "[The course in a page](../docs/summary.md)"
    return f"{onward} · [Back to lesson {lesson.number}]({lesson.page})"
