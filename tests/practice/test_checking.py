"""``check``: learners' notebooks run without a browser, one by one and thirty at a time."""

from __future__ import annotations

import csv
import io
import json
import signal
import threading
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.waiting import eventually
from tools.build_notebooks import lesson_notebook
from tutorial_lib import cli
from tutorial_lib.exercises import COURSE, all_exercises, load_task
from tutorial_lib.practice.checking import check_notebook
from tutorial_lib.practice.progress import ProgressFile

LESSONS = {lesson.number: lesson for lesson in COURSE}
FIRST_POOL = LESSONS["02"].exercises


@pytest.fixture(autouse=True)
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProgressFile:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    monkeypatch.setenv("TUTORIAL_PROGRESS", str(tmp_path / "mine.json"))
    return ProgressFile(tmp_path / "mine.json")


def write(path: Path, lesson: str, **answers: str | None) -> Path:
    """Save a learner's notebook. An answer replaces its exercise's cell (``_`` for ``-``); None deletes it."""
    notebook = lesson_notebook(LESSONS[lesson])
    for name, source in answers.items():
        at = next(at for at, cell in enumerate(notebook.cells) if cell.id == name.replace("_", "-"))
        if source is None:
            del notebook.cells[at]
        else:
            notebook.cells[at].source = source
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def solved(name: str) -> str:
    task = load_task(name)
    return f'{task.solution_text}\n\nexercise("{name}").check({task.name})'


def statuses(path: Path, *expected: str, cell_seconds: float = 20.0) -> dict[str, str]:
    return {result.exercise: result.status for result in check_notebook(path, expected, cell_seconds)}


def test_verdicts_are_collected_whatever_else_is_in_the_notebook(tmp_path: Path) -> None:
    path = write(
        tmp_path / "02.ipynb",
        "02",
        first_pool=solved("first-pool"),
        greeting='def greet(pool):\n    return b"hello"\n\nexercise("greeting").check(greet)',
        remote_pool="def remote_pool(:\n    pass",
        pool_from_url=None,
    )
    results = {result.exercise: result for result in check_notebook(path, FIRST_POOL)}
    assert {name: result.status for name, result in results.items()} == {
        "first-pool": "passed",
        "greeting": "wrong",
        "remote-pool": "error",
        "pool-from-url": "not attempted",
    }
    assert "5 bytes" in results["greeting"].message
    assert results["remote-pool"].message == "`SyntaxError: invalid syntax (line 1 of the cell)`"
    assert "No cell of the notebook checks it." in results["pool-from-url"].message


def test_a_cell_that_never_ends_and_one_that_ends_python_do_not_stop_the_others(tmp_path: Path) -> None:
    path = write(
        tmp_path / "02.ipynb",
        "02",
        setup="import redis, os\nfrom tutorial_lib import exercise",
        first_pool="while True:\n    try:\n        import time; time.sleep(1)\n    except BaseException:\n        pass",
        greeting='def greet(pool):\n    os._exit(1)\n\nexercise("greeting").check(greet)',
        remote_pool=solved("remote-pool"),
    )
    results = {result.exercise: result for result in check_notebook(path, FIRST_POOL, cell_seconds=4)}
    assert results["first-pool"].status == "error"
    assert "still running after 4 s" in results["first-pool"].message
    assert results["greeting"].status == "error"
    assert "ended Python itself" in results["greeting"].message
    assert results["remote-pool"].status == "passed"


def test_a_notebook_of_an_older_jupyter_is_run_too(tmp_path: Path) -> None:
    path = write(tmp_path / "00.ipynb", "00", pool_party=solved("pool-party"))
    notebook = json.loads(path.read_text())
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]
    path.write_text(json.dumps(notebook))
    assert statuses(path, "pool-party") == {"pool-party": "passed"}


def test_ctrl_c_ends_the_kernel_and_the_command(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    wait = f"import os, time; open({str(begun)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    path = write(tmp_path / "00.ipynb", "00", pool_party=wait)

    def press() -> None:
        eventually(lambda: begun.exists() and begun.read_text(), within=60)
        signal.raise_signal(signal.SIGINT)

    keyboard = threading.Thread(target=press)
    keyboard.start()
    with pytest.raises(KeyboardInterrupt):
        check_notebook(path)
    keyboard.join()
    assert not psutil.pid_exists(int(begun.read_text()))


def test_what_a_notebook_has_stored_is_not_believed(tmp_path: Path) -> None:
    path = write(tmp_path / "00.ipynb", "00", pool_party="")  # an empty cell is not run
    notebook = nbformat.read(path, as_version=4)
    claim = {"exercise": "pool-party", "status": "passed", "message": ""}
    (cell,) = [cell for cell in notebook.cells if cell.id == "pool-party"]
    bundle = {"application/vnd.redis-pool-tutorial.verdict+json": claim}
    cell.outputs = [nbformat.v4.new_output("display_data", data=bundle)]
    nbformat.write(notebook, path)
    assert statuses(path, "pool-party") == {"pool-party": "not attempted"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 7}', '{"nbformat": 4}', "\x00"])
def test_a_notebook_that_cannot_be_read_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(content)
    (result,) = check_notebook(path, FIRST_POOL)
    assert result.status == "error"
    assert "cannot be read" in result.message
    assert "\n" not in result.message


def test_a_notebook_that_is_not_there_is_told(tmp_path: Path) -> None:
    (result,) = check_notebook(tmp_path / "none.ipynb", FIRST_POOL)
    assert result.message == "This notebook cannot be read: No such file or directory"


# -- the command


def test_a_learner_checks_everything(
    tmp_path: Path, progress: ProgressFile, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "course/exercises/00_start_here.ipynb", "00", pool_party=solved("pool-party"))
    write(tmp_path / "course/exercises/02_your_first_pool.ipynb", "02", first_pool=solved("first-pool"))
    assert cli.main(["check", "00", "02", "--folder", str(tmp_path / "course")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:5]] == [
        ["✓", "pool-party"],
        ["✓", "first-pool"],
        ["○", "greeting"],
        ["○", "remote-pool"],
        ["○", "pool-from-url"],
    ]
    assert lines[5] == "2 of 5 passed."
    assert lines[-1].startswith("greeting: `greet` is still as it came.")
    assert progress.read().passed() == {"pool-party", "first-pool"}


def test_one_exercise_that_passes_is_exit_code_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "exercises/02_your_first_pool.ipynb", "02", greeting=solved("greeting"))
    assert cli.main(["check", "greeting", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 passed."


def test_a_teacher_checks_a_class(tmp_path: Path, progress: ProgressFile, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "ada/exercises/00_start_here.ipynb", "00", pool_party=solved("pool-party"))
    write(tmp_path / "ada/exercises/.ipynb_checkpoints/00_start_here-checkpoint.ipynb", "00")
    write(tmp_path / "cleo_00_start_here.ipynb", "00", pool_party=None)
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob/00_start_here.ipynb").write_text("{")
    write(tmp_path / "dan/notebooks/00_start_here.ipynb", "00", pool_party=None)  # the lesson, not the exercises
    assert cli.main(["check", "--learners", str(tmp_path), "00", "--csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["learner"], row["exercise"], row["status"]) for row in rows] == [
        ("ada", "pool-party", "passed"),
        ("bob", "", "error"),
        ("cleo_00_start_here", "pool-party", "not attempted"),
    ]
    assert not progress.path.exists()  # nobody's progress is the teacher's


def test_a_class_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob/02_your_first_pool.ipynb").write_text("{")
    (tmp_path / "eve").mkdir()
    (tmp_path / "eve/02_your_first_pool.ipynb").write_text(json.dumps({"cells": []}))
    assert cli.main(["check", "--learners", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "! bob, 02_your_first_pool.ipynb: This notebook cannot be read" in out
    (eve,) = [line for line in out.splitlines() if "eve" in line]
    assert "○○○○" in eve


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "frist-pool"], "Nothing is called 'frist-pool'"),
        (["check", "--folder", "/nowhere"], "has no folder exercises"),
        (["check", "--learners", "/nowhere"], "is not a folder"),
        (["check", "--learners", "."], "holds no exercise notebook"),
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
    assert cli.main(arguments) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


# -- progress, shown and carried


def test_progress_as_a_table(progress: ProgressFile, capsys: pytest.CaptureFixture[str]) -> None:
    progress.record("first-pool", passed=False)
    progress.record("first-pool", passed=True)
    progress.record("greeting", passed=False)
    assert cli.main(["progress"]) == 0
    out = capsys.readouterr().out
    assert "✓ passed" in out
    assert "✗ not yet" in out
    assert f"1 of {len(all_exercises())} exercises passed." in out
    assert str(progress.path) in out.replace("\n", "")


def test_a_code_takes_progress_to_another_machine(
    tmp_path: Path, progress: ProgressFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pool-party", "greeting"):
        progress.record(name, passed=True)
    cli.main(["progress"])
    code = capsys.readouterr().out.split("--import ")[1].strip()
    elsewhere = ProgressFile(tmp_path / "elsewhere.json")
    monkeypatch.setenv("TUTORIAL_PROGRESS", str(elsewhere.path))
    elsewhere.record("first-pool", passed=True)
    assert cli.main(["progress", "--import", code]) == 0
    assert elsewhere.read().passed() == {"pool-party", "greeting", "first-pool"}


def test_a_report_for_the_teacher(tmp_path: Path, progress: ProgressFile, capsys: pytest.CaptureFixture[str]) -> None:
    progress.record("pool-party", passed=True)
    report = tmp_path / "report.md"
    assert cli.main(["progress", "--export", str(report)]) == 0
    assert cli.main(["progress", "--export", "-"]) == 0
    text = report.read_text("utf-8")
    assert capsys.readouterr().out == f"Wrote {report}.\n{text}"
    assert "| 00 Start here | pool-party | ✓ passed | 1 | 2" in text
    assert text.count("not attempted") == len(all_exercises()) - 1


def test_progress_is_forgotten(progress: ProgressFile) -> None:
    for name in ("pool-party", "greeting"):
        progress.record(name, passed=True)
    assert cli.main(["progress", "--reset", "greeting"]) == 0
    assert progress.read().passed() == {"pool-party"}
    assert cli.main(["progress", "--reset", "all"]) == 0
    assert progress.read().entries == {}


def test_progress_that_is_off_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TUTORIAL_PROGRESS", "off")
    assert cli.main(["progress"]) == 1
    assert "TUTORIAL_PROGRESS is off" in capsys.readouterr().err
