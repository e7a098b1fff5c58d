"""The fault proxy's delays. No test asks how fast: a lower bound on a time is exact, however busy the machine."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.network.both_ends import LONG, Setup, elapsed, is_silent, receive
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting
from tutorial_lib.network.flow import WINDOW


@pytest.fixture
def setup() -> Iterator[Setup]:
    setup = Setup()
    yield setup
    setup.close()


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
    """A wire carries many things at once: a hundred are under way before the first of them arrives."""
    client, server = setup.connection()
    setup.proxy.upstream.latency = LONG

    for number in range(100):
        client.sendall(bytes([number]))
        assert eventually(lambda number=number: setup.proxy.traffic().to_server > number)

    assert is_silent(server)
    setup.proxy.heal()
    assert receive(server, 100) == bytes(range(100))


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


# -- pauses


def test_a_pause_holds_back_what_the_server_sends_and_not_what_it_is_sent(setup: Setup) -> None:
    client, server = setup.connection()
    setup.proxy.pause(LONG)
    assert repr(setup.proxy) == "FaultProxy(pause)"

    client.sendall(b"question")
    assert receive(server, 8) == b"question"
    server.sendall(b"answer")
    assert eventually(lambda: setup.proxy.traffic().to_client == 6)
    assert is_silent(client)
    setup.proxy.heal()
    assert receive(client, 6) == b"answer"
    assert repr(setup.proxy) == "FaultProxy(no faults)"


def test_a_pause_is_over_after_its_time_and_loses_nothing(setup: Setup) -> None:
    client, server = setup.connection()
    start = time.monotonic()
    setup.proxy.pause(0.2)

    for number in range(100):
        server.sendall(bytes([number]))
    assert receive(client, 100) == bytes(range(100))
    assert elapsed(start) >= 0.2
    server.sendall(b"at once")
    assert receive(client, 7) == b"at once"
    assert setup.proxy._relay.to_client.is_clear, "the next bytes take the short way again"


def test_a_connection_that_is_opened_in_a_pause_waits_for_its_end_too(setup: Setup) -> None:
    setup.proxy.pause(LONG)
    client, server = setup.connection()

    server.sendall(b"hello")
    assert eventually(lambda: setup.proxy.traffic().to_client == 5)
    assert is_silent(client)


@pytest.mark.parametrize("seconds", [-1, float("nan"), "2", 100_000])
def test_a_pause_is_some_seconds(setup: Setup, seconds: Any) -> None:
    with pytest.raises(BadSetting, match="The pause is"):
        setup.proxy.pause(seconds)
