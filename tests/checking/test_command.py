"""``check`` as it is typed: a learner's own notebooks, a class as a table and as CSV, on any console."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.checking.handing_in import FIRST_POOL, solved, write
from tests.every_day import one_in
from tests.waiting import eventually
from tutorial_lib.commands.command_line import main
from tutorial_lib.practice.progress import ProgressFile


def rows_of(text: str) -> list[dict[str, str]]:
    return sorted(csv.DictReader(io.StringIO(text)), key=lambda row: (row["learner"], row["exercise"]))


def test_a_learner_checks_everything(
    tmp_path: Path, progress: ProgressFile, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "course/exercises/ex00_start_here.ipynb", "00", pool_party=solved("pool-party"))
    write(tmp_path / "course/exercises/ex01_your_first_pool.ipynb", "01", first_pool=solved("first-pool"))
    assert main(["check", "00", "01", "--folder", str(tmp_path / "course")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:6]] == [
        ["✓", "pool-party"],
        *(["✓" if name == "first-pool" else "○", name] for name in FIRST_POOL),
    ]
    assert lines[6] == "2 of 6 passed."
    assert lines[-1].startswith("warm-up: `arrange` is still as it came. Write it in the notebook")
    assert progress.read().passed() == {"pool-party", "first-pool"}


def test_one_exercise_that_passes_is_exit_code_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "exercises/ex01_your_first_pool.ipynb", "01", greeting=solved("greeting"))
    assert main(["check", "greeting", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 passed."


def test_a_teacher_checks_a_class(hand_ins: Path, progress: ProgressFile, capsys: pytest.CaptureFixture[str]) -> None:
    write(hand_ins / "ada/exercises/ex00_start_here.ipynb", "00", pool_party=solved("pool-party"))
    write(hand_ins / "ada/exercises/.ipynb_checkpoints/00_start_here-checkpoint.ipynb", "00")
    write(hand_ins / "cleo_00_start_here.ipynb", "00", pool_party=None)
    (hand_ins / "bob").mkdir()
    (hand_ins / "bob/00_start_here.ipynb").write_text("{")
    write(hand_ins / "dan/notebooks/00_start_here.ipynb", "01", first_pool=None)  # told by its cells: another lesson
    (hand_ins / "eve").mkdir()
    (hand_ins / "eve/everything.zip").write_bytes(b"PK")
    assert main(["check", "--learners", str(hand_ins), "00", "--csv"]) == 1
    rows = rows_of(capsys.readouterr().out)
    assert [(row["learner"], row["exercise"], row["status"]) for row in rows] == [
        ("ada", "pool-party", "passed"),
        ("bob", "", "error"),
        ("cleo_00_start_here", "pool-party", "not attempted"),
        ("dan", "", "error"),
        ("eve", "", "error"),
    ]
    assert {row["message"] for row in rows[3:]} == {"No notebook with the exercises was found here."}
    assert not progress.path.exists()  # nobody's progress is the teacher's


@pytest.mark.skipif(os.name != "posix", reason="a link")
def test_a_learners_folder_that_is_a_link_is_told(hand_ins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (hand_ins / "bob").mkdir()
    (hand_ins / "bob/00_start_here.ipynb").write_text("{")
    (hand_ins / "ada.smith").symlink_to(hand_ins / "bob")
    assert main(["check", "--learners", str(hand_ins), "--csv"]) == 1
    rows = rows_of(capsys.readouterr().out)
    assert [(row["learner"], row["message"]) for row in rows] == [
        ("ada.smith", "This is a link, and links are not followed."),
        ("bob", "This notebook cannot be read: its content is not JSON."),
    ]


def test_a_class_as_a_table(hand_ins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (hand_ins / "bob").mkdir()
    (hand_ins / "bob/01_your_first_pool.ipynb").write_text("{")
    (hand_ins / "fay").mkdir()
    (hand_ins / "eve").mkdir()
    (hand_ins / "eve/01_your_first_pool.ipynb").write_text(json.dumps({"cells": []}))
    write(hand_ins / "ann/01_your_first_pool.ipynb", "01", first_pool=solved("first-pool"))
    write(hand_ins / "ann/copy of 01_your_first_pool.ipynb", "01")
    assert main(["check", "--learners", str(hand_ins)]) == 1
    out = capsys.readouterr().out
    assert "! bob, 01_your_first_pool.ipynb: This notebook cannot be read" in out
    assert "! fay: No notebook with the exercises was found here." in out
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert lines["Learner"] == ["01", "Passed"]
    assert lines["ann"] == ["○✓○○○", "1"]  # the better of two copies
    assert lines["bob"] == ["!!!!!", "0"]
    assert lines["eve"] == ["○○○○○", "0"]
    assert lines["fay"] == ["0"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "frist-pool"], "Nothing is called 'frist-pool'"),
        (["check", "--folder", "/nowhere"], "has no folder exercises"),
        (["check", "--folder", "a" * 5000], "has no folder exercises"),
        (["check", "--learners", "/nowhere"], "is not a folder"),
        (["check", "--learners", "a" * 5000], "cannot be read: File name too long"),
        (["check", "--learners", "."], "holds no exercise notebook"),
        (["check", "--learners", ""], "--learners is empty"),
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


def test_names_and_messages_are_made_harmless(hand_ins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (
        '=HYPERLINK("evil")',
        "+1",
        "-1",
        "@a",
        "\ttab",
        "\rreturn",
        "\x1b[2Jbob\x07",
        os.fsdecode(b"j\xfcrgen"),
    ):
        (hand_ins / name).mkdir()
        (hand_ins / name / "\x1b[31m01_your_first_pool.ipynb").write_text("{")
    assert main(["check", "--learners", str(hand_ins), "--csv"]) == 1
    rows = rows_of(capsys.readouterr().out)
    assert [row["learner"] for row in rows] == sorted(
        ['\'=HYPERLINK("evil")', "'+1", "'-1", "'@a", r"\ttab", r"\rreturn", r"\x1b[2Jbob\x07", r"j\xfcrgen"]
    )
    assert all(row["notebook"].endswith(r"\x1b[31m01_your_first_pool.ipynb") for row in rows)
    assert main(["check", "--learners", str(hand_ins)]) == 1
    assert set("\x1b\x07\t\r").isdisjoint(capsys.readouterr().out)


@pytest.mark.parametrize("encoding", one_in(4, ["ascii", "latin-1", "cp1252", "utf-8"]))
def test_any_console_gets_something_readable(hand_ins: Path, encoding: str) -> None:
    name = "jürgen 李"
    write(hand_ins / name / "01_your_first_pool.ipynb", "01", first_pool=solved("first-pool"))
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "tutorial_lib", "check", "--learners", str(hand_ins), "first-pool"],
        capture_output=True,
        env=env,
        timeout=60,
    )
    out = done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr.decode(encoding)
    assert ("✓ passed" if encoding == "utf-8" else "+ passed") in out
    assert (name if encoding == "utf-8" else r"rgen \u674e") in out


@pytest.mark.skipif(os.name != "posix", reason="a signal ends a process otherwise on Windows")
@pytest.mark.parametrize("signal_sent", ["SIGINT", "SIGKILL"])
def test_ctrl_c_and_kill_leave_the_rows_so_far_and_no_process(hand_ins: Path, tmp_path: Path, signal_sent: str) -> None:
    begun = tmp_path / "begun"
    (hand_ins / "ada").mkdir()
    (hand_ins / "ada/01_your_first_pool.ipynb").write_text("{")
    wait = f"import os, time\nopen({str(begun)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    write(hand_ins / "bob/01_your_first_pool.ipynb", "01", first_pool=wait)
    command = [sys.executable, "-m", "tutorial_lib", "check", "--learners", str(hand_ins), "--csv"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, start_new_session=True
    ) as process:
        assert process.stdout
        rows = [process.stdout.readline(), process.stdout.readline()]
        assert eventually(lambda: begun.exists() and begun.read_text(), within=60)
        os.killpg(process.pid, getattr(signal, signal_sent))  # to all that belong to it, as a terminal does
        rest, said = process.communicate(timeout=60)
    assert rows[1].startswith("ada,")
    assert (rest, said.strip()) == ("", "")  # Ctrl-C ends the line that the terminal shows it on
    if signal_sent == "SIGINT":
        assert process.returncode == 130
    assert eventually(lambda: not psutil.pid_exists(int(begun.read_text())), within=10)
    assert eventually(lambda: not list(tmp_path.glob("redis-pool-check-*")), within=10)
