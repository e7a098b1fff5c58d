"""A borrowed server on real ones of every kind: a lesson works there, and the owner finds everything as it was."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import redis

from tests.redis_for_tests import Certificates, OwnersRedis, owners_redis
from tests.waiting import eventually
from tutorial_lib.commands.command_line import main
from tutorial_lib.errors import BadSetting, CannotConnect, KeyAlreadyThere, NotAllowed
from tutorial_lib.servers import start_server
from tutorial_lib.servers.borrowed import BorrowedServer

SECRET = "s3cr3t"

pytestmark = pytest.mark.redis_server


@pytest.fixture(scope="module")
def house(certificates: Certificates) -> Iterator[OwnersRedis]:
    """An owner's Redis with every lock there is, and things of the owner's own in two databases."""
    with owners_redis(password=SECRET, tls=certificates) as server:
        for db in (0, 3):
            with server.client(db) as client:
                client.set("text", "the owner's", ex=1000)
                client.rpush("list", 1, 2, 3)
                client.hset("hash", "field", "value")
                client.zadd("ranks", {"one": 1})
                client.xadd("stream", {"event": 1}, id="1-1")
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "ann", "on", f">{SECRET}", "~*", "&*", "+@all")
            client.execute_command(
                "ACL", "SETUSER", "modest", "on", f">{SECRET}", "~*", "+@read", "+@write", "+ping", "+select"
            )
            client.execute_command("ACL", "SETUSER", "half", "on", f">{SECRET}", "~*", "+@all", "-client|list")
        yield server


@pytest.fixture
def owner(house: OwnersRedis) -> Iterator[OwnersRedis]:
    """The same, and whatever the test does there must be undone at its end."""
    before = house.contents()
    yield house
    assert house.contents() == before


def address(owner: OwnersRedis, login: str = "", db: int = 3) -> str:
    return f"redis://{login}:{SECRET}@127.0.0.1:{owner.port}/{db}"


@pytest.fixture
def server(owner: OwnersRedis) -> Iterator[BorrowedServer]:
    with BorrowedServer(address(owner), keys=["greeting"]) as borrowed:
        yield borrowed


@contextmanager
def pool_on(server: BorrowedServer, limit: int = 3) -> Iterator[redis.ConnectionPool]:
    """A pool as a lesson makes it."""
    pool = redis.ConnectionPool(host=server.host, port=server.port, db=0, max_connections=limit)
    yield pool
    pool.close()


# -- a lesson works, however the owner's door is locked


WAYS = {
    "password": "redis://:{secret}@127.0.0.1:{port}/3",
    "user": "redis://ann:{secret}@127.0.0.1:{port}/3",
    "few rights": "redis://modest:{secret}@127.0.0.1:{port}/3",
    "database in the query": "redis://:{secret}@127.0.0.1:{port}?db=3",
    "TLS": "rediss://:{secret}@127.0.0.1:{tls_port}/3?ssl_ca_certs={ca}",
    "TLS by name": "rediss://ann:{secret}@localhost:{tls_port}/3?ssl_ca_certs={ca}",
    "TLS unchecked": "rediss://:{secret}@127.0.0.1:{tls_port}/3?ssl_cert_reqs=none",
    "TLS both ways": "rediss://:{secret}@127.0.0.1:{tls_port}/3?ssl_ca_certs={ca}&ssl_certfile={own}&ssl_keyfile={key}",
    "unix socket": "unix://:{secret}@{file}?db=3",
    "unix socket, user": "unix://ann:{secret}@{file}?db=3",
}


@pytest.mark.parametrize("way", WAYS)
def test_the_greeting_program_runs(way: str, owner: OwnersRedis, certificates: Certificates) -> None:
    url = WAYS[way].format(
        secret=SECRET,
        port=owner.port,
        tls_port=owner.tls_port,
        file=owner.socket_file,
        ca=certificates.authority,
        own=certificates.certificate,
        key=certificates.key,
    )
    with BorrowedServer(url, keys=["greeting"]) as server, pool_on(server) as pool, owner.client(3) as ours:
        client = redis.Redis(connection_pool=pool)
        client.set("greeting", "hello")
        assert client.get("greeting") == b"hello"
        assert ours.get("greeting") == b"hello"
        told = ours.info()
        assert (server.opened(), server.version) == (1, told.get("valkey_version") or told["redis_version"])
        assert SECRET not in repr(server) + server.url + str(vars(server))
    with owner.client(3) as ours:
        assert not ours.exists("greeting")


def test_large_values_pass_through_tls(owner: OwnersRedis, certificates: Certificates) -> None:
    url = f"rediss://:{SECRET}@127.0.0.1:{owner.tls_port}/3?ssl_ca_certs={certificates.authority}"
    value = os.urandom(5_000_000)
    with BorrowedServer(url, keys=["greeting"]) as server, pool_on(server) as pool:
        client = redis.Redis(connection_pool=pool)
        client.set("greeting", value)
        assert client.get("greeting") == value


def test_start_server_takes_redis_url(owner: OwnersRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", address(owner))
    with start_server() as server:
        assert (server.kind, server.is_real, server.owned) == ("borrowed", True, False)
        assert server.url == f"redis://127.0.0.1:{server.port}/0"


def test_it_says_what_it_is(server: BorrowedServer, owner: OwnersRedis) -> None:
    said = repr(server)
    assert said.startswith(f"Your own Redis {server.version} at 127.0.0.1:{owner.port}, db 3, through a relay on ")
    assert f"127.0.0.1:{server.port}" in said
    assert "\n" not in said
    server.close()
    assert "(closed)" in repr(server)


# -- what it counts and shows


def test_it_counts_its_own_connections_and_commands_only(server: BorrowedServer, owner: OwnersRedis) -> None:
    with pool_on(server) as pool, owner.client() as ours:
        client = redis.Redis(connection_pool=pool)
        for _ in range(10):
            ours.get("text")
            client.get("greeting")
        assert server.opened() == 1
        assert server.commands()["GET"] == 10


def test_it_shows_its_own_connections_under_their_addresses_here(server: BorrowedServer, owner: OwnersRedis) -> None:
    named = redis.ConnectionPool(host=server.host, port=server.port, client_name="shop", max_connections=3)
    with owner.client() as ours:
        ours.ping()
        assert server.clients() == []
        borrowed = [named.get_connection() for _ in range(3)]
        shown = server.clients()
        assert {client.address for client in shown} == {
            "{}:{}".format(*connection._sock.getsockname()) for connection in borrowed
        }
        assert {client.name for client in shown} == {"shop"}
        assert {client.db for client in shown} == {3}
        borrowed.pop().disconnect()
        assert len(server.clients()) == 2
    named.close()


def test_it_shows_clients_again_after_the_server_has_cut_its_own_connection(
    server: BorrowedServer, owner: OwnersRedis
) -> None:
    with pool_on(server) as pool, owner.client() as ours:
        ours.client_kill_filter(skipme=True, _type="normal")
        redis.Redis(connection_pool=pool).ping()
        assert len(server.clients()) == 1


@pytest.mark.parametrize(("login", "command"), [("modest", "CLIENT ID"), ("half", "CLIENT LIST")])
def test_a_user_who_may_not_look_is_told(owner: OwnersRedis, login: str, command: str) -> None:
    with BorrowedServer(address(owner, login), keys=["greeting"]) as server, pool_on(server) as pool:
        redis.Redis(connection_pool=pool).set("greeting", "hello")
        assert server.opened() == 1
        with pytest.raises(NotAllowed, match=f"does not let user '{login}' use {command}"):
            server.clients()


# -- a guest


@pytest.mark.parametrize(
    ("method", "arguments"), [("set_limit", [1]), ("set_idle_timeout", [1]), ("kill_clients", []), ("pause", [1])]
)
def test_what_a_guest_does_not_do(server: BorrowedServer, method: str, arguments: list[int]) -> None:
    with pytest.raises(NotAllowed, match=f"{method} is not done on your own Redis .* Unset REDIS_URL"):
        getattr(server, method)(*arguments)


@pytest.mark.parametrize("keys", [["text"], ["greeting", "hash"]])
def test_a_key_that_is_there_stops_the_lesson(owner: OwnersRedis, keys: list[str]) -> None:
    with pytest.raises(KeyAlreadyThere) as caught:
        BorrowedServer(address(owner), keys=keys)
    assert f"127.0.0.1:{owner.port} already has {keys[-1]!r} in database 3" in str(caught.value)
    assert "unset REDIS_URL" in str(caught.value)


def test_nothing_is_left_of_a_start_that_failed(owner: OwnersRedis) -> None:
    threads, children = threading.active_count(), child_processes()
    with pytest.raises(KeyAlreadyThere):
        BorrowedServer(address(owner), keys=["text"])
    with pytest.raises(CannotConnect):
        BorrowedServer(f"redis://:wrong@127.0.0.1:{owner.port}", keys=["greeting"])
    with pytest.raises(BadSetting):
        BorrowedServer("redis://", keys=["greeting"])
    assert (threading.active_count(), child_processes()) == (threads, children)


def child_processes() -> set[str]:
    """Return the ids of this process's children."""
    listed = subprocess.run(["ps", "-o", "pid=,ppid=,comm=", "-A"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return {pid for pid, parent, name in rows if parent == str(os.getpid()) and name != "ps"}


def test_a_setup_cell_that_is_run_again_does_not_stumble_over_its_own_key(owner: OwnersRedis) -> None:
    with BorrowedServer(address(owner), keys=["greeting"]) as first, pool_on(first) as pool, owner.client(3) as ours:
        redis.Redis(connection_pool=pool).set("greeting", "hello")
        second = BorrowedServer(address(owner), keys=["greeting", "visits"])
        first.close()
        assert ours.exists("greeting"), "the second still needs it"
        second.close()
        assert not ours.exists("greeting")


def test_in_another_database_the_same_key_is_somebody_elses(owner: OwnersRedis) -> None:
    with BorrowedServer(address(owner), keys=["greeting"]), owner.client(0) as ours:
        ours.set("greeting", "mine")
        with pytest.raises(KeyAlreadyThere):
            BorrowedServer(address(owner, db=0), keys=["greeting"])
        assert ours.getdel("greeting") == b"mine"


def test_nobody_else_comes_in_through_the_relay(server: BorrowedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)
    with pool_on(server) as pool, pytest.raises(redis.ConnectionError):
        redis.Redis(connection_pool=pool).get("text")
    monkeypatch.undo()
    assert server.opened() == 0


# -- the end


def test_closing_leaves_nothing_behind(owner: OwnersRedis) -> None:
    threads, children = threading.active_count(), child_processes()
    server = BorrowedServer(address(owner), keys=["greeting"])
    with pool_on(server) as pool:
        redis.Redis(connection_pool=pool).set("greeting", "hello")
        server.close()
        server.close()
        with pytest.raises(redis.ConnectionError):
            redis.Redis(connection_pool=pool).ping()
    assert (threading.active_count(), child_processes()) == (threads, children)
    with owner.client() as ours:
        assert eventually(lambda: len(ours.client_list()) == 1)
    for question in (server.clients, server.opened, server.commands):
        with pytest.raises(BadSetting, match="closed"):
            question()


def test_a_redis_that_goes_away_is_told() -> None:
    with owners_redis() as owner:
        server = BorrowedServer(f"redis://127.0.0.1:{owner.port}", keys=["greeting"])
        with pool_on(server) as pool, socket.create_connection((server.host, server.port)):
            assert len(server.clients()) == 1
            owner.stop()
            with pytest.raises(redis.ConnectionError):
                redis.Redis(connection_pool=pool).ping()
        with pytest.raises(
            CannotConnect, match=r"may still be on your own Redis at .*: 'greeting'\. .* Nothing listens"
        ):
            server.close()
        server.close()


def test_a_redis_that_hangs_is_told_when_it_is_asked(owner: OwnersRedis) -> None:
    quick = "socket_timeout=0.1&socket_connect_timeout=0.1"
    with (
        BorrowedServer(f"{address(owner)}?{quick}", keys=["greeting"]) as server,
        socket.create_connection((server.host, server.port)),
    ):
        assert server.opened() == 1
        owner.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(CannotConnect, match=r"did not answer within 0\.2 s"):
                server.clients()
        finally:
            owner.process.send_signal(signal.SIGCONT)


def test_a_port_that_is_no_redis_is_a_sentence_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            conversation, _ = listener.accept()
            with conversation, suppress(OSError):
                conversation.recv(1000)
                conversation.sendall(b"x" * 300_000)

        server = threading.Thread(target=serve)
        server.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REDIS_URL", f"redis://:{SECRET}@127.0.0.1:{listener.getsockname()[1]}")
            assert main(["greet"]) == 1
        server.join()
    said = capsys.readouterr().err
    assert "is not a Redis" in said
    assert "Traceback" not in said
    assert SECRET not in said
