"""The page to print says what the lessons show: its safe default is that of lesson 11, and it works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.lessons import LESSONS, code, read
from tools.print_summary import PRINTED, mark
from tutorial_lib import snapshot, start_server

TOP = Path(__file__).parent.parent
SUMMARY = (TOP / "docs" / "summary.md").read_text("utf-8")
PROGRAM = re.findall(r"```python\n(.*?)```", SUMMARY, re.DOTALL)[0]
DEFAULT = PROGRAM[PROGRAM.index("def safe_pool") : PROGRAM.index("\n\n\nr = ")]


def test_the_safe_default_is_the_one_that_lesson_11_tries_against_every_fault() -> None:
    lesson = next(path for path in LESSONS if path.stem.startswith("11"))
    assert [DEFAULT in cell.source for cell in code(read(lesson))].count(True) == 1


def test_the_safe_default_can_be_copied_and_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    with start_server() as server:
        names: dict[str, Any] = {"host": server.host, "port": server.port}
        exec(PROGRAM, names)
        pool = names["r"].connection_pool
        assert snapshot(pool).limit == 10
        assert server.opened() == 1
        pool.close()


def test_what_is_printed_is_this_text_on_one_sheet() -> None:
    printed = PRINTED.read_bytes()
    assert mark().encode() in printed, "docs/summary.md has changed since it was printed. Run: make docs"
    assert len(re.findall(rb"/Type /Page\b", printed)) == 1
