"""``doctor``: what it finds, what it advises, and whether the course can run."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from tutorial_lib.commands import doctor
from tutorial_lib.commands.command_line import main


def test_doctor_finds_a_course_that_can_run(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["doctor", "--server", "fake", "--folder", str(tmp_path / "mine")])

    said = capsys.readouterr().out
    assert code == 0
    assert "TUTORIAL_SERVER is fake" in " ".join(said.split())
    assert "The course can run." in said
    assert not (tmp_path / "mine").exists()


def test_doctor_names_what_is_missing_and_what_to_do(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("TUTORIAL_SERVER", "postgres")

    assert main(["doctor", "--folder", str(tmp_path / "file" / "mine")]) == 1

    said = capsys.readouterr().out
    assert "server (missing): TUTORIAL_SERVER is 'postgres'. Set it to auto, redis or fake" in said
    assert "redis-server (optional): The lessons use fakeredis instead" in said
    assert "Chromium (optional): Only the project's own browser tests need it" in said
    assert "course folder (missing): Name a folder that you may write" in said
    assert "The course cannot run" in said


def test_doctor_reports_a_package_that_is_not_installed(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "jupyterlab":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    diagnoses = doctor.diagnose({"TUTORIAL_SERVER": "fake"})

    assert not doctor.can_run(diagnoses)
    assert [diagnosis.thing for diagnosis in diagnoses if diagnosis.state == "missing"] == ["JupyterLab"]
