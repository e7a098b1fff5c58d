"""The fault proxy's faults: connections cut, swallowed and refused."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.network.both_ends import LONG, Setup, is_silent, receive, until_reset
from tests.waiting import eventually
from tutorial_lib.network.flow import WINDOW


@pytest.fixture
def setup() -> Iterator[Setup]:
    setup = Setup()
    yield setup
    setup.close()


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


def test_every_connection_can_be_closed_in_good_order(setup: Setup) -> None:
    connections = [setup.connection() for _ in range(3)]

    assert setup.proxy.close_connections() == 3

    for client, server in connections:
        assert client.recv(1) == b""
        assert server.recv(1) == b""
    assert (setup.proxy.traffic().open, setup.proxy.traffic().cut) == (0, 0)
    client, server = setup.connection()
    client.sendall(b"again")
    assert server.recv(5) == b"again"


def test_far_ends_say_whose_connection_the_server_sees(setup: Setup) -> None:
    (first, at_first), (second, at_second) = setup.connection(), setup.connection()

    assert setup.proxy.far_ends() == {
        at_first.getpeername(): first.getsockname(),
        at_second.getpeername(): second.getsockname(),
    }
    first.close()
    assert eventually(lambda: list(setup.proxy.far_ends()) == [at_second.getpeername()])


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


# -- a machine that is gone

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves an opening unanswered")


@on_linux
def test_when_it_vanishes_nothing_is_answered_and_nothing_opens(setup: Setup) -> None:
    client, server = setup.connection()

    setup.proxy.vanish()
    setup.proxy.vanish()

    client.sendall(b"lost")
    assert is_silent(server)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            socket.create_connection((setup.proxy.host, setup.proxy.port), timeout=0.05)
    assert repr(setup.proxy) == "FaultProxy(vanish)"


@on_linux
def test_it_comes_back_at_the_same_port(setup: Setup) -> None:
    port = setup.proxy.port
    setup.proxy.vanish()
    setup.proxy.heal()

    client, server = setup.connection()
    client.sendall(b"hello")
    assert server.recv(5) == b"hello"
    assert setup.proxy.port == port
    assert repr(setup.proxy) == "FaultProxy(no faults)"


@on_linux
def test_what_is_refused_after_it_vanished_is_refused(setup: Setup) -> None:
    setup.proxy.vanish()
    setup.proxy.refuse()

    with pytest.raises(ConnectionRefusedError):
        setup.client()


def test_a_server_that_has_gone_resets_its_clients(setup: Setup) -> None:
    setup.listener.close()

    with pytest.raises(ConnectionResetError):  # It can come before connect() has returned.
        setup.client().recv(1)

    assert eventually(lambda: setup.proxy.traffic().unanswered == 1)
    assert setup.proxy.traffic().open == 0
