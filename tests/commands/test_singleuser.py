"""``singleuser``: what the server of one user of a JupyterHub is started with, and where that user works."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tutorial_lib import course
from tutorial_lib.commands.command_line import main


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have become of this process: the words and the environment. Its home is in ``tmp_path``."""
    became: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda program, words, environ: became.extend((words, environ)))
    monkeypatch.setattr(os, "name", "posix")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)  # JupyterHub may not be installed here.
    monkeypatch.delenv("TUTORIAL_FOLDER", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return became


def test_a_user_works_at_home_without_outputs_although_the_hub_has_a_clone(started: list[Any], tmp_path: Path) -> None:
    main(["singleuser", "--port=1234"])
    words, environ = started

    mine = tmp_path / "redis-pool-tutorial"
    assert words[1:3] == ["-m", "jupyterhub.singleuser"]
    assert f"--ServerApp.root_dir={mine}" in words
    assert words[-1] == "--port=1234"
    assert environ["TUTORIAL_FOLDER"] == str(mine)
    assert Path.cwd() == mine

    (page,) = (word.partition("/lab/tree/")[2] for word in words if "default_url" in word)
    cells = json.loads((mine / page).read_text("utf-8"))["cells"]
    assert [cell for cell in cells if cell.get("outputs")] == []


def test_another_folder_can_be_named(started: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "prepare", lambda carried, folder: folder.mkdir())  # To copy the course takes seconds.
    monkeypatch.setenv("TUTORIAL_FOLDER", str(tmp_path / "elsewhere"))
    main(["singleuser"])
    assert f"--ServerApp.root_dir={tmp_path / 'elsewhere'}" in started[0]


def test_without_jupyterhub_it_is_a_sentence(
    started: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jupyterhub" else name)
    assert main(["singleuser"]) == 1
    assert "pip install jupyterhub" in capsys.readouterr().err
    assert started == []
