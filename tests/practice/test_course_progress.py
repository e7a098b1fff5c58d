"""How far a learner is in the whole course: what is counted, what comes next, and what is shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from tutorial_lib import exercises, progress
from tutorial_lib.practice.course_progress import DISPLAY_ID, PROGRESS_MIME, CourseProgress
from tutorial_lib.practice.lesson import Lesson

LESSONS = (
    Lesson("00_start", "Start", ("a",)),
    Lesson("01_next <one>", "The next", ("b", "c")),
    Lesson("02_last", "The last", ("d",)),
)


TITLES = {"a": "First", "b": "Two & `two`", "c": "Third", "d": "Last"}


def after(*passed: str) -> CourseProgress:
    return CourseProgress(LESSONS, set(passed), TITLES.__getitem__)


@pytest.mark.parametrize(
    ("passed", "name"),
    [
        ("", "a"),
        ("a", "b"),
        ("b", "c"),  # an exercise that was skipped waits
        ("d", "a"),  # until nothing follows
        ("abd", "c"),
        ("abcd", None),
    ],
)
def test_what_comes_next(passed: str, name: str | None) -> None:
    coming = after(*passed).next
    assert (coming[1] if coming else None) == name


def test_in_plain_text_it_says_the_same_each_time() -> None:
    assert repr(after("a", "b")) == "2 of 4 exercises passed. Next: Third (c), lesson 01 The next."
    assert repr(after(*"abcd")) == "4 of 4 exercises passed. You have passed every exercise."
    assert repr(after("a", "not of this course")).startswith("1 of 4")


def test_the_bar_has_a_part_for_each_lesson_and_a_box_for_each_exercise() -> None:
    html = after("a", "b")._repr_html_()
    parts = re.findall(r'<span role="listitem".*?</a></span>', html)
    assert [part.count("<i") for part in parts] == [1, 2, 1]
    assert [part.count("<i class=done") for part in parts] == [1, 1, 0]
    assert [re.findall(r"(\d\d✓?)</a>", part) for part in parts] == [["00✓"], ["01"], ["02"]]  # not by colour alone
    assert 'aria-label="Lesson 01, The next: 1 of 2 passed"' in parts[1]
    assert 'href="../exercises/ex01_next &lt;one&gt;.ipynb"' in parts[1]


def test_what_comes_next_is_a_link_to_its_heading() -> None:
    html = after("a")._repr_html_()
    assert '<a href="../exercises/ex01_next &lt;one&gt;.ipynb#1.-Two-%26-two">Two &amp; `two`</a>' in html
    assert '<a href="../notebooks/01_next &lt;one&gt;.ipynb">01 The next</a>' in html


def test_a_notebook_keeps_both_and_renews_them_in_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda *what, **how: shown.append((*what, how)))
    monkeypatch.setattr("IPython.display.update_display", lambda *what, **how: shown.append((*what, how)))
    now = after("a")
    DisplayFormatter().format(now)  # does what a cell does with its last value
    now.renew()
    assert shown == [(now.mimebundle(), {"raw": True, "display_id": DISPLAY_ID})] * 2
    passed = {"passed": ["a"]}
    assert now.mimebundle() == {"text/plain": repr(now), "text/html": now._repr_html_(), PROGRESS_MIME: passed}


def test_the_public_name_counts_the_whole_course(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_PROGRESS", "off")
    exercises._standing.cache_clear()
    every = len(exercises.all_exercises())
    assert repr(progress()).startswith(f"0 of {every} exercises passed. Next: A pool party (pool-party), lesson 00")
    exercises._standing.cache_clear()
