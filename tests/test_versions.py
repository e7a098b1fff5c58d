"""make versions runs the notebooks on the Pythons and the servers that it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools import versions


def program(path: Path, *lines: str) -> Path:
    """Write a program of these lines of shell, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that stands alone on PATH."""
    folder = tmp_path / "on_path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(versions, "ENVIRONMENTS", tmp_path / "environments")
    return folder


def test_a_python_on_path_that_does_not_run_gives_way_to_the_one_under_pyenv(on_path: Path, tmp_path: Path) -> None:
    program(on_path / "python3.12", "exit 127")
    behind = program(tmp_path / "pyenv/versions/3.12.1/bin/python", "exit 0")
    assert versions.python_called("3.12") == str(behind)
    assert versions.python_called("3.13") is None


def test_each_server_is_the_one_that_the_course_takes(on_path: Path) -> None:
    for name, version in (("redis-server", "7.0.15"), ("valkey-server", "8.0.1")):
        program(on_path / name, f'echo "Server v={version} sha=0"')
    taken = {}
    for said, settings in list(versions.servers())[1:]:
        found = shutil.which("redis-server", path=settings["PATH"])
        assert found
        taken[said] = Path(found).resolve().name
    assert taken == {"redis-server 7.0.15": "redis-server", "valkey-server 8.0.1": "valkey-server"}


def test_a_server_that_is_not_there_is_said_so(on_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [said for said, _ in versions.servers()] == ["the fallback"]
    assert capsys.readouterr().out.splitlines() == ["redis-server is not here.", "valkey-server is not here."]
