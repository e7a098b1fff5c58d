"""Progress from the terminal: shown, and carried to another machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands.terminal import plain, typed
from tutorial_lib.commands.command_line import main
from tutorial_lib.exercises import all_exercises, load_task
from tutorial_lib.practice.progress import ProgressFile


@pytest.fixture(autouse=True)
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProgressFile:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    monkeypatch.setenv("TUTORIAL_PROGRESS", str(tmp_path / "mine.json"))
    return ProgressFile(tmp_path / "mine.json")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["progress", "--import", "XXXX"], "typing mistake"),
        (["progress", "--reset", "frist-pool"], "Did you mean 'first-pool'?"),
        (["progress", "--export", "/nowhere/report.md"], "cannot be written"),
    ],
)
def test_bad_input_gets_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_progress_as_a_table(progress: ProgressFile, capsys: pytest.CaptureFixture[str]) -> None:
    progress.record("first-pool", passed=False)
    progress.record("first-pool", passed=True)
    progress.record("greeting", passed=False)
    assert main(["progress"]) == 0
    out = capsys.readouterr().out
    assert "✓ passed" in out
    assert "✗ not yet" in out
    assert f"1 of {len(all_exercises())} exercises passed." in out
    assert "Next: The greeting program (greeting), lesson 01 Your first pool." in out
    assert str(progress.path) in out.replace("\n", "")
    assert "\x1b" not in out  # no colour where it is no terminal


def test_on_a_terminal_progress_has_a_bar_and_colours(progress: ProgressFile) -> None:
    every = all_exercises()
    for name in every[: len(every) // 2]:
        progress.record(name, passed=True)
    said = typed("progress")
    assert "\x1b[32m✓ passed" in said
    lines = plain(said)
    assert max(len(line) for line in lines if str(progress.path) not in line) <= 80
    bar = next(line for line in lines if "█" in line)
    filled = 40 * (len(every) // 2) // len(every)
    assert bar == f"{'█' * filled}{'░' * (40 - filled)} {len(every) // 2} of {len(every)} exercises passed."
    assert any(line.startswith(f"Next: {load_task(every[len(every) // 2]).title} (") for line in lines)


def test_no_color_means_no_colour(progress: ProgressFile) -> None:
    progress.record("first-pool", passed=True)
    said = typed("progress", NO_COLOR="1")
    assert re.findall(r"\x1b\[[0-9;]*3[0-9]m", said) == []
    assert "█░" in said


def test_who_has_passed_everything_is_told(progress: ProgressFile, capsys: pytest.CaptureFixture[str]) -> None:
    progress.add_passed(all_exercises())
    assert main(["progress"]) == 0
    assert "You have passed every exercise." in capsys.readouterr().out


def test_a_code_takes_progress_to_another_machine(
    tmp_path: Path, progress: ProgressFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pool-party", "greeting"):
        progress.record(name, passed=True)
    main(["progress"])
    code = capsys.readouterr().out.split("--import ")[1].strip()
    elsewhere = ProgressFile(tmp_path / "elsewhere.json")
    monkeypatch.setenv("TUTORIAL_PROGRESS", str(elsewhere.path))
    elsewhere.record("first-pool", passed=True)
    assert main(["progress", "--import", code]) == 0
    assert elsewhere.read().passed() == {"pool-party", "greeting", "first-pool"}


def test_a_report_for_the_teacher(tmp_path: Path, progress: ProgressFile, capsys: pytest.CaptureFixture[str]) -> None:
    progress.record("pool-party", passed=True)
    report = tmp_path / "report.md"
    assert main(["progress", "--export", str(report)]) == 0
    assert main(["progress", "--export", "-"]) == 0
    text = report.read_text("utf-8")
    assert capsys.readouterr().out == f"Wrote {report}.\n{text}"
    assert "| 00 Start here | pool-party | ✓ passed | 1 | 2" in text
    assert text.count("not attempted") == len(all_exercises()) - 1


def test_progress_is_forgotten(progress: ProgressFile) -> None:
    for name in ("pool-party", "greeting"):
        progress.record(name, passed=True)
    assert main(["progress", "--reset", "greeting"]) == 0
    assert progress.read().passed() == {"pool-party"}
    assert main(["progress", "--reset", "all"]) == 0
    assert progress.read().entries == {}


def test_progress_that_is_off_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TUTORIAL_PROGRESS", "off")
    assert main(["progress"]) == 1
    assert "TUTORIAL_PROGRESS is off" in capsys.readouterr().err
