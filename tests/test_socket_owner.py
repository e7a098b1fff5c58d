"""Whose connection is it? Asked of real sockets, and read from tables that a kernel has written."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import eventually
from tutorial_lib.servers import socket_owner
from tutorial_lib.servers.socket_owner import Way, ask_kernel, find_owner, read_table, way_to_tell

HERE = ("127.0.0.1", 6379)
VISITOR = ("127.0.0.1", 50000)

# As x86 and ARM write it: addresses with the lowest byte first.
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 11111 1 0000000000000000
   1: 0100007F:18EB 0100007F:C350 01 00000000:00000000 00:00000000 00000000   999        0 22222 1 0000000000000000
   2: 0100007F:C350 0100007F:18EB 01 00000000:00000000 00:00000000 00000000  1000        0 33333 1 0000000000000000
   3: 0100007F:C351 0100007F:18EB 06 00000000:00000000 03:00000232 00000000     0        0 0 3 0000000000000000
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a socket is")
little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="the table in this test is little-endian")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@little_endian
def test_the_owner_is_the_visitors_and_not_the_listeners() -> None:
    assert find_owner(TABLE, VISITOR, HERE) == 1000


@little_endian
def test_a_socket_that_nobody_holds_has_no_owner_although_the_table_says_0() -> None:
    assert find_owner(TABLE, ("127.0.0.1", 50001), HERE) is None


def test_a_connection_that_is_not_there_has_no_owner() -> None:
    assert find_owner(TABLE, ("127.0.0.1", 50002), HERE) is None


@linux
@pytest.mark.parametrize("way", [ask_kernel, read_table])
def test_both_ways_find_our_own_connection_and_lose_it_when_it_is_closed(way: Way, listener: socket.socket) -> None:
    here = listener.getsockname()
    with socket.create_connection(here) as visitor:
        end = visitor.getsockname()
        assert way(end, here) == os.geteuid()
    assert eventually(lambda: way(end, here) is None)


@linux
def test_linux_has_a_way() -> None:
    assert way_to_tell() is not None


@linux
def test_the_table_is_the_second_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK")
    assert way_to_tell() is read_table


def test_without_netlink_and_table_nobody_can_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    monkeypatch.setattr(socket_owner, "TABLE", tmp_path / "none")
    assert way_to_tell() is None


def test_a_table_that_is_kept_empty_is_not_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text(TABLE.splitlines()[0] + "\n")
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    monkeypatch.setattr(socket_owner, "TABLE", tmp_path / "tcp")
    assert way_to_tell() is None


@linux
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("setpriv"),
    reason="needs root and setpriv, to become somebody else",
)
@pytest.mark.parametrize("way", [ask_kernel, read_table])
def test_another_users_connection_is_theirs(way: Way, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    visit = ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port} && read forever <&3"]
    visitor = subprocess.Popen(["setpriv", "--reuid=65534", "--clear-groups", *visit])
    try:
        listener.settimeout(5)
        accepted, end = listener.accept()
        with accepted:
            assert way(end, accepted.getsockname()) == 65534
    finally:
        visitor.kill()
        visitor.wait()
