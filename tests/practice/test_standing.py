"""What has passed, whether or not there is a file that keeps it."""

from __future__ import annotations

from pathlib import Path

from tutorial_lib.practice.progress import ProgressFile
from tutorial_lib.practice.standing import Standing


def test_it_is_what_the_file_says(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path / "progress.json")
    file.record("two", passed=True)
    standing = Standing(file)
    assert standing.record("three", passed=True) == ""
    assert standing.record("four", passed=False) == ""
    assert standing.passed() == {"two", "three"}
    file.reset()
    assert standing.passed() == set()  # what the learner takes back is taken back here, too


def test_without_a_file_it_is_what_passed_in_this_session() -> None:
    standing = Standing()
    assert standing.record("three", passed=True) == ""
    standing.record("four", passed=False)
    assert standing.passed() == {"three"}


def test_what_the_file_cannot_keep_is_known_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "progress.json").mkdir()  # no file can be there
    standing = Standing(ProgressFile(tmp_path / "progress.json"))
    assert "could not be" in standing.record("three", passed=True)
    assert standing.passed() == {"three"}
