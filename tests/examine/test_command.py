"""The command ``examine`` from outside: exit codes, signals, output, and whatever is wrong with what it is given."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from tests.examine.running import LONG, ROOT, environment, examine, examining, kinds
from tests.redis_for_tests import OwnersRedis, owners_redis
from tests.waiting import eventually
from tutorial_lib.examination.rules import KINDS

PYTHON = sys.executable
LEAK = """
import os, redis
pool = redis.ConnectionPool(port=int(os.environ["PORT"]))
kept = [pool.get_connection() for _ in range(2)]
"""

needs_redis = pytest.mark.redis_server


@pytest.fixture(scope="module")
def server() -> Iterator[OwnersRedis]:
    with owners_redis() as server:
        yield server


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "program.py"


def run(
    *words: str | Path, port: int = 1, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        examine(*words),
        capture_output=True,
        text=True,
        env=environment(port, **variables),
        cwd=cwd,
        timeout=LONG,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """Return what was printed on stderr as one line, wherever the terminal's lines break."""
    return " ".join(done.stderr.split())


# -- what cannot be run


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Which program? Give its command"),
        (("no-such-program",), "There is no program no-such-program on PATH."),
        (("no_such_script.py",), "There is no file no_such_script.py."),
        (("--json", "no/such/folder/report.json", "true"), "cannot be written (No such file or directory)"),
        (("--html", ".", "true"), "cannot be written (Is a directory)"),
    ],
)
def test_what_cannot_be_run_is_told_before_anything_starts(
    words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert sentence in told(done)
    assert "examine ──" not in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--every", "0", "true"), "0.0 is not in the range x>=0.1"),
        (("--fail-on", "leaks", "true"), f"leaks. The kinds are: {', '.join(sorted(KINDS))}."),
    ],
)
def test_an_option_that_cannot_be_understood(words: tuple[str, ...], sentence: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert sentence in told(done)


def test_a_report_of_before_stays_until_there_is_a_new_one(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("of before")
    assert run("--json", report, "no-such-program").returncode == 1
    assert report.read_text() == "of before"


# -- programs in which there is nothing to see


@pytest.mark.parametrize("words", [("true",), (PYTHON, "-c", ""), (PYTHON, "-c", "print(1)")])
def test_no_pool_was_made(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 0
    assert "No pool was made." in told(done)


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_a_python_that_does_not_look_at_its_surroundings_is_not_seen(option: str) -> None:
    # -S leaves installed packages out, too, so this is all that it can import.
    done = run(PYTHON, option, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "ignores PYTHONPATH (python -I, -E or -S)" in told(done)


@pytest.mark.parametrize("whose", ["the program's", "of the whole environment"])
def test_an_older_redis_py_is_not_watched_and_the_program_runs_all_the_same(
    whose: str, tmp_path: Path, program: Path
) -> None:
    package = tmp_path / "old" / "redis"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "5.3.0"\nimport a_library_of_the_programs_own\n')
    path = f"{package.parent}{os.pathsep}{ROOT}" if whose == "of the whole environment" else str(ROOT)
    program.write_text(
        "import sys, types; sys.modules['a_library_of_the_programs_own'] = types.ModuleType('there')\n"
        f"sys.path.insert(0, {str(package.parent)!r}); import redis; print(redis.__version__)"
    )
    done = run("--html", tmp_path / "page.html", "--every", "0.1", PYTHON, program, PYTHONPATH=path)
    assert (done.returncode, done.stdout) == (0, "5.3.0\n")
    assert "Nothing was seen: its redis-py is 5.3.0, and examine needs 6.4 or newer." in told(done)
    assert "Traceback" not in done.stderr


# -- what a program is and does is left as it is


@needs_redis
def test_output_and_exit_code_are_the_programs_own(server: OwnersRedis, program: Path) -> None:
    program.write_text(LEAK + "import sys; print('out', end=''); sys.stderr.write('err: \\x1b[1m\\n'); sys.exit(7)")
    alone = subprocess.run([PYTHON, program], capture_output=True, env=environment(server.port), check=False)
    watched = subprocess.run(examine(PYTHON, program), capture_output=True, env=environment(server.port), check=False)
    assert (alone.returncode, watched.returncode) == (7, 7)
    assert watched.stdout == alone.stdout
    assert watched.stderr.startswith(alone.stderr + b"\nexamine ")
    assert b"leak" in watched.stderr


@needs_redis
def test_a_program_sees_no_thread_of_ours_and_forks_without_a_word(server: OwnersRedis, program: Path) -> None:
    program.write_text(
        LEAK + "from gevent import monkey; monkey.patch_all()\n"  # Late, which gevent takes ill where threads run.
        "import threading, time\n"
        "print(threading.active_count(), flush=True)\n"
        "if not os.fork(): time.sleep(0.1); print(threading.active_count(), flush=True); os._exit(0)\n"
        "os.wait()"
    )
    alone, watched = (
        subprocess.run(words, capture_output=True, env=environment(server.port), timeout=LONG)
        for words in ([PYTHON, program], examine(PYTHON, program))
    )
    assert watched.stdout == alone.stdout == b"1\n1\n"
    assert watched.stderr.startswith(alone.stderr + b"\nexamine "), watched.stderr
    assert b"leak" in watched.stderr


def test_a_program_that_a_signal_ended_is_told_as_a_shell_does(program: Path) -> None:
    program.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert run(PYTHON, program).returncode == 128 + signal.SIGKILL


@needs_redis
def test_what_is_found_sets_the_exit_code_if_that_is_asked_for(server: OwnersRedis, program: Path) -> None:
    program.write_text(LEAK)
    assert run("--fail-on", "exhausted,leak", PYTHON, program, port=server.port).returncode == 3
    assert run("--fail-on", "exhausted", PYTHON, program, port=server.port).returncode == 0


@needs_redis
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_program_and_the_report_still_comes(
    server: OwnersRedis, program: Path, tmp_path: Path, number: signal.Signals
) -> None:
    program.write_text(
        LEAK
        + "import signal, sys\n"
        + f"signal.signal({int(number)}, lambda *_: sys.exit(print('cleaned up') or 5))\n"
        + "print('ready', flush=True); signal.pause()"
    )
    with examining(tmp_path, PYTHON, program, port=server.port) as running:
        running.says("ready")
        assert running.end(number) == 5
        assert "cleaned up" in running.printed
        assert kinds(running.report()) == {"leak"}


@needs_redis
def test_ctrl_c_ends_a_program_as_always(server: OwnersRedis, program: Path, tmp_path: Path) -> None:
    program.write_text(LEAK + "import signal; print('ready', flush=True); signal.pause()")
    with examining(tmp_path, PYTHON, program, port=server.port) as running:
        running.says("ready")
        assert running.end(signal.SIGINT) == 128 + signal.SIGINT
        assert "KeyboardInterrupt" in running.printed
        assert kinds(running.report()) == {"leak"}


@needs_redis
@pytest.mark.parametrize(("handler", "code"), [("count", 5), ("signal.default_int_handler", 128 + signal.SIGINT)])
def test_ctrl_c_in_a_terminal_reaches_the_program_once(
    server: OwnersRedis, program: Path, tmp_path: Path, handler: str, code: int
) -> None:
    program.write_text(
        LEAK
        + "import signal, sys, time\n"
        + "interrupts = []\n"
        + "def count(*_): interrupts.append('an interrupt'); print(*interrupts, flush=True)\n"
        + f"signal.signal(signal.SIGINT, {handler})\n"
        + "print('ready', flush=True)\n"
        + "while not interrupts: time.sleep(0.01)\n"
        + "time.sleep(0.3); sys.exit(5)"  # Time for a second one.
    )
    report = tmp_path / "report.json"
    process, terminal = os.forkpty()
    if not process:
        os.execve(sys.executable, examine("--json", report, PYTHON, program), environment(server.port))
    printed = b""
    with suppress(OSError):  # So a terminal tells that nobody has it open any more.
        while piece := os.read(terminal, 65536):
            if b"ready" in piece + printed and b"ready" not in printed:
                os.write(terminal, b"\x03")
            printed += piece
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == code, printed
    assert printed.count(b"an interrupt") == (handler == "count")
    assert kinds(json.loads(report.read_text())) == {"leak"}


@needs_redis
def test_a_worker_that_is_killed_leaves_its_evidence(server: OwnersRedis, program: Path, tmp_path: Path) -> None:
    program.write_text(
        "import os, signal, redis\n"
        "if not (worker := os.fork()):\n"
        "    pool = redis.ConnectionPool(port=int(os.environ['PORT']))\n"
        "    kept = [pool.get_connection() for _ in range(2)]\n"
        "    print('borrowed', flush=True)\n"
        "    signal.pause()\n"
        "print('worker', worker, flush=True)\n"
        "os.waitpid(worker, 0)\n"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    def is_written() -> bool:
        return any('"most_in_use": 2' in file.read_text() for file in temporary.glob("examine-*/*.json"))

    with examining(tmp_path, PYTHON, program, port=server.port, TMPDIR=str(temporary)) as running:
        running.says("borrowed")
        assert eventually(is_written, within=LONG)
        os.kill(int(running.printed.split("worker ")[1].split()[0]), signal.SIGKILL)
        assert running.process.wait(LONG) == 0
        assert kinds(running.report()) == {"leak"}
    assert list(temporary.iterdir()) == []


STRANGE = {
    "replaces sys.excepthook": "sys.excepthook = lambda *_: print('mine')\n" + LEAK + "1 / 0",
    "uses os._exit": LEAK + "os._exit(1)",
    "closes all descriptors": "os.closerange(3, 256)\n" + LEAK + "os.closerange(3, 256); sys.exit(1)",
    "deletes its environment": "port = os.environ['PORT']; os.environ.clear(); os.environ['PORT'] = port\n"
    + LEAK
    + "sys.exit(1)",
    "ends itself by a signal": LEAK + "import signal; signal.raise_signal(signal.SIGTERM)",
    "kills itself": LEAK + "import signal; os.kill(os.getpid(), signal.SIGTERM)",
    "changes directory": "os.chdir('/')\n" + LEAK + "sys.exit(1)",
    "prints no more": "sys.stderr.close(); sys.stdout.close()\n" + LEAK + "sys.exit(1)",
}


@needs_redis
@pytest.mark.parametrize("name", STRANGE)
def test_a_program_that_does_strange_things(name: str, server: OwnersRedis, program: Path, tmp_path: Path) -> None:
    program.write_text("import os, sys\n" + STRANGE[name])
    report = tmp_path / "report.json"
    # By a relative path, from a folder of its own.
    done = run("--json", "report.json", PYTHON, program.name, port=server.port, cwd=tmp_path)
    assert done.returncode == (128 + signal.SIGTERM if "signal" in name or "kills" in name else 1)
    if "excepthook" in name:
        assert done.stdout == "mine\n"
    found = json.loads(report.read_text())["findings"]
    assert [finding["kind"] for finding in found] == ["leak"], done.stderr
    [line] = found[0]["lines"]
    assert line["text"] == "kept = [pool.get_connection() for _ in range(2)]"
    assert line["file"] == str(program)
    assert "program.py:" in done.stderr


@needs_redis
def test_a_sitecustomize_of_the_programs_own_is_imported(server: OwnersRedis, program: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.seen = __file__")
    program.write_text(
        LEAK + "import sys, sitecustomize; print(seen == sitecustomize.__file__, any('hook' in p for p in sys.path))"
    )
    done = run(PYTHON, program, port=server.port, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.stdout == "True False\n"
    assert "leak" in done.stderr


@needs_redis
def test_a_python_that_has_redis_and_nothing_else(server: OwnersRedis, program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    [packages] = folder.glob("lib/python3*/site-packages")
    (packages / "redis").symlink_to(Path(redis.__file__).parent)
    if sys.version_info < (3, 11, 3):  # What redis-py itself needs there.
        import async_timeout

        (packages / "async_timeout").symlink_to(Path(async_timeout.__file__).parent)
    program.write_text(LEAK + "import sys; print('tutorial_lib' in sys.modules, 'lazy_loader' in sys.modules)")
    report = tmp_path / "report.json"
    command = examine("--json", report, python, program)
    variables = {name: value for name, value in environment(server.port).items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=ROOT, timeout=LONG)
    assert done.stdout == "True False\n", done.stderr
    assert kinds(json.loads(report.read_text())) == {"leak"}, done.stderr


# -- what must not be told


SECRETS = """
import os, sys, redis
key, value = ["-".join(["hunter2", name]) for name in ("key", "value")]
port = int(os.environ["PORT"])
url = f"redis://:hunter2-password@127.0.0.1:{port}/0?password=hunter2-query"
r = redis.Redis.from_url(url, password="hunter2-other")
for _ in range(6):
    client = redis.Redis.from_url("redis://:hunter2-password@127.0.0.1:%s" % port)
    client.set(key, value)
    client.publish(key, value)
kept = [redis.ConnectionPool(port=port, password="hunter2-password").get_connection() for _ in range(2)]
for _ in range(3):
    try:
        redis.ConnectionPool(port=port, password="hunter2-wrong").get_connection()
    except redis.AuthenticationError:
        pass
"""


@needs_redis
def test_no_password_and_no_value_is_told_anywhere(program: Path, tmp_path: Path) -> None:
    program.write_text(SECRETS + "print('ready', flush=True); sys.stdin.read()")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    page, report = tmp_path / "page.html", tmp_path / "report.json"
    options = ("--json", report, "--html", page, "--every", "0.1")
    arguments = ("redis://:hunter2-argument@host", "--password", "hunter2-option", "--token=hunter2-token")
    with owners_redis(password="hunter2-password") as server:
        process = subprocess.Popen(
            examine(*options, PYTHON, program, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(server.port, TMPDIR=str(temporary)),
            cwd=tmp_path,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()

        def evidence() -> str:
            return "".join(file.read_text() for file in temporary.glob("examine-*/*.json"))

        assert eventually(lambda: "WRONGPASS" in evidence() or "AuthenticationError" in evidence(), within=LONG)
        written = evidence()
        _, printed = process.communicate(timeout=LONG)
    outputs = {"evidence": written, "report": report.read_text(), "page": page.read_text(), "terminal": printed}
    assert "client-per-call" in outputs["terminal"]
    assert "from_url" in outputs["page"]
    assert {name for name, text in outputs.items() if "hunter2" in text} == set()
