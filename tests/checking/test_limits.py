"""What a learner's code gets to see and to use while it is checked, and what is said when that is not enough."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.checking.handing_in import check, solved, statuses, write
from tutorial_lib.checking import run
from tutorial_lib.checking.limits import Limits
from tutorial_lib.process_tree import MARK_VARIABLE


def test_a_cell_that_never_ends_and_one_that_ends_python_do_not_stop_the_others(tmp_path: Path) -> None:
    path = write(
        tmp_path / "01.ipynb",
        "01",
        setup="import redis, os\nfrom tutorial_lib import exercise",
        first_pool="while True:\n    try:\n        import time; time.sleep(1)\n    except BaseException:\n        pass",
        greeting='def greet(pool):\n    os._exit(1)\n\nexercise("greeting").check(greet)',
        remote_pool=solved("remote-pool") + "\nos._exit(0)",
    )
    results = check(path, "first-pool", "greeting", "remote-pool", limits=Limits(cell=4))
    assert statuses(results) == {"first-pool": "error", "greeting": "error", "remote-pool": "passed"}
    assert results["first-pool"].message == "The cell was still running after 4 s, so it was left out."
    assert "ended Python itself" in results["greeting"].message


def test_the_notebook_as_a_whole_has_a_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "01.ipynb", "01", first_pool=solved("first-pool"), greeting="while True: pass")
    results = check(path, "first-pool", "greeting", limits=Limits(cell=60, notebook=8))
    assert statuses(results) == {"first-pool": "passed", "greeting": "error"}
    assert results["greeting"].message.startswith("The notebook was still running after 8 s")


def test_a_cell_of_no_exercise_that_is_left_out_is_told_too(tmp_path: Path) -> None:
    path = write(tmp_path / "00.ipynb", "00", setup="from tutorial_lib import exercise\nimport os\nos._exit(3)")
    results = check(path, "pool-party")
    assert results[""].message == "Cell 2: The cell ended Python itself, so it was left out."
    assert results["pool-party"].status == "error"  # without its first cell it has no `exercise`


def test_nothing_of_the_teachers_is_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "REDIS_URL": "redis://:secret@127.0.0.1:1/0",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "TUTORIAL_FOLDER": str(tmp_path / "course"),
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    source = (
        "import os, sys, tempfile\nfrom pathlib import Path\n"
        "text = ' '.join(f'{name}={value}' for name, value in os.environ.items())\n"
        f"bad = [word for word in ('secret', {str(tmp_path)!r}, {str(Path.home())!r}+' ') if word in text + ' ']\n"
        "here = os.getcwd(), Path.home(), tempfile.gettempdir()\n"
        "raise ValueError(bad, [Path(place).parent.name[:17] for place in here], sys.stdin.read())"
    )
    result = check(write(tmp_path / "01.ipynb", "01", first_pool=source), "first-pool")["first-pool"]
    assert result.message == f"`ValueError: ([], {['redis-pool-check-'] * 3}, '')`"


def test_pip_installs_nothing_into_what_the_teacher_uses(tmp_path: Path) -> None:
    environment = run._environment(str(tmp_path), "mark")
    assert {name: value for name, value in environment.items() if name.startswith("PIP_")} == {
        "PIP_DRY_RUN": "1",
        "PIP_NO_INDEX": "1",
    }


def test_a_computer_that_is_too_busy_to_start_is_told_and_no_fault_of_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    order = {
        "path": str(write(tmp_path / "01.ipynb", "01", first_pool=solved("first-pool"))),
        "scratch": str(tmp_path),
        "expected": ["first-pool"],
        "wanted": ["first-pool"],
        "limits": {},
    }
    late = "from tutorial_lib.checking import supervisor\nsupervisor.START_SECONDS = -1.0\nsupervisor.main()"
    with subprocess.Popen(
        [sys.executable, "-c", late],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, MARK_VARIABLE: "late"},
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        ((_, status, message),) = json.loads(process.stdout.read())
    assert status == "error"
    assert message.startswith("This notebook was not run: after -1 s its first cell had not begun. Check it again")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_supervisor_that_was_stopped_costs_its_notebook_only(tmp_path: Path) -> None:
    source = "import os, signal, time\nos.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(600)"
    long = Limits(cell=200, notebook=200)
    began = time.monotonic()
    result = check(write(tmp_path / "01.ipynb", "01", first_pool=source), "first-pool", limits=long)
    assert time.monotonic() - began < long.notebook  # it is seen at once, and not when all of its time is over
    assert result[""].message.startswith("The process that watched this notebook was killed or stopped")


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_memory_is_counted_for_all_processes_together(tmp_path: Path) -> None:
    source = (
        "import os, time\n"
        "for _ in range(4):\n    if os.fork() == 0:\n        kept = bytearray(150_000_000)\n        time.sleep(600)\n"
        "time.sleep(600)"
    )
    path = write(tmp_path / "01.ipynb", "01", first_pool=source)
    results = check(path, "first-pool", limits=Limits(cell=20, memory=500_000_000))
    assert results["first-pool"].message == "The cell used more than 0.5 GB of memory, so it was left out."


@pytest.mark.skipif(os.name != "posix", reason="a limit of the system's")
def test_a_file_that_grows_without_end_is_stopped(tmp_path: Path) -> None:
    source = "with open('large', 'wb') as file:\n    while True: file.write(bytes(10_000_000))"
    path = write(tmp_path / "01.ipynb", "01", first_pool=source)
    assert check(path, "first-pool")["first-pool"].message == "`OSError: [Errno 27] File too large`"
