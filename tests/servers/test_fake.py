"""The fallback alone: that it leaves nothing behind, and what is ours and not fakeredis's."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from fakeredis._commands import SUPPORTED_COMMANDS
from fakeredis._core._database import Database
from fakeredis.model import get_command_info

from tests.waiting import eventually
from tutorial_lib.errors import BadSetting
from tutorial_lib.servers import fake_commands, fake_redis
from tutorial_lib.servers.fake import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


def visitor(server: FakeServer, socket_timeout: float = 5) -> redis.Redis:
    return redis.Redis(host=server.host, port=server.port, retry=None, socket_timeout=socket_timeout)


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def run(body: str) -> subprocess.CompletedProcess[str]:
    """Run a program of its own; it must end by itself."""
    return subprocess.run([sys.executable, "-c", textwrap.dedent(body)], capture_output=True, text=True, timeout=30)


def test_it_says_that_times_mean_nothing(server: FakeServer) -> None:
    assert not server.is_real
    assert "inside this Python process" in repr(server)
    assert "a time measured on it says nothing about Redis" in repr(server)


def test_it_listens_on_the_loopback_only(server: FakeServer) -> None:
    listener = server._relay._listener
    assert listener
    assert listener.getsockname() == ("127.0.0.1", server.port)


def test_the_first_clients_share_one_database_even_if_they_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Database.__init__

    def make_slowly(database: Database, *args: Any) -> None:
        time.sleep(0.05)
        make(database, *args)

    monkeypatch.setattr(Database, "__init__", make_slowly)
    with FakeServer() as server, ThreadPoolExecutor(8) as threads:
        visitors = [visitor(server) for _ in range(8)]
        assert sorted(threads.map(lambda r: r.incr("visits"), visitors)) == [*range(1, 9)]
        for each in visitors:
            each.close()


# -- it leaves nothing behind


def test_closing_ends_its_threads_and_sockets(server: FakeServer) -> None:
    before = set(threading.enumerate())
    clients = [visitor(server) for _ in range(5)]
    for client in clients:
        client.ping()
    started = set(threading.enumerate()) - before
    assert len(started) == 5
    server.close()
    assert server._redis.handlers == {}
    assert refused(server.port)
    assert eventually(lambda: not any(thread.is_alive() for thread in started))
    assert not [thread for thread in threading.enumerate() if thread.name == "fakeredis"]
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    "command", ["BLPOP empty 0", "BZPOPMIN empty 0", "XREAD BLOCK 0 STREAMS empty $", "SUBSCRIBE news"]
)
def test_closing_does_not_wait_for_those_who_wait(server: FakeServer, command: str) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as raw:
        words = command.split()
        raw.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
        assert eventually(lambda: server.commands())
        server.close()
        assert server._redis.handlers == {}


def test_closing_ends_a_pause(server: FakeServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as raw:
        raw.sendall(b"*1\r\n$4\r\nPING\r\n")
        assert raw.recv(100) == b"+PONG\r\n"
        server.pause(1000)
        raw.sendall(b"*1\r\n$4\r\nPING\r\n")
        answers: list[object] = []

        def ask() -> None:
            try:
                answers.append(server.opened())
            except BadSetting as error:
                answers.append(str(error))

        asked = threading.Thread(target=ask, daemon=True)
        asked.start()
        server.close()
        assert server._redis.handlers == {}
        asked.join(timeout=5)
        assert answers == ["This server is closed. Run start_server() again."]


def test_closing_from_two_threads_at_once(server: FakeServer) -> None:
    threads = [threading.Thread(target=server.close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert refused(server.port)


@pytest.mark.parametrize(
    "ending",
    ["", "sys.exit(0)", "threading.Thread(target=r.blpop, args=('empty',), daemon=True).start()", "server.close()"],
)
def test_the_interpreter_ends_cleanly(ending: str) -> None:
    done = run(
        f"""
        import redis, sys, threading
        from tutorial_lib.servers.fake import FakeServer
        server = FakeServer()
        r = redis.Redis(port=server.port)
        r.ping()
        subscribed = r.pubsub()
        subscribed.subscribe("news")
        {ending}
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_client_that_goes_without_a_word_is_forgotten(server: FakeServer) -> None:
    for _ in range(5):
        with socket.create_connection((server.host, server.port)) as raw:
            # Linger for no time: the connection is reset, not closed.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            raw.sendall(b"*2\r\n$3\r\nGET\r\n$100\r\nx")
    assert eventually(lambda: server._redis.handlers == {})


# -- forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_can_use_it_and_cannot_end_it(server: FakeServer) -> None:
    with visitor(server) as mine:
        mine.set("greeting", "hello")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                server.close()
                with visitor(server) as its_own:
                    understood = its_own.get("greeting") == b"hello"
                try:
                    server.opened()
                except Exception as error:
                    understood = understood and "lives in the process that started it" in str(error)
                    status = 0 if understood else 2
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert mine.get("greeting") == b"hello"
    assert server.opened() == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_that_lives_on_holds_no_connection_open() -> None:
    done = run(
        """
        import os, signal, socket, warnings
        warnings.simplefilter("ignore")
        from tutorial_lib.servers.fake import FakeServer
        server = FakeServer()
        raw = socket.create_connection((server.host, server.port), timeout=5)
        raw.sendall(b"*1\\r\\n$4\\r\\nPING\\r\\n")
        assert raw.recv(100) == b"+PONG\\r\\n"
        child = os.fork()
        if child == 0:
            raw.close()
            signal.pause()
        try:
            server.kill_clients()
            assert raw.recv(100) == b""
            server.close()
            assert socket.socket().connect_ex((server.host, server.port)) != 0
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        """
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_that_outlives_its_parent_holds_nothing_open() -> None:
    code = """
    import os, signal, sys, warnings
    warnings.simplefilter("ignore")
    from tutorial_lib.servers.fake import FakeServer
    server = FakeServer()
    print(server.port, flush=True)
    sys.stdin.readline()
    child = os.fork()
    if child == 0:
        signal.pause()
    print(child, flush=True)
    signal.pause()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin
        assert parent.stdout
        port = int(parent.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            raw.sendall(b"*1\r\n$4\r\nPING\r\n")
            assert raw.recv(100) == b"+PONG\r\n"
            parent.stdin.write("\n")
            parent.stdin.flush()
            child = int(parent.stdout.readline())
            try:
                parent.kill()
                parent.wait()
                assert raw.recv(100) == b""
                assert refused(port)
            finally:
                os.kill(child, signal.SIGKILL)


# -- what is ours


def test_it_writes_no_file(server: FakeServer, tmp_path: Path) -> None:
    with visitor(server) as r:
        for command in (f"CONFIG SET aclfile {tmp_path}/acl", "ACL SETUSER me on", "ACL SAVE"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                r.execute_command(*command.split())
    assert list(tmp_path.iterdir()) == []


def test_it_runs_no_code_for_a_visitor(server: FakeServer, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "harmed",)

    payload = pickle.dumps(Harm())
    with visitor(server) as r, pytest.raises(redis.exceptions.NoPermissionError):
        r.restore("key", 0, hashlib.sha1(payload).digest() + payload)
    assert list(tmp_path.iterdir()) == []


def test_whatever_redis_calls_dangerous_is_barred() -> None:
    dangerous = set()
    for name in SUPPORTED_COMMANDS:
        about = get_command_info(name.encode())
        if about and {b"@admin", b"@dangerous", b"@scripting"} & set(about[6]):
            dangerous.add(name.split()[0])
    assert dangerous - fake_commands.BARRED == {"client", "flushdb", "keys"}  # As VISITOR_RULES of redis_process allow.


def test_a_barred_command_spoils_its_transaction(server: FakeServer) -> None:
    with visitor(server) as r, r.pipeline() as pipeline:
        pipeline.set("greeting", "hello")
        pipeline.execute_command("FLUSHALL")
        with pytest.raises(redis.ResponseError):
            pipeline.execute()
        assert r.get("greeting") is None


def test_idle_connections_cost_nothing(server: FakeServer) -> None:
    """An idle connection's thread sleeps until something arrives; a subscriber's looks for messages."""
    pauses: list[float | None] = []

    class Watched(fake_redis.Selector):  # type: ignore[name-defined, misc]
        def select(self, timeout: float | None = None) -> object:
            pauses.append(timeout)
            return super().select(timeout)

    with pytest.MonkeyPatch.context() as patch, visitor(server) as r:
        patch.setattr(fake_redis, "Selector", Watched)
        r.ping()
        assert set(pauses) == {None}
        with r.pubsub() as listener:
            listener.subscribe("news")
            assert eventually(lambda: pauses.count(fake_redis.PUSH_DELAY) > 2)


def test_a_given_up_blpop_keeps_no_thread(server: FakeServer) -> None:
    with visitor(server, socket_timeout=0.1) as impatient, pytest.raises(redis.TimeoutError):
        impatient.blpop(["empty"], timeout=0)
    assert eventually(lambda: server._redis.handlers == {})


def test_many_may_connect_before_one_is_accepted(server: FakeServer) -> None:
    asleep = threading.Event()

    async def sleep() -> None:
        asleep.wait(timeout=20)

    sleeping = threading.Thread(target=server._loop.run, args=[sleep()])
    sleeping.start()
    waiting = [socket.create_connection((server.host, server.port), timeout=5) for _ in range(60)]
    asleep.set()
    sleeping.join()
    assert server.opened() == 60
    for raw in waiting:
        raw.close()


def test_a_long_value_goes_to_fakeredis_in_one_piece_and_back_with_its_length(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[int] = []
    sendall = fake_commands.Session.sendall

    def counted(session: fake_commands.Session, data: bytes) -> None:
        pieces.append(len(data))
        sendall(session, data)

    monkeypatch.setattr(fake_commands.Session, "sendall", counted)
    with visitor(server) as r:
        r.set("page", "x" * 1_000_000)
    # Only what was still missing when the rest fitted into one read may come in pieces of its own.
    assert max(pieces) > 1_000_000 - fake_redis.BYTES_AT_A_TIME
    with socket.create_connection((server.host, server.port), timeout=5) as raw:
        raw.sendall(b"*2\r\n$3\r\nGET\r\n$4\r\npage\r\n")
        assert raw.makefile("rb").readline() == b"$1000000\r\n"


def test_a_client_that_closed_does_not_count_against_the_limit(server: FakeServer) -> None:
    server.set_limit(1)
    for _ in range(50):
        with visitor(server) as r:
            assert r.ping()
    assert server.opened() == 50


def test_the_commands_it_does_not_know_are_not_counted(server: FakeServer) -> None:
    with visitor(server) as r:
        r.get("greeting")
        with pytest.raises(redis.ResponseError, match="unknown command"):
            r.execute_command("NOSUCH")
    assert server.commands() == {"HELLO": 1, "CLIENT SETINFO": 2, "GET": 1}


def test_pipelined_requests_before_a_cut_are_done(server: FakeServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as raw:
        raw.sendall(b"*2\r\n$4\r\nINCR\r\n$1\r\na\r\n" * 3 + b"*2\r\n$4\r\nINCR\r\n$1\r\n")
    assert eventually(lambda: server._redis.handlers == {})
    with visitor(server) as r:
        assert r.get("a") == b"3"


def test_a_defect_of_fakeredis_is_an_error_reply(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*arguments: object) -> None:
        raise TypeError("this is not\r\nimplemented")

    monkeypatch.setattr(fake_commands.Session, "get", defect)
    with visitor(server) as r, pytest.raises(redis.ResponseError, match="defect of fakeredis: this is not implemented"):
        r.get("greeting")
    with visitor(server) as r:
        assert r.ping()
