"""What is left of a fault proxy: nothing. And how it stands before a Redis."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.network.both_ends import Setup
from tests.waiting import eventually
from tutorial_lib.errors import CannotConnect, NotAllowed
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.servers.redis_process import RedisProcess


@pytest.fixture
def setup() -> Iterator[Setup]:
    setup = Setup()
    yield setup
    setup.close()


# -- nothing is left


def open_descriptors() -> set[tuple[int, int]]:
    """Return each open descriptor and what it is for: one closed elsewhere meanwhile must not hide a new one."""
    found = set()
    for entry in Path("/dev/fd").iterdir():
        with contextlib.suppress(OSError):  # the one by which the folder is read
            found.add((int(entry.name), os.fstat(int(entry.name)).st_ino))
    return found


def test_no_thread_and_no_socket_is_left() -> None:
    threads, descriptors = threading.active_count(), open_descriptors()
    setup = Setup()
    ends = [end for _ in range(5) for end in setup.connection()]
    setup.proxy.refuse()
    setup.proxy.heal()
    setup.proxy.blackhole()
    ends.append(setup.client())
    ends[0].sendall(b"lost")

    setup.proxy.close()
    setup.proxy.close()

    for end in ends:
        with contextlib.suppress(ConnectionResetError):
            assert end.recv(1) == b""
    assert threading.active_count() == threads
    setup.close()
    assert open_descriptors() <= descriptors


def test_an_interrupt_while_it_closes_leaves_nothing_either(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever presses stop at the wrong moment gets the interrupt, and the proxy still ends, by itself."""
    threads, descriptors = threading.active_count() - 1, open_descriptors()
    client, server = setup.connection()
    thread = setup.proxy._loop._thread
    monkeypatch.setattr(thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        setup.proxy.close()
    monkeypatch.undo()

    assert client.recv(1) == server.recv(1) == b""
    assert eventually(lambda: threading.active_count() == threads)
    client.close()
    server.close()
    assert open_descriptors() < descriptors


def interrupted(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_proxy_that_cannot_listen_leaves_no_thread(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(*arguments: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    threads = threading.active_count()
    visit = threading.Thread(target=setup.see_visitor_off)
    visit.start()
    monkeypatch.setattr("tutorial_lib.network.fault_proxy.Relay", no_more)
    with pytest.raises(OSError, match="Too many open files"):
        FaultProxy(port=setup.listener.getsockname()[1])
    visit.join()

    assert threading.active_count() == threads


@pytest.mark.parametrize("method", ["reset_connections", "blackhole", "refuse", "heal", "traffic"])
def test_a_closed_proxy_says_so(setup: Setup, method: str) -> None:
    setup.proxy.close()

    with pytest.raises(NotAllowed, match=r"closed. Make a new one"):
        getattr(setup.proxy, method)()


def test_a_closed_proxy_takes_no_settings(setup: Setup) -> None:
    setup.proxy.close()

    for setting in ("proxy.round_trip = 1", "proxy.upstream.latency = 1", "proxy.downstream.bandwidth = 10"):
        with pytest.raises(NotAllowed, match=r"closed. Make a new one"):
            exec(setting, {"proxy": setup.proxy})


def run(body: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program of its own; it must end by itself."""
    start = """
    import os, socket, sys, threading
    from tutorial_lib.errors import NotAllowed
    from tutorial_lib.network.fault_proxy import FaultProxy
    listener = socket.create_server(("127.0.0.1", 0))
    visit = threading.Thread(target=lambda: listener.accept()[0].close())
    visit.start()
    proxy = FaultProxy(port=listener.getsockname()[1])
    client = socket.create_connection((proxy.host, proxy.port), timeout=5)
    server = listener.accept()[0]
    """
    program = before + textwrap.dedent(start) + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)


def test_a_program_that_forgets_to_close_still_ends() -> None:
    done = run("print(proxy)", before="import atexit; atexit.register(lambda: print(proxy, threading.active_count()))")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "FaultProxy(no faults)\nFaultProxy(closed) 1\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_keeps_nothing_open_and_cannot_use_it() -> None:
    done = run("""
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of a fork beside threads.
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        client.close()
        try:
            proxy.reset_connections()
        except NotAllowed as error:
            os.write(1, f"{error}\\n".encode())
        try:
            proxy.round_trip = 1
        except NotAllowed:
            os.write(1, b"no settings either\\n")
        proxy.close()
        os.close(tell)
        os.read(told, 1)  # Live on until the parent ends.
        os._exit(0)
    os.close(told)
    os.write(1, f"{proxy.reset_connections()}\\n".encode())  # In one piece: the child writes here too.
    try:
        os.write(1, client.recv(1))
    except ConnectionResetError:
        os.write(1, b"reset\\n")
    os.close(tell)
    os.waitpid(child, 0)
    """)

    assert sorted(done.stdout.splitlines()) == [
        "1",
        "Only the process that made this FaultProxy can use it. Use it there.",
        "no settings either",
        "reset",
    ]
    assert (done.returncode, done.stderr) == (0, "")


# -- in front of a Redis


@pytest.mark.redis_server
def test_making_a_proxy_leaves_the_servers_counts_settled() -> None:
    with RedisProcess() as server, FaultProxy(server) as proxy:
        opened = server.opened()
        assert server.clients() == []
        with redis.Redis.from_url(proxy.url) as client:
            client.ping()
            assert server.opened() - opened == 1
            assert len(server.clients()) == 1


@pytest.mark.redis_server
def test_a_command_whose_reply_is_cut_was_carried_out() -> None:
    with RedisProcess() as server, FaultProxy(server) as proxy:
        pool = redis.ConnectionPool(host=proxy.host, port=proxy.port)
        client = redis.Redis(connection_pool=pool)
        client.ping()

        proxy.reset_after(2)
        with pytest.raises(redis.ConnectionError):
            client.incr("visits")

        assert client.get("visits") == b"1"
        pool.disconnect()


def test_who_asks_while_another_thread_closes_it_is_answered(setup: Setup) -> None:
    """A question that comes while the proxy's thread is ending has nobody to answer it."""
    # Where nobody sees a new proxy off, it waits for that until its time is up.
    visits = threading.Thread(target=lambda: [setup.see_visitor_off() for _ in range(20)])
    visits.start()
    proxies = [FaultProxy(port=setup.listener.getsockname()[1]) for _ in range(20)]
    visits.join()
    answers: list[str] = []

    def ask(proxy: FaultProxy) -> None:
        with contextlib.suppress(NotAllowed):
            while True:
                proxy.traffic()
        answers.append("closed")

    for proxy in proxies:
        asking = threading.Thread(target=ask, args=[proxy], daemon=True)
        asking.start()
        proxy.close()
        asking.join(10)
    assert len(answers) == len(proxies)


def test_a_host_that_no_name_can_have_is_a_sentence() -> None:
    with pytest.raises(CannotConnect, match=r"Nothing answers on a\.\.b"):
        FaultProxy(host="a..b", port=6379)
