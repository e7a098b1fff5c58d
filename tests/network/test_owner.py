"""Whose connection is it? Asked of real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.network.stranger import needs_another_user
from tests.waiting import eventually
from tutorial_lib.network import owner
from tutorial_lib.network.owner import OwnUserOnly, Way, ask_kernel, search_own_processes, way_to_tell

linux = pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux's")
both_ways = pytest.mark.parametrize("way", [pytest.param(ask_kernel, marks=linux), search_own_processes])


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@both_ways
def test_both_ways_find_our_own_connection_and_lose_it_when_it_is_closed(way: Way, listener: socket.socket) -> None:
    here = listener.getsockname()
    with socket.create_connection(here) as client:
        end = client.getsockname()
        assert way(end, here)
    assert eventually(lambda: not way(end, here))


@both_ways
def test_a_connection_that_is_not_there_is_nobodys(way: Way, listener: socket.socket) -> None:
    assert not way(("127.0.0.1", 9), listener.getsockname())


@both_ways
def test_a_connection_of_another_process_of_ours_is_ours(way: Way, listener: socket.socket) -> None:
    visit = f"import socket; s = socket.create_connection(('127.0.0.1', {listener.getsockname()[1]})); s.recv(1)"
    with subprocess.Popen([sys.executable, "-c", visit]) as client:
        listener.settimeout(10)
        with listener.accept()[0] as accepted:
            assert way(accepted.getpeername(), accepted.getsockname())
        client.wait(10)


@linux
def test_linux_asks_its_kernel() -> None:
    assert way_to_tell() is ask_kernel


def test_psutil_is_the_second_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    assert way_to_tell() is search_own_processes


def test_a_way_that_does_not_find_our_own_connection_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    monkeypatch.setattr(owner, "search_own_processes", lambda end, other_end: False)
    guard = OwnUserOnly()
    with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
        assert not guard.can_tell
        assert guard.lets_in(accepted)


def test_a_client_that_has_gone_is_not_let_in(listener: socket.socket) -> None:
    guard = OwnUserOnly()
    socket.create_connection(listener.getsockname()).close()
    with listener.accept()[0] as accepted:
        assert eventually(lambda: not guard.lets_in(accepted))


@linux
@needs_another_user
@both_ways
def test_another_users_connection_is_not_ours(way: Way, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    visit = ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port} && read forever <&3"]
    visitor = subprocess.Popen(visit, user=65534, group=65534, extra_groups=[])
    try:
        listener.settimeout(5)
        accepted, end = listener.accept()
        with accepted:
            assert not way(end, accepted.getsockname())
            assert os.geteuid() != 65534
    finally:
        visitor.kill()
        visitor.wait()
