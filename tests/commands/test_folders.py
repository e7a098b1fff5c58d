"""A folder or file that cannot be used is one sentence, whichever command is told of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tutorial_lib.commands import jupyterlab
from tutorial_lib.commands.command_line import main

FOLDERS = ["", " ", "a\0b", f"~nobody-{os.getpid()}/course", "x" * 300, "a file", "a file/course", "/dev/null"]
if os.geteuid():  # root may enter every folder
    FOLDERS.append("locked")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a file in it, and a folder that may not be entered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    monkeypatch.setattr(jupyterlab, "serve", lambda *place, **options: 0)  # which would take pytest's place
    Path("a file").write_text("")
    Path("locked").mkdir(mode=0)
    yield tmp_path
    Path("locked").chmod(0o700)


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that cannot do what it was asked to, and return the sentence that it ends with."""
    assert main(words) == 1
    said = capsys.readouterr()
    if words[0] == "doctor":
        (sentence,) = [line for line in said.out.splitlines() if line.startswith("course folder (missing): ")]
        return sentence
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize("command", ["lab", "progress", "doctor", "check"])
@pytest.mark.parametrize("folder", FOLDERS, ids=range(len(FOLDERS)))
def test_the_courses_folder(here: Path, command: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = run([command, "--folder", folder], capsys)
    assert any(advice in said for advice in ("--folder", "TUTORIAL_PROGRESS"))


NO_FILE = ["", " ", "a\0b", f"~nobody-{os.getpid()}/report.md", "x" * 300, "a file/report.md"]


@pytest.mark.parametrize("option", [["check", "--learners"], ["progress", "--export"]], ids=" ".join)
@pytest.mark.parametrize("path", NO_FILE, ids=range(len(NO_FILE)))
def test_other_paths(here: Path, option: list[str], path: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([*option, path], capsys)
