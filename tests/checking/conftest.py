from __future__ import annotations

from pathlib import Path

import pytest

from tutorial_lib.practice.progress import ProgressFile


@pytest.fixture(autouse=True)
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProgressFile:
    """The checker's own progress file. The fallback is quicker to start than a redis-server."""
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    monkeypatch.setenv("TUTORIAL_PROGRESS", str(tmp_path / "mine.json"))
    return ProgressFile(tmp_path / "mine.json")


@pytest.fixture
def hand_ins(tmp_path: Path) -> Path:
    """The folder of a class."""
    folder = tmp_path / "class"
    folder.mkdir()
    return folder
