"""The fault proxy between two plain sockets, so that both ends of every connection are in the test's hands."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import re
import select
import selectors
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.waiting import eventually
from tutorial_lib.errors import BadSetting, CannotConnect, NotAllowed
from tutorial_lib.faults import FaultProxy, Wire
from tutorial_lib.faults.flow import WINDOW
from tutorial_lib.faults.link import Link
from tutorial_lib.faults.loop import FineSelector
from tutorial_lib.faults.outlet import Outlet
from tutorial_lib.servers.redis_process import RedisProcess

LONG = 60.0
"""A delay that no test lives to see the end of."""


class Setup:
    """A listener that plays the server, a proxy in front of it, and the sockets that a test opens."""

    def __init__(self) -> None:
        self.sockets = contextlib.ExitStack()
        self.listener = self.sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=300))
        self.listener.settimeout(5)
        visit = threading.Thread(target=self._see_visitor_off)
        visit.start()
        self.proxy = FaultProxy(port=self.listener.getsockname()[1])
        visit.join()

    def _see_visitor_off(self) -> None:
        """The proxy comes once to see if anybody is there."""
        with self.listener.accept()[0] as visitor:
            assert visitor.recv(1) == b""

    def client(self) -> socket.socket:
        return self.sockets.enter_context(socket.create_connection((self.proxy.host, self.proxy.port), timeout=5))

    def connection(self) -> tuple[socket.socket, socket.socket]:
        """Open a connection and return the client's end and the server's."""
        client = self.client()
        server = self.sockets.enter_context(self.listener.accept()[0])
        server.settimeout(5)
        return client, server

    def nobody_came(self) -> bool:
        return not select.select([self.listener], [], [], 0)[0]

    def close(self) -> None:
        self.proxy.close()
        self.sockets.close()


@pytest.fixture
def setup() -> Iterator[Setup]:
    setup = Setup()
    yield setup
    setup.close()


def receive(sock: socket.socket, count: int) -> bytes:
    """Read exactly so many bytes, or fewer if the other end finishes."""
    data = bytearray()
    while len(data) < count and (piece := sock.recv(count - len(data))):
        data += piece
    return bytes(data)


def until_reset(sock: socket.socket) -> bytes:
    """Read until the connection is reset. Fails if it ends in another way, or not at all."""
    data = bytearray()
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionResetError:
            return bytes(data)
        assert piece, "it ended politely"
        data += piece


def is_silent(sock: socket.socket) -> bool:
    """Nothing has arrived by now: no bytes, no end, no reset."""
    return not select.select([sock], [], [], 0)[0]


def elapsed(start: float) -> float:
    return time.monotonic() - start


# -- nothing wrong


def test_bytes_come_through_as_they_are(setup: Setup) -> None:
    client, server = setup.connection()
    there, back = random.Random(1).randbytes(5_000_000), random.Random(2).randbytes(3_000_000)
    senders = [
        threading.Thread(target=client.sendall, args=[there]),
        threading.Thread(target=server.sendall, args=[back]),
    ]
    for sender in senders:
        sender.start()
    received: dict[str, bytes] = {}
    reader = threading.Thread(target=lambda: received.update(back=receive(client, len(back))))
    reader.start()

    assert receive(server, len(there)) == there
    for thread in [*senders, reader]:
        thread.join()
    assert received["back"] == back
    traffic = setup.proxy.traffic()
    assert (traffic.to_server, traffic.to_client) == (len(there), len(back))
    assert (traffic.connections, traffic.open, traffic.cut, traffic.unanswered) == (1, 1, 0, 0)


def test_an_end_that_has_finished_can_still_listen(setup: Setup) -> None:
    client, server = setup.connection()

    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    assert receive(server, 100) == b"question"
    server.sendall(b"answer")
    server.close()
    assert receive(client, 100) == b"answer"
    assert eventually(lambda: setup.proxy.traffic().open == 0)


@pytest.mark.parametrize("first", ["client", "server"])
def test_an_end_that_closes_is_told_to_the_other(setup: Setup, first: str) -> None:
    client, server = setup.connection()
    closing, other = (client, server) if first == "client" else (server, client)

    closing.close()

    assert other.recv(1) == b""


@pytest.mark.parametrize("first", ["client", "server"])
def test_an_end_that_resets_is_told_to_the_other(setup: Setup, first: str) -> None:
    client, server = setup.connection()
    closing, other = (client, server) if first == "client" else (server, client)

    closing.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    closing.close()

    until_reset(other)
    assert setup.proxy.traffic().cut == 0, "that was no fault of the proxy's"


def test_two_hundred_connections_are_not_mixed_up(setup: Setup) -> None:
    clients = [setup.client() for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall(number.to_bytes(4, "big"))
    for _ in clients:
        server = setup.sockets.enter_context(setup.listener.accept()[0])
        server.settimeout(5)
        server.sendall(receive(server, 4) * 2)

    assert [receive(client, 8) for client in clients] == [number.to_bytes(4, "big") * 2 for number in range(200)]
    assert setup.proxy.traffic().open == 200


@pytest.mark.parametrize("latency", [0.0, LONG])
def test_a_sender_is_held_up_when_nobody_reads(setup: Setup, latency: float) -> None:
    client, _ = setup.connection()
    setup.proxy.upstream.latency = latency
    client.setblocking(False)
    sent = 0
    while select.select([], [client], [], 0.2)[1] and sent < 100 * WINDOW:
        sent += client.send(bytes(65536))

    assert sent < 50 * WINDOW, "the proxy keeps all that is sent in memory"
    assert setup.proxy.traffic().to_server <= sent


def test_it_listens_on_the_loopback_only(setup: Setup) -> None:
    assert setup.proxy.host == "127.0.0.1"
    assert setup.client().getpeername() == ("127.0.0.1", setup.proxy.port)


def test_a_proxy_can_stand_before_a_proxy(setup: Setup) -> None:
    client, server = setup.connection()
    client.close()
    assert server.recv(1) == b""
    visit = threading.Thread(target=setup._see_visitor_off)
    visit.start()
    with FaultProxy(setup.proxy) as outer:
        visit.join()
        far = setup.sockets.enter_context(socket.create_connection((outer.host, outer.port), timeout=5))
        near = setup.sockets.enter_context(setup.listener.accept()[0])
        far.sendall(b"hello")
        assert near.recv(5) == b"hello"


# -- delays. A lower bound on a time is exact: a busy machine only makes it longer.


@pytest.mark.parametrize("way", ["upstream", "downstream"])
def test_latency_is_added_in_one_direction(setup: Setup, way: str) -> None:
    client, server = setup.connection()
    sender, receiver = (client, server) if way == "upstream" else (server, client)
    getattr(setup.proxy, way).latency = 0.1

    start = time.monotonic()
    sender.sendall(b"slow")
    assert receiver.recv(4) == b"slow"
    assert elapsed(start) >= 0.1

    getattr(setup.proxy, way).latency = LONG
    receiver.sendall(b"fast")
    assert sender.recv(4) == b"fast"


def test_latency_does_not_hold_up_what_follows(setup: Setup) -> None:
    """A wire carries many things at once: a hundred that set out one by one do not take a hundred times as long."""
    client, server = setup.connection()
    setup.proxy.upstream.latency = 0.2

    start = time.monotonic()
    for number in range(100):
        client.sendall(bytes([number]))
        assert eventually(lambda number=number: setup.proxy.traffic().to_server > number)

    assert receive(server, 100) == bytes(range(100))
    assert elapsed(start) < 100 * 0.2


def test_every_piece_takes_its_own_time(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.upstream.latency = 0.2
    client.sendall(b"first")
    assert eventually(lambda: setup.proxy.traffic().to_server == 5)
    time.sleep(0.1)  # Not to wait for anything: the second shall set out while the first is half way.

    start = time.monotonic()
    client.sendall(b"second")
    assert receive(server, 11) == b"firstsecond"
    assert elapsed(start) >= 0.2


def test_order_is_kept_under_jitter_and_change(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.upstream.jitter = 0.03

    for number in range(100):
        client.sendall(bytes([number]))
        assert eventually(lambda number=number: setup.proxy.traffic().to_server > number)
        if number == 50:
            setup.proxy.upstream.latency = 0.1
        if number == 60:
            setup.proxy.upstream.latency = setup.proxy.upstream.jitter = 0

    assert receive(server, 100) == bytes(range(100))


def test_the_end_does_not_overtake_the_bytes(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.upstream.latency = 0.1

    client.sendall(b"last words")
    client.shutdown(socket.SHUT_WR)
    assert eventually(lambda: setup.proxy.traffic().to_server == 10)
    setup.proxy.upstream.latency = 0

    assert receive(server, 100) == b"last words"


def test_the_end_waits_until_a_slow_reader_has_everything(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.upstream.latency = 0.01
    words = random.Random(3).randbytes(12_000_000)

    def speak() -> None:
        client.sendall(words)
        client.shutdown(socket.SHUT_WR)

    speaker = threading.Thread(target=speak)
    speaker.start()
    assert eventually(lambda: setup.proxy.traffic().to_server > WINDOW)

    assert receive(server, len(words) + 1) == words
    speaker.join()


def test_a_connection_opens_in_one_round_trip_and_asks_in_another(setup: Setup) -> None:
    setup.proxy.round_trip = 0.1
    start = time.monotonic()
    client, server = setup.connection()

    for trips in (2, 3):
        client.sendall(b"?")
        assert server.recv(1) == b"?"
        server.sendall(b"!")
        assert client.recv(1) == b"!"
        assert elapsed(start) >= trips * 0.1


def test_a_narrow_wire_takes_its_time(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.upstream.bandwidth = 20_000

    start = time.monotonic()
    client.sendall(bytes(4000))
    assert len(receive(server, 4000)) == 4000
    assert elapsed(start) >= 0.2


def test_bytes_trickle_through_a_narrow_wire(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.upstream.bandwidth = 2000

    client.sendall(bytes(4000))
    first = server.recv(4000)
    setup.proxy.heal()

    assert len(first) < 4000
    assert len(receive(server, 4000 - len(first))) + len(first) == 4000


@pytest.mark.parametrize("setting", ["latency", "bandwidth"])
def test_healing_lets_everything_arrive_at_once(setup: Setup, setting: str) -> None:
    client, server = setup.connection()
    setattr(setup.proxy.upstream, setting, LONG if setting == "latency" else 1)
    client.sendall(bytes(1000))
    assert eventually(lambda: setup.proxy.traffic().to_server >= 1)

    setup.proxy.heal()

    assert len(receive(server, 1000)) == 1000
    assert repr(setup.proxy) == "FaultProxy(no faults)"


# -- cuts


def test_every_connection_can_be_reset(setup: Setup) -> None:
    connections = [setup.connection() for _ in range(3)]

    assert setup.proxy.reset_connections() == 3

    for client, server in connections:
        assert until_reset(client) == b""
        assert until_reset(server) == b""
    assert (setup.proxy.traffic().open, setup.proxy.traffic().cut) == (0, 3)
    client, server = setup.connection()
    client.sendall(b"again")
    assert server.recv(5) == b"again"


def test_a_connection_that_was_only_now_opened_is_reset_too(setup: Setup) -> None:
    client = setup.client()

    assert setup.proxy.reset_connections() == 1

    until_reset(client)


@pytest.mark.parametrize("count", [0, 1, 7])
@pytest.mark.parametrize("latency", [0.0, 0.05])
def test_a_reply_is_cut_after_so_many_bytes(setup: Setup, count: int, latency: float) -> None:
    client, server = setup.connection()
    setup.proxy.downstream.latency = latency
    setup.proxy.reset_after(count)

    client.sendall(b"incr")
    assert server.recv(4) == b"incr", "what is asked gets through"
    server.sendall(b"0123456789")

    assert until_reset(client) == b"0123456789"[:count]
    until_reset(server)
    assert setup.proxy.traffic().cut == 1


def test_a_cut_counts_over_replies_and_connections_and_happens_once(setup: Setup) -> None:
    first, second = setup.connection(), setup.connection()
    setup.proxy.reset_after(10)

    for client, server in (first, second):
        server.sendall(b"12345")
        assert receive(client, 5) == b"12345"
    second[1].sendall(b"6")
    assert until_reset(second[0]) == b""
    first[1].sendall(b"still here")
    assert receive(first[0], 10) == b"still here"


def test_a_cut_waits_for_a_slow_reader(setup: Setup) -> None:
    """What the proxy itself still has to write is written first. What the sockets hold may be lost."""
    client, server = setup.connection()
    setup.proxy.reset_after(20_000_000)
    sender = threading.Thread(target=send_until_reset, args=[server])
    sender.start()

    assert eventually(lambda: setup.proxy.traffic().to_client > WINDOW)
    assert not setup.proxy.traffic().cut
    assert WINDOW < len(until_reset(client)) <= 20_000_000
    sender.join()


def send_until_reset(sock: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while True:
            sock.sendall(bytes(65536))


# -- silence


def test_a_blackhole_swallows_both_ways_and_tells_nobody(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.blackhole()

    client.sendall(b"hello?")
    server.sendall(b"anybody?")
    assert eventually(lambda: setup.proxy.traffic().to_server + setup.proxy.traffic().to_client == 14)

    assert is_silent(client)
    assert is_silent(server)


def test_a_blackhole_lets_new_connections_in_and_the_server_never_hears(setup: Setup) -> None:
    setup.proxy.blackhole()

    client = setup.client()
    client.sendall(b"hello?")
    assert eventually(lambda: setup.proxy.traffic().to_server == 6)

    assert is_silent(client)
    assert setup.nobody_came()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_end_of_a_connection_is_swallowed_as_well(setup: Setup, how: str) -> None:
    client, server = setup.connection()
    setup.proxy.blackhole()
    if how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    probe = setup.client()
    probe.sendall(b"x")  # When this has been read, so has the end before it.
    assert eventually(lambda: setup.proxy.traffic().to_server == 1)

    assert is_silent(server)
    setup.proxy.heal()
    until_reset(server)


def test_what_was_under_way_is_swallowed(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.upstream.latency = LONG
    client.sendall(b"too late")
    assert eventually(lambda: setup.proxy.traffic().to_server == 8)

    setup.proxy.blackhole()
    setup.proxy.heal()

    until_reset(client)
    assert until_reset(server) == b""


def test_after_a_blackhole_only_those_that_lost_bytes_are_reset(setup: Setup) -> None:
    (talker, _), (quiet, server) = setup.connection(), setup.connection()
    setup.proxy.blackhole()
    latecomer = setup.client()
    talker.sendall(b"lost")
    assert eventually(lambda: setup.proxy.traffic().to_server == 4)

    setup.proxy.heal()

    until_reset(talker)
    until_reset(latecomer)
    quiet.sendall(b"still here")
    assert receive(server, 10) == b"still here"


# -- a shut door


def test_refusing_refuses_new_connections_only(setup: Setup) -> None:
    client, server = setup.connection()

    setup.proxy.refuse()
    setup.proxy.refuse()

    with pytest.raises(ConnectionRefusedError):
        setup.client()
    client.sendall(b"still here")
    assert receive(server, 10) == b"still here"


def test_the_door_opens_again_at_the_same_port(setup: Setup) -> None:
    port = setup.proxy.port
    setup.proxy.refuse()
    setup.proxy.heal()
    setup.proxy.heal()

    client, server = setup.connection()
    client.sendall(b"hello")
    assert server.recv(5) == b"hello"
    assert setup.proxy.port == port


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can keep a port and refuse")
def test_nobody_can_take_the_port_meanwhile(setup: Setup) -> None:
    setup.proxy.refuse()

    with socket.socket() as other, pytest.raises(OSError, match="in use") as failure:
        other.bind(("127.0.0.1", setup.proxy.port))
    assert failure.value.errno == errno.EADDRINUSE


def test_who_connected_before_the_door_shut_is_in(setup: Setup) -> None:
    client = setup.client()
    setup.proxy.refuse()

    server = setup.sockets.enter_context(setup.listener.accept()[0])
    client.sendall(b"hello")
    assert server.recv(5) == b"hello"


def test_a_server_that_has_gone_resets_its_clients(setup: Setup) -> None:
    setup.listener.close()

    with pytest.raises(ConnectionResetError):  # It can come before connect() has returned.
        setup.client().recv(1)

    assert eventually(lambda: setup.proxy.traffic().unanswered == 1)
    assert setup.proxy.traffic().open == 0


# -- parts that the wire seldom shows


def test_an_outlet_keeps_what_its_socket_does_not_take() -> None:
    words = random.Random(4).randbytes(3_000_000)
    done: list[str] = []

    async def scenario() -> bytes:
        near, far = socket.socketpair()
        near.setblocking(False)
        outlet = Outlet(near, ready=lambda: done.append("ready"), broken=lambda: done.append("broken"))
        for start in range(0, len(words), 1_000_000):
            outlet.write(words[start : start + 1_000_000])
        assert outlet.is_stuck
        outlet.when_written(lambda: done.append("last"))
        assert done == []
        with far:
            received = await asyncio.to_thread(receive, far, len(words))
        outlet.when_written(near.close)
        return received

    assert asyncio.run(scenario()) == words
    assert done == ["last"]


def test_an_outlet_says_once_that_it_is_ready_or_broken() -> None:
    done: list[str] = []

    async def scenario() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        outlet = Outlet(near, ready=lambda: done.append("ready"), broken=lambda: done.append("broken"))
        outlet.write(bytes(2_000_000))
        await asyncio.to_thread(receive, far, 2_000_000)
        for _ in range(5):
            await asyncio.sleep(0)
        far.close()
        outlet.write(b"x")
        near.close()

    asyncio.run(scenario())
    assert done == ["ready", "broken"]


def test_a_link_that_is_cut_while_it_connects_resets_the_server_as_well(setup: Setup) -> None:
    async def scenario() -> None:
        near, far = socket.socketpair()
        link = Link(near, Wire(), Wire(), gone=lambda link: None)
        opening = asyncio.create_task(link.open(socket.AF_INET, setup.listener.getsockname()))
        await asyncio.sleep(0)
        link.cut()
        await opening
        far.close()

    asyncio.run(scenario())
    server = setup.sockets.enter_context(setup.listener.accept()[0])
    server.settimeout(5)
    assert until_reset(server) == b""


def test_a_fine_selector_selects() -> None:
    near, far = socket.socketpair()
    with near, far, FineSelector() as selector:
        selector.register(near, selectors.EVENT_READ)
        assert selector.select(0) == selector.select(0.001) == selector.select(-1) == []
        far.send(b"x")
        for timeout in (0, 0.001, LONG, None):
            assert [key.fileobj for key, _ in selector.select(timeout)] == [near]


# -- what it shows


def test_its_repr_tells_what_is_wrong(setup: Setup) -> None:
    proxy = setup.proxy
    assert repr(proxy) == "FaultProxy(no faults)"

    proxy.round_trip = 0.01
    assert proxy.round_trip == 0.01
    assert repr(proxy) == "FaultProxy(upstream.latency=0.005, downstream.latency=0.005)"
    assert repr(proxy.upstream) == "Wire(latency=0.005, jitter=0, bandwidth=None)"

    proxy.heal()
    proxy.downstream.jitter, proxy.upstream.bandwidth = 0.001, 1000
    proxy.blackhole()
    proxy.refuse()
    assert repr(proxy) == "FaultProxy(upstream.bandwidth=1000, downstream.jitter=0.001, blackhole, refuse)"

    proxy.close()
    assert repr(proxy) == "FaultProxy(closed)"


# -- nothing is left


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


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
    assert open_descriptors() == descriptors


@pytest.mark.parametrize("method", ["reset_connections", "blackhole", "refuse", "heal", "traffic"])
def test_a_closed_proxy_says_so(setup: Setup, method: str) -> None:
    setup.proxy.close()

    with pytest.raises(NotAllowed, match=r"closed. Make a new one"):
        getattr(setup.proxy, method)()


def run(body: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program of its own; it must end by itself."""
    start = """
    import os, socket, sys, threading
    from tutorial_lib.errors import NotAllowed
    from tutorial_lib.faults import FaultProxy
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
        proxy.close()
        os.close(tell)
        os.read(told, 1)  # Live on until the parent ends.
        os._exit(0)
    os.close(told)
    print(proxy.reset_connections())
    try:
        print(client.recv(1))
    except ConnectionResetError:
        print("reset")
    os.close(tell)
    os.waitpid(child, 0)
    """)

    assert sorted(done.stdout.splitlines()) == [
        "1",
        "Only the process that made this FaultProxy can use it. Use it there.",
        "reset",
    ]
    assert (done.returncode, done.stderr) == (0, "")


# -- bad input


def test_nobody_there_is_told_at_once() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(
            CannotConnect, match=rf"Nobody answers on 127.0.0.1:{port} .*refused.*Start the server first"
        ):
            FaultProxy(port=port)


class Thing:
    host, port = "127.0.0.1", None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "server is None. Give a server of start_server(), or host= and port=."),
        ({"server": 6379}, "server is 6379. Give a server"),
        ({"server": Thing}, "Give a server of start_server()"),
        ({"host": "localhost"}, "Give a server of start_server()"),
        ({"server": Thing, "port": 6379}, "Give either a server, or a host and a port."),
        ({"port": 0}, "port is 0. Give the number of a port, 1 to 65535."),
        ({"port": 70_000}, "port is 70000. Give the number of a port"),
        ({"port": "6379"}, "port is '6379'. Give the number of a port"),
        ({"port": 6379, "host": 127}, "host is 127. Give a name or an address"),
        ({"port": 6379, "round_trip": -1}, "round_trip is -1. Give 0 or a number above it, in seconds."),
    ],
)
def test_a_proxy_needs_a_place_to_lead_to(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(message)):
        FaultProxy(**arguments)


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("latency", -0.1, "latency is -0.1. Give 0 or a number above it, in seconds."),
        ("latency", float("nan"), "latency is nan"),
        ("latency", "fast", "latency is 'fast'"),
        ("jitter", float("inf"), "jitter is inf"),
        ("bandwidth", 0, "bandwidth is 0. Give a number above 0, in bytes per second."),
        ("bandwidth", 0.5, "bandwidth is 0.5. Give 1 or more"),
        ("bandwidth", -5, "bandwidth is -5"),
    ],
)
def test_a_wire_takes_sensible_numbers_only(setup: Setup, setting: str, value: Any, message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        setattr(setup.proxy.upstream, setting, value)
    assert repr(setup.proxy) == "FaultProxy(no faults)"


@pytest.mark.parametrize("value", [-1, 2.5, "7", None, True])
def test_a_cut_is_counted_in_whole_bytes(setup: Setup, value: Any) -> None:
    with pytest.raises(BadSetting, match=r"count is .*whole number of bytes"):
        setup.proxy.reset_after(value)


def test_a_setting_that_does_not_exist_is_no_silent_nothing(setup: Setup) -> None:
    with pytest.raises(AttributeError):
        setup.proxy.latency = 0.01  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        setup.proxy.upstream.latencey = 0.01  # type: ignore[attr-defined]
    with pytest.raises(BadSetting, match="round_trip is -1"):
        setup.proxy.round_trip = -1


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
