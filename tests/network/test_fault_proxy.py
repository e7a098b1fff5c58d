"""The fault proxy when nothing is wrong, what it shows, and what it does not take."""

from __future__ import annotations

import random
import re
import select
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.network.both_ends import LONG, Setup, receive, until_reset
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting, CannotConnect
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.network.flow import WINDOW


@pytest.fixture
def setup() -> Iterator[Setup]:
    setup = Setup()
    yield setup
    setup.close()


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
    visit = threading.Thread(target=setup.see_visitor_off)
    visit.start()
    with FaultProxy(setup.proxy) as outer:
        visit.join()
        far = setup.sockets.enter_context(socket.create_connection((outer.host, outer.port), timeout=5))
        near = setup.sockets.enter_context(setup.listener.accept()[0])
        far.sendall(b"hello")
        assert near.recv(5) == b"hello"


# -- what it shows


def test_its_repr_tells_what_is_wrong(setup: Setup) -> None:
    proxy = setup.proxy
    assert repr(proxy) == "FaultProxy(no faults)"

    proxy.round_trip = 0.01
    assert proxy.round_trip == 0.01
    assert repr(proxy) == "FaultProxy(upstream.latency=0.005, downstream.latency=0.005)"
    assert repr(proxy.upstream) == "Direction(latency=0.005, jitter=0, bandwidth=None)"

    proxy.heal()
    proxy.downstream.jitter, proxy.upstream.bandwidth = 0.001, 1000
    proxy.blackhole()
    proxy.refuse()
    assert repr(proxy) == "FaultProxy(upstream.bandwidth=1000, downstream.jitter=0.001, blackhole, refuse)"

    proxy.close()
    assert repr(proxy) == "FaultProxy(closed)"


# -- bad input


def test_nobody_there_is_told_at_once() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(
            CannotConnect, match=rf"Nothing answers on 127.0.0.1:{port} .*refused.*Start the server first"
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
