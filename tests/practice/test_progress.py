"""Progress: what is counted and kept, where, and by several notebooks at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tutorial_lib.practice.progress import Entry, ProgressFile, progress_path, with_try


@pytest.fixture
def file(tmp_path: Path) -> ProgressFile:
    return ProgressFile(tmp_path / "course" / "progress.json")


def test_no_file_is_no_progress(file: ProgressFile) -> None:
    assert file.read().entries == {}
    assert not file.path.exists()


def test_tries_are_counted_until_it_passes(file: ProgressFile) -> None:
    for passed in (False, False, True, False, True):
        assert file.record("first-pool", passed) == ""
    entry = file.read().entries["first-pool"]
    assert entry.tries == 3
    assert entry.passed_on
    assert file.read().passed() == {"first-pool"}


def test_a_person_can_read_the_file(file: ProgressFile) -> None:
    file.record("first-pool", passed=False)
    stored = json.loads(file.path.read_text())
    assert stored["exercises"] == {"first-pool": {"tries": 1}}
    assert stored["version"] == 1
    assert "redis-pool-tutorial progress --reset all" in stored["about"]


def test_a_passed_exercise_is_not_written_again(file: ProgressFile) -> None:
    file.record("first-pool", passed=True)
    written = file.path.stat().st_mtime_ns, file.path.stat().st_ino
    file.record("first-pool", passed=False)
    assert (file.path.stat().st_mtime_ns, file.path.stat().st_ino) == written


def test_one_exercise_or_all_can_be_forgotten(file: ProgressFile) -> None:
    for name in ("first-pool", "greeting", "remote-pool"):
        file.record(name, passed=True)
    file.reset(["greeting"])
    assert file.read().passed() == {"first-pool", "remote-pool"}
    file.reset()
    assert file.read().entries == {}


def test_four_notebooks_at_once_lose_nothing(file: ProgressFile) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tutorial_lib.practice import whole_file; from tutorial_lib.practice.progress import ProgressFile\n"
        "whole_file.LOCK_SECONDS = 60\n"  # on a busy machine one of four that never pause may wait for long
        "file = ProgressFile(Path(sys.argv[1]))\n"
        "for turn in range(25): file.record('shared', False); file.record(f'{sys.argv[2]}-{turn}', True)\n"
    )
    notebooks = [subprocess.Popen([sys.executable, "-c", code, file.path, f"n{number}"]) for number in range(4)]
    assert [notebook.wait(timeout=60) for notebook in notebooks] == [0] * 4
    now = file.read()
    assert now.entries["shared"].tries == 100
    assert len(now.passed()) == 100
    assert now.notice == ""


def test_where_it_is(tmp_path: Path) -> None:
    folder = {"TUTORIAL_FOLDER": str(tmp_path)}
    assert progress_path(folder) == tmp_path / "progress.json"
    assert progress_path({**folder, "TUTORIAL_PROGRESS": "off"}) is None
    assert progress_path({**folder, "TUTORIAL_PROGRESS": "/else/where.json"}) == Path("/else/where.json")
    assert progress_path(folder, str(tmp_path / "asked")) == tmp_path / "asked" / "progress.json"


def test_once_passed_it_stays_passed() -> None:
    entry = Entry(2, "2026-01-31")
    assert with_try(entry, passed=False) is entry
    assert with_try(None, passed=False) == Entry(1)
