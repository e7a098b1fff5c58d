"""A private redis-server ends with the process that started it, whoever is killed first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis

from tests.waiting import eventually
from tutorial_lib.commands.command_line import main
from tutorial_lib.errors import BadSetting, CannotConnect
from tutorial_lib.servers.guarded import GuardedProcess
from tutorial_lib.servers.redis_process import RedisProcess

pytestmark = pytest.mark.redis_server

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a program with its parent")

SIGNALS = ["SIGKILL", "SIGQUIT", "SIGUSR1", "SIGTERM", "SIGHUP"]


@pytest.fixture
def server() -> Iterator[RedisProcess]:
    with RedisProcess() as server:
        yield server


def guardian_of(server: RedisProcess) -> psutil.Process:
    assert server._process
    return psutil.Process(server._process._guardian.pid)


def program_of(server: RedisProcess) -> psutil.Process:
    return next(child for child in guardian_of(server).children() if "redis" in child.name())


def has_ended(process: psutil.Process) -> bool:
    """A process that has ended and only waits for its parent to notice counts as gone."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True


@pytest.mark.parametrize("name", SIGNALS)
def test_a_polite_close_leaves_nothing_after_the_guardian_got_a_signal(server: RedisProcess, name: str) -> None:
    both = [guardian_of(server), program_of(server)]
    both[0].send_signal(getattr(signal, name))
    server.close()
    assert all(has_ended(process) for process in both)


@linux
def test_the_server_ends_when_its_guardian_is_killed(server: RedisProcess) -> None:
    program = program_of(server)
    guardian_of(server).kill()
    assert eventually(lambda: has_ended(program))


def test_close_ends_a_server_that_stands_still(server: RedisProcess) -> None:
    program = program_of(server)
    program.suspend()
    server.close()
    assert has_ended(program)


def test_without_the_kernels_help_close_still_finds_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "setpriv").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "setpriv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with RedisProcess() as server:
        guardian, program = guardian_of(server), program_of(server)
        guardian.kill()
        assert eventually(lambda: has_ended(guardian))
        assert server.opened() == 0
    assert has_ended(program)


# -- a server that has died

QUESTIONS = ["clients", "opened", "commands", "kill_clients"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_questions_to_a_server_that_died_say_so_and_what_to_do(server: RedisProcess, question: str) -> None:
    program_of(server).kill()
    assert eventually(lambda: server._process and not server._process.is_running)
    for _ in range(2):
        with pytest.raises(CannotConnect, match=r"has ended, .* Run start_server\(\) again"):
            getattr(server, question)()


def test_a_server_that_dies_while_it_is_asked_says_so(server: RedisProcess) -> None:
    control = server._control
    assert control
    ask = control.opened

    def dies_first() -> int:
        program_of(server).kill()
        assert eventually(lambda: server._process and not server._process.is_running)
        return ask()

    with pytest.raises(CannotConnect, match="has ended"):
        server._ask(lambda _: dies_first())


def test_settings_of_a_server_that_died_say_so(server: RedisProcess) -> None:
    program_of(server).kill()
    assert eventually(lambda: server._process and not server._process.is_running)
    for setting in (lambda: server.set_limit(5), lambda: server.set_idle_timeout(5), lambda: server.pause(0.1)):
        with pytest.raises(CannotConnect, match="has ended"):
            setting()


def test_the_repr_does_not_say_that_a_dead_server_runs(server: RedisProcess) -> None:
    assert f"on 127.0.0.1:{server.port}" in repr(server)
    program_of(server).kill()
    assert eventually(lambda: "has ended" in repr(server))
    assert str(server.port) not in repr(server)
    assert "Run start_server() again." in repr(server)
    server.close()
    assert "(closed)" in repr(server)
    with pytest.raises(BadSetting, match="closed"):
        server.opened()


def test_while_the_server_runs_redis_pys_own_errors_are_shown(server: RedisProcess) -> None:
    def refused(control: object) -> None:
        raise redis.ConnectionError("the server's own words")

    with pytest.raises(redis.ConnectionError, match="own words"):
        server._ask(refused)


@pytest.mark.parametrize("command", ["greet", "doctor"])
def test_the_command_line_says_so_in_a_sentence(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start_one_that_dies() -> RedisProcess:
        server = RedisProcess()
        program_of(server).kill()
        assert eventually(lambda: server._process and not server._process.is_running)
        return server

    monkeypatch.setattr(f"tutorial_lib.commands.{command}.start_server", start_one_that_dies)
    assert main([command]) == 1
    said = " ".join("".join(capsys.readouterr()).split())
    assert "has ended, because something killed it. Run start_server() again" in said
    assert "Traceback" not in said


# -- any order

KILLS = int(os.environ.get("TUTORIAL_KILLS", "100"))
"""How many processes are killed, three a round; set it higher for a longer run."""

# One Python that has imported everything, and a fork of it a round: the owner of a server. It prints what it started.
ROUNDS = """
import os, random, signal, sys, time
from contextlib import suppress
import psutil
from tutorial_lib.servers.redis_process import RedisProcess

chance = random.Random(int(sys.argv[1]))

def own(pipe):
    server = RedisProcess()
    guardian = server._process._guardian.pid
    children = psutil.Process(guardian).children()
    os.write(pipe, b"%d %d\\n" % (guardian, children[0].pid))
    time.sleep(chance.random() * 0.01)
    if chance.random() < 0.3:
        server.close()
        os._exit(0)
    signal.pause()

for _ in range(int(sys.argv[2])):
    seed = chance.random()
    out, into = os.pipe()
    owner = os.fork()
    if not owner:
        os.close(out)
        chance.seed(seed)
        own(into)
    os.close(into)
    started = b""
    while not started.endswith(b"\\n"):
        started += os.read(out, 100)
    os.close(out)
    guardian, program = map(int, started.split())
    order = [owner, guardian, program]
    chance.shuffle(order)
    for victim in order:
        time.sleep(chance.random() * 0.005)
        with suppress(ProcessLookupError):
            if victim != program or chance.random() < 0.5:  # In half of the rounds the server must end by itself.
                os.kill(victim, chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGQUIT, signal.SIGUSR1]))
    with suppress(ProcessLookupError):
        os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    print(guardian, program, flush=True)
"""


@linux
@pytest.mark.parametrize("seed", [1])
def test_nothing_is_left_in_whatever_order_all_three_are_killed(seed: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ROUNDS), str(seed), str(-(-KILLS // 3))],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60 + KILLS,
    )
    started = [int(pid) for pid in run.stdout.split()]
    assert len(started) == 2 * -(-KILLS // 3)

    def left() -> list[int]:
        return [pid for pid in started if psutil.pid_exists(pid) and not has_ended(psutil.Process(pid))]

    assert eventually(lambda: not left()), left()


# -- the process itself


def test_a_program_that_cannot_be_run_says_why() -> None:
    process = GuardedProcess(["/no/such/program"])
    try:
        said = process.wait_for("ready", 5)
    finally:
        process.end()
    assert said
    assert "/no/such/program" in said
