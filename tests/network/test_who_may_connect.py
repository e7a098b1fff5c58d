"""Each port that the library listens on, tried as another user of this computer, who owns none of it."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

import tutorial_lib
from tests.network.stranger import Stranger, another_user, needs_another_user
from tests.redis_for_tests import Certificates, OwnersRedis, owners_redis
from tutorial_lib.errors import NotAllowed
from tutorial_lib.network import owner as owner_module
from tutorial_lib.network.canned_server import CannedServer
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.servers.borrowed import BorrowedServer
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.servers.redis_process import RedisProcess

SECRET = "s3cr3t"


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    with another_user() as user:
        yield user


@pytest.fixture(scope="module")
def house(certificates: Certificates) -> Iterator[OwnersRedis]:
    with owners_redis(password=SECRET, tls=certificates) as server:
        yield server


@pytest.fixture
def owners(house: OwnersRedis) -> OwnersRedis:
    with house.client() as client:
        client.flushall()
        client.set("text", "the owner's")
    return house


def with_password(owners: OwnersRedis) -> str:
    return f"redis://:{SECRET}@127.0.0.1:{owners.port}/0"


def still_has_its_key(owners: OwnersRedis) -> bool:
    with owners.client() as client:
        return client.get("text") == b"the owner's"


ATTACKS = (("FLUSHALL",), ("GET", "text"), ("SET", "text", "a stranger's"))


def assert_locked(stranger: Stranger, host: str, port: int) -> None:
    for attack in ATTACKS:
        said = stranger.redis_cli(host, port, *attack)
        assert "OK" not in said
        assert "owner" not in said
        assert "closed" in said or "reset" in said or "refused" in said, said


@needs_another_user
@pytest.mark.redis_server
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
@pytest.mark.parametrize("way", ["password", "password and TLS", "socket file"])
def test_another_user_gets_to_a_borrowed_redis_by_no_port_of_ours(
    way: str, host: str, owners: OwnersRedis, certificates: Certificates, stranger: Stranger
) -> None:
    url = {
        "password": with_password(owners),
        "password and TLS": f"rediss://:{SECRET}@127.0.0.1:{owners.tls_port}?ssl_ca_certs={certificates.authority}",
        "socket file": f"unix://:{SECRET}@{owners.socket_file}",
    }[way]
    with BorrowedServer(url, keys=[]) as server, FaultProxy(server) as near, FaultProxy(near) as far:
        for listening in (server, near, far):
            with redis.Redis(host=listening.host, port=listening.port) as ours:
                assert ours.get("text") == b"the owner's"
            assert_locked(stranger, host, listening.port)
        assert near.traffic().connections == 3  # Ours; ours by way of the second proxy; the second proxy's first look.
    assert still_has_its_key(owners)


@needs_another_user
@pytest.mark.redis_server
def test_a_proxy_to_a_relay_of_another_process_of_ours_is_as_careful(owners: OwnersRedis, stranger: Stranger) -> None:
    """Such a proxy knows only a host and a port, and nothing of the password behind them."""
    with (
        BorrowedServer(with_password(owners), keys=[]) as server,
        FaultProxy(host="localhost", port=server.port) as proxy,
    ):
        assert_locked(stranger, "127.0.0.1", proxy.port)
    assert still_has_its_key(owners)


@needs_another_user
@pytest.mark.redis_server
def test_a_private_redis_lets_everybody_in_to_ordinary_commands(stranger: Stranger) -> None:
    with RedisProcess() as server:
        assert stranger.redis_cli("127.0.0.1", server.port, "PING") == "PONG\n"
        assert "NOPERM" in stranger.redis_cli("127.0.0.1", server.port, "FLUSHALL")
        with FaultProxy(server) as proxy:
            assert_locked(stranger, "127.0.0.1", proxy.port)


@needs_another_user
def test_the_fallback_lets_everybody_in_to_ordinary_commands(stranger: Stranger) -> None:
    with FakeServer() as server:
        assert stranger.redis_cli("127.0.0.1", server.port, "PING") == "PONG\n"
        assert "NOPERM" in stranger.redis_cli("127.0.0.1", server.port, "FLUSHALL")
        with FaultProxy(server) as proxy:
            assert_locked(stranger, "127.0.0.1", proxy.port)


@pytest.mark.redis_server
@pytest.mark.parametrize("url", ["redis://:{secret}@127.0.0.1:{port}", "unix://:{secret}@{file}"])
def test_where_the_system_cannot_tell_a_locked_redis_is_not_opened(
    url: str, owners: OwnersRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_module, "way_to_tell", lambda: None)
    address = url.format(secret=SECRET, port=owners.port, file=owners.socket_file)
    with pytest.raises(NotAllowed, match="does not say which user") as caught:
        BorrowedServer(address, keys=[])
    assert "Unset REDIS_URL" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.redis_server
def test_where_the_system_cannot_tell_an_open_redis_is_used_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "way_to_tell", lambda: None)
    with owners_redis() as open_to_all, BorrowedServer(f"redis://127.0.0.1:{open_to_all.port}", keys=[]) as server:
        assert "Other users of this computer can reach it" in repr(server)


# -- what listens at all

LISTENERS = {
    "network/canned_server.py",  # every user of this computer; it has no data and no keys
    "network/owner.py",  # for a moment, to try its own question
    # A FaultProxy and the way to a borrowed Redis: own user only. The fallback: every user of this computer, as the
    # private redis-server.
    "network/relay.py",
    "servers/fake_redis.py",  # fakeredis's server could, and is told not to
}


def test_every_place_that_listens_is_known_here() -> None:
    """If a file joins this list, say in SECURITY.md who may connect there, and try it above as another user."""
    package = Path(tutorial_lib.__file__).parent
    signs = re.compile(r"create_server\(|sock\w*\.listen\(|\(TcpFakeServer\)|TCPServer\b")
    found = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if signs.search(path.read_text("utf-8"))
    }
    assert found == LISTENERS


def listening_addresses(port: int) -> set[str]:
    return {
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text("ascii").splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    }


@pytest.mark.redis_server
def test_all_of_them_listen_on_the_loopback_of_ipv4_only(owners: OwnersRedis) -> None:
    with contextlib.ExitStack() as running:
        borrowed = running.enter_context(BorrowedServer(with_password(owners), keys=[]))
        servers = [borrowed, *(running.enter_context(make()) for make in (FakeServer, RedisProcess))]
        servers += [running.enter_context(FaultProxy(server)) for server in servers]
        for server in (*servers, running.enter_context(CannedServer())):
            # ::1 refuses, and where there is /proc it shows one listener.
            with pytest.raises(OSError):  # noqa: PT011 - no IPv6 at all, or refused
                socket.create_connection(("::1", server.port), timeout=1)
            assert listening_addresses(server.port) <= {f"0100007F:{server.port:04X}"}
