"""What a learner sees while a check runs, outside a notebook; test_in_a_kernel.py has the notebook."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from tests.practice.one_ping import PASSED, TASK, solution
from tutorial_lib.practice import screen
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.referee import judge


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    monkeypatch.setattr(screen, "SAYS_SO_AFTER", 0.0)


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Called by the test itself: between its fixtures and its beginning pytest puts its own stderr in place."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    return terminal


def check(answer: Any, lab: Lab) -> str:
    lab.doing("Redis says nothing")
    return str(TASK.check(answer, lab))


def test_a_check_that_takes_long_says_what_it_is_doing_and_wipes_that_away(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    assert judge(replace(TASK, check=check), solution) == PASSED
    said = shown.getvalue()
    assert "\rChecking `make_pool` …" in said
    assert "\rRedis says nothing …" in said
    assert said.endswith(f"\r{'':{len('Redis says nothing …')}}\r")


def test_a_quick_check_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    monkeypatch.setattr(screen, "SAYS_SO_AFTER", 60.0)
    assert judge(TASK, solution) == PASSED
    assert shown.getvalue() == ""


def test_in_a_log_there_is_no_such_line(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    monkeypatch.setattr(Terminal, "isatty", lambda self: False)
    assert judge(replace(TASK, check=check), solution) == PASSED
    assert shown.getvalue() == ""
