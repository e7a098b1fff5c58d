"""The private redis-server: it starts, harms nobody, and is gone when its Python is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from tests.waiting import eventually
from tutorial_lib.errors import BadSetting, ServerNotFound, ServerStartFailed
from tutorial_lib.servers import private_process
from tutorial_lib.servers.guarded import GuardedProcess
from tutorial_lib.servers.redis_process import RedisProcess


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def script(folder: Path, text: str) -> str:
    program = folder / "redis-server"
    program.write_text("#!/bin/sh\n" + textwrap.dedent(text))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.fixture
def server() -> Iterator[RedisProcess]:
    with RedisProcess() as server:
        yield server


@pytest.fixture
def visitor(server: RedisProcess) -> Iterator[redis.Redis]:
    with redis.Redis(host=server.host, port=server.port) as client:
        yield client


# -- a visitor can use it, and do no harm with it


@pytest.mark.redis_server
@pytest.mark.parametrize(
    "command",
    [
        "CONFIG SET dir /tmp",
        "CONFIG SET dbfilename x",
        "CONFIG SET protected-mode no",
        "CONFIG SET bind 0.0.0.0",
        "CONFIG REWRITE",
        "MODULE LOAD /tmp/x.so",
        "DEBUG JMAP",
        "REPLICAOF 127.0.0.1 6379",
        "SLAVEOF 127.0.0.1 6379",
        "MIGRATE 127.0.0.1 6379 k 0 10",
        "SAVE",
        "BGSAVE",
        "BGREWRITEAOF",
        "SHUTDOWN",
        "EVAL return(1) 0",
        "SCRIPT LOAD return(1)",
        "FUNCTION LIST",
        "FCALL f 0",
        "ACL SETUSER me on nopass ~* +@all",
        "ACL SAVE",
        "MONITOR",
        "FAILOVER",
        "SYNC",
    ],
)
def test_a_visitor_may_not(visitor: redis.Redis, command: str) -> None:
    with pytest.raises(redis.ResponseError, match=r"no permissions|not allowed"):
        visitor.execute_command(*command.split())


@pytest.mark.redis_server
def test_a_visitor_may_do_what_lessons_do(visitor: redis.Redis) -> None:
    assert visitor.set("greeting", "hello")
    assert visitor.get("greeting") == b"hello"
    assert visitor.client_setname("web")
    assert len(visitor.client_list()) == 2  # The tutorial's own connection is visible to CLIENT LIST, as any is.
    assert visitor.info("clients")["connected_clients"] == 2
    assert visitor.keys() == [b"greeting"]
    assert visitor.flushdb()


@pytest.mark.redis_server
def test_it_listens_on_the_loopback_only(server: RedisProcess) -> None:
    listening = {
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{server.port:04X}")
    }
    if not listening:
        pytest.skip("no /proc/net/tcp here to read the listening addresses from")
    assert listening == {f"0100007F:{server.port:04X}"}


@pytest.mark.redis_server
def test_the_secret_is_not_on_the_command_line(server: RedisProcess) -> None:
    assert server._secret not in " ".join(server._command(server.port))


@pytest.mark.redis_server
def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with RedisProcess() as server, redis.Redis(host=server.host, port=server.port) as client:
        client.set("greeting", "hello")
        saves = {row: client.info("persistence")[row] for row in ("rdb_bgsave_in_progress", "aof_enabled")}
    assert saves == {"rdb_bgsave_in_progress": 0, "aof_enabled": 0}
    assert list(tmp_path.iterdir()) == []


# -- it ends with the process that started it

CHILD = """
import json, os, signal, sys, threading
from tutorial_lib.servers.redis_process import RedisProcess
server = RedisProcess()
print(json.dumps({"port": server.port}), flush=True)
sys.stdin.readline()  # until the test has seen the server
"""


def start_child(body: str) -> tuple[subprocess.Popen[str], int]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD + textwrap.dedent(body)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdin
    assert child.stdout
    port = json.loads(child.stdout.readline())["port"]
    with socket.create_connection(("127.0.0.1", port)) as probe:
        probe.sendall(b"PING\r\n")
        assert probe.recv(100) == b"+PONG\r\n"  # Whoever is only connected may not have been counted yet.
    child.stdin.write("\n")
    child.stdin.flush()
    return child, port


@pytest.mark.redis_server
@pytest.mark.parametrize(
    "ending",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "os.killpg(0, signal.SIGKILL)",
        "os._exit(3)",
        "sys.exit(3)",
        "raise KeyboardInterrupt",
        "os.abort()",
        "threading.Thread(target=os._exit, args=(3,)).start(); sys.stdin.read()",
    ],
)
def test_it_ends_however_its_python_ends(ending: str) -> None:
    child, port = start_child(ending)
    with child:
        child.communicate()
    assert eventually(lambda: not listens(port))


@pytest.mark.redis_server
def test_a_forked_child_that_lives_on_does_not_keep_it(tmp_path: Path) -> None:
    child, port = start_child(
        """
        if os.fork() == 0:
            print(os.getpid(), flush=True)
            signal.pause()
        signal.pause()
        """
    )
    with child:
        assert child.stdout
        grandchild = int(child.stdout.readline())
        try:
            child.kill()
            child.wait()
            assert eventually(lambda: not listens(port))
        finally:
            os.kill(grandchild, signal.SIGKILL)


@pytest.mark.redis_server
def test_a_forked_child_that_exits_leaves_it_running(server: RedisProcess) -> None:
    code = """
    import os
    if os.fork() == 0:
        server.close()
        sys.exit()
    os.wait()
    print(server.opened(), flush=True)
    """
    child, _ = start_child(code)
    with child:
        assert child.communicate()[0].strip() == "1"  # The one of start_child.


@pytest.mark.redis_server
def test_ctrl_c_reaches_the_learner_and_not_the_server() -> None:
    child, port = start_child(
        """
        try:
            print("waiting", flush=True)
            sys.stdin.read()
        except KeyboardInterrupt:
            print(server.opened(), flush=True)
        """
    )
    with child:
        assert child.stdout
        assert child.stdout.readline() == "waiting\n"
        os.killpg(child.pid, signal.SIGINT)
        assert child.stdout.readline() == "1\n"  # It still answers. The one is start_child's.
        child.communicate()
    assert eventually(lambda: not listens(port))


# -- starting


def test_none_installed_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_process, "find_program", lambda: None)
    with pytest.raises(ServerNotFound, match=r"Install one .* TUTORIAL_SERVER=fake"):
        RedisProcess()


def test_one_that_crashes_shows_its_own_last_lines(tmp_path: Path) -> None:
    with pytest.raises(ServerStartFailed, match="cannot allocate a frobnicator") as caught:
        RedisProcess(script(tmp_path, "echo 'FATAL: cannot allocate a frobnicator'; exit 1"))
    assert "TUTORIAL_SERVER=fake" in str(caught.value)


def test_one_that_crashes_silently(tmp_path: Path) -> None:
    with pytest.raises(ServerStartFailed, match="it wrote nothing"):
        RedisProcess(script(tmp_path, "exit 1"))


def test_one_that_hangs_is_given_up_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_process, "START_TIMEOUT", 0.2)
    program = script(tmp_path, f"echo $$ > {tmp_path}/pid; echo hello; exec sleep 1000")
    with pytest.raises(ServerStartFailed, match="hello"):
        RedisProcess(program)
    pid = int((tmp_path / "pid").read_text())
    assert eventually(lambda: not alive(pid))


def alive(pid: int) -> bool:
    """A process that has ended and only waits for its parent to notice counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_an_interrupt_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        assert eventually(lambda: bool((tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip()))
        raise KeyboardInterrupt

    monkeypatch.setattr(GuardedProcess, "wait_for", interrupted)
    with pytest.raises(KeyboardInterrupt):
        RedisProcess(script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 1000"))
    pid = int((tmp_path / "pid").read_text())
    assert eventually(lambda: not alive(pid))


@pytest.mark.redis_server
def test_a_port_that_is_taken_meanwhile_is_tried_elsewhere(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = private_process.free_port
    offered = iter([server.port, server.port])
    monkeypatch.setattr(private_process, "free_port", lambda: next(offered, None) or free())
    with RedisProcess() as second:
        assert second.port != server.port
        assert second.opened() == 0


@pytest.mark.redis_server
def test_a_limit_that_this_machine_refuses_is_a_sentence(server: RedisProcess) -> None:
    with pytest.raises(BadSetting, match="Try a smaller number"):
        server._ask(lambda control: control.configure("maxclients", -5))


# -- what it tells is true


@pytest.mark.redis_server
def test_a_client_that_is_gone_is_not_listed_although_the_server_learns_of_both_at_once(
    server: RedisProcess, visitor: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.ping()
    assert len(server.clients()) == 1
    sent, send = threading.Event(), redis.Connection.send_packed_command

    def send_and_tell(self: redis.Connection, *args: Any, **options: Any) -> None:
        send(self, *args, **options)
        sent.set()

    monkeypatch.setattr(redis.Connection, "send_packed_command", send_and_tell)
    (stopped,) = psutil.Process(server._process._guardian.pid).children()
    with ThreadPoolExecutor(1) as pool:
        stopped.suspend()
        try:
            assert eventually(lambda: stopped.status() == psutil.STATUS_STOPPED)
            listed = pool.submit(server.clients)
            assert sent.wait(10)
            visitor.close()
        finally:
            stopped.resume()
        assert listed.result(10) == []
