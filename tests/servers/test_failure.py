"""Every way in which a REDIS_URL can lead nowhere, caused for real: one sentence each, and never the password."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from tests.redis_for_tests import Certificates, OwnersRedis, free_ports, make_certificates, owners_redis
from tutorial_lib.errors import BadSetting, CannotConnect, TutorialError
from tutorial_lib.servers.failure import explain
from tutorial_lib.servers.guest import Guest
from tutorial_lib.servers.redis_url import RedisUrl

SECRET = "s3cr3t"
QUICK = "socket_timeout=0.1&socket_connect_timeout=0.1"


def refusal(url: str, environ: dict[str, str] | None = None) -> TutorialError:
    """Visit ``url`` as a lesson does, and return the error that its learner sees."""
    understood = RedisUrl.parse(url)

    async def visit() -> TutorialError:
        guest = Guest(understood)
        try:
            await guest.enter(["greeting"], ours=())
        except Exception as error:
            return explain(error, understood, environ or {})
        finally:
            await guest.leave()
        raise AssertionError("it was let in")

    error = asyncio.run(visit())
    assert SECRET not in str(error)
    assert "unset REDIS_URL" in str(error)
    return error


@contextmanager
def something_else(answer: bytes | None) -> Iterator[int]:
    """Listen as something that is no Redis: it says ``answer`` and hangs up, or (None) says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            conversation, _ = listener.accept()
            with conversation:
                heard = conversation.recv(1000)
                if answer is not None:
                    with suppress(OSError):  # The visitor may have heard enough.
                        conversation.sendall(answer)
                while answer is None and heard:
                    heard = conversation.recv(1000)

        server = threading.Thread(target=serve)
        server.start()
        yield listener.getsockname()[1]
        server.join()


# -- nobody there


def test_nothing_listens() -> None:
    (port,) = free_ports(1)
    assert str(refusal(f"redis://:{SECRET}@127.0.0.1:{port}")).startswith(f"Nothing listens at 127.0.0.1:{port}.")
    assert str(refusal(f"redis://:{SECRET}@localhost:{port}")).startswith(f"Nothing listens at localhost:{port}.")


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no name found, without asking anybody."""

    def look_up(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.usefixtures("no_names")
def test_no_such_host() -> None:
    error = refusal(f"redis://:{SECRET}@no-such-host.invalid:6379")
    assert str(error).startswith("No host is called 'no-such-host.invalid'.")


def test_no_host_at_all() -> None:
    assert str(refusal("redis://a..b:6379")).startswith("No host is called 'a..b'.")


def test_no_socket_file(tmp_path: Path) -> None:
    error = refusal(f"unix://:{SECRET}@{tmp_path}/redis.sock")
    assert str(error).startswith(f"There is no socket file {tmp_path}/redis.sock.")


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_no_answer(scheme: str) -> None:
    with something_else(None) as port:
        error = refusal(f"{scheme}://:{SECRET}@127.0.0.1:{port}?{QUICK}")
    assert "did not answer within 0.2 s" in str(error)
    assert ("redis:// instead of rediss://" in str(error)) is (scheme == "rediss")


# -- somebody else there


NOT_REDIS = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"x" * 1_000_000,
    b"+" + b"x" * 200_000,
    b"$five\r\n",
    b":five\r\n",
    b"*1\r\n" * 20_000,
    b"*many\r\n",
    b"%1\r\n",
    b"\r\n",
]
HARDLY_A_REDIS = [
    b"x" * 65_536,
    b"+OK\r\n" + b"x" * 100_000,
    b"-\xff\xfe\r\n",
    b"-ERR \x1b[31m" + b"x" * 60_000 + b"\r\n",
    b"-NOPERM " + b"x" * 60_000 + b"\r\n",
    b"$99999999999999999\r\n",
    b"*100000000000\r\n",
]


@pytest.mark.parametrize("answer", NOT_REDIS, ids=lambda answer: repr(answer[:12]))
def test_something_that_is_no_redis(answer: bytes) -> None:
    with something_else(answer) as port:
        error = refusal(f"redis://:{SECRET}@127.0.0.1:{port}")
    assert "is not a Redis" in str(error)


@pytest.mark.parametrize("answer", HARDLY_A_REDIS, ids=lambda answer: repr(answer[:12]))
def test_something_that_is_hardly_a_redis_ends_in_a_sentence_too(answer: bytes) -> None:
    with something_else(answer) as port:
        error = refusal(f"redis://:{SECRET}@127.0.0.1:{port}?{QUICK}")
    assert len(str(error)) < 800
    assert str(error).isprintable()


def test_something_that_closes_without_an_answer() -> None:
    with something_else(b"") as port:
        assert "closed the connection without an answer. If that port is for TLS" in str(
            refusal(f"redis://127.0.0.1:{port}")
        )


def test_tls_to_a_port_that_answers_in_plain() -> None:
    with something_else(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "did not answer in TLS" in str(refusal(f"rediss://127.0.0.1:{port}"))


# -- Redis says no


@pytest.fixture(scope="module")
def locked() -> Iterator[OwnersRedis]:
    with owners_redis(password=SECRET) as server:
        with server.client() as owner:
            for name, rules in {
                "reader": ["~*", "+@read", "+ping"],
                "elsewhere": ["~app:*", "+@all"],
                "nobody": [],
                "hoarder": ["~*", "+@all", "-del"],
                "modest": ["~*", "+ping", "+exists", "+get", "+set", "+del"],
            }.items():
                owner.execute_command("ACL", "SETUSER", name, "on", f">{SECRET}", *rules)
        yield server


@pytest.mark.redis_server
@pytest.mark.parametrize(
    ("login", "what"),
    [
        ("", "wants a password"),
        (":wrong@", "refused the password for user 'default'"),
        (f"nosuch:{SECRET}@", "refused the password for user 'nosuch'"),
        # Redis 7.2 says "User reader" for "this user", and "a key" for "one of the keys".
        (f"reader:{SECRET}@", r"user 'reader' do what a lesson needs \(.* has no permissions to run the 'set'"),
        (f"elsewhere:{SECRET}@", "[Nn]o permissions to access (one of the keys|a key)"),
        (f"nobody:{SECRET}@", "no permissions to run the 'ping'"),
        (f"hoarder:{SECRET}@", "no permissions to run the 'del'"),
    ],
)
@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_not_let_in(locked: OwnersRedis, login: str, what: str, way: str) -> None:
    place = f"redis://{login}127.0.0.1:{locked.port}" if way == "tcp" else f"unix://{login}{locked.socket_file}"
    error = refusal(place)
    assert isinstance(error, CannotConnect)
    assert re.search(what, str(error))


@pytest.mark.redis_server
def test_a_user_with_few_rights_may_stay(locked: OwnersRedis) -> None:
    with pytest.raises(AssertionError, match="it was let in"):
        refusal(f"redis://modest:{SECRET}@127.0.0.1:{locked.port}")


@pytest.mark.redis_server
def test_no_such_database(locked: OwnersRedis) -> None:
    error = refusal(f"redis://:{SECRET}@127.0.0.1:{locked.port}/99")
    assert isinstance(error, BadSetting)
    assert "has no database 99" in str(error)


@pytest.fixture(scope="module")
def open_door() -> Iterator[OwnersRedis]:
    with owners_redis() as server:
        yield server


@pytest.mark.redis_server
def test_a_password_that_is_not_wanted(open_door: OwnersRedis) -> None:
    assert "has no password, and REDIS_URL gives one" in str(refusal(f"redis://:{SECRET}@127.0.0.1:{open_door.port}"))


@pytest.mark.redis_server
@pytest.mark.parametrize(
    ("setting", "value", "back", "what"),
    [
        ("maxclients", 1, 100, "max number of clients reached"),
        ("maxmemory", 1, 0, "answered with an error (command not allowed when used memory"),
        ("min-replicas-to-write", 1, 0, "answered with an error (NOREPLICAS Not enough good replicas"),
    ],
)
def test_a_redis_that_takes_nothing_more(
    open_door: OwnersRedis, setting: str, value: int, back: int, what: str
) -> None:
    with open_door.client() as owner:
        owner.config_set(setting, value)
        try:
            assert what in str(refusal(f"redis://127.0.0.1:{open_door.port}"))
        finally:
            owner.config_set(setting, back)


@pytest.mark.redis_server
def test_a_redis_that_takes_nobody_more_behind_a_unix_socket(open_door: OwnersRedis) -> None:
    with open_door.client() as owner:
        owner.config_set("maxclients", 1)
        try:
            assert "maxclients" in str(refusal(f"unix://{open_door.socket_file}"))
        finally:
            owner.config_set("maxclients", 100)


@pytest.mark.redis_server
def test_a_replica(open_door: OwnersRedis) -> None:
    with open_door.client() as owner:
        owner.replicaof("127.0.0.1", "1")
        try:
            assert "is a read-only replica" in str(refusal(f"redis://127.0.0.1:{open_door.port}"))
        finally:
            owner.replicaof("no", "one")


@pytest.mark.redis_server
def test_a_cluster() -> None:
    with owners_redis("--cluster-enabled", "yes") as server:
        assert "is part of a Redis Cluster" in str(refusal(f"redis://127.0.0.1:{server.port}"))


def test_a_redis_that_is_loading() -> None:
    error = explain(redis.BusyLoadingError("Redis is loading"), RedisUrl.parse("redis://localhost"), {})
    assert "is still loading its data" in str(error)


# -- TLS


@pytest.fixture(scope="module")
def encrypted(certificates: Certificates) -> Iterator[OwnersRedis]:
    with owners_redis(password=SECRET, tls=certificates) as server:
        yield server


@pytest.mark.redis_server
def test_a_certificate_that_is_not_trusted(encrypted: OwnersRedis) -> None:
    error = refusal(f"rediss://:{SECRET}@127.0.0.1:{encrypted.tls_port}")
    assert "not trusted here" in str(error)
    assert "ssl_ca_certs" in str(error)


@pytest.mark.redis_server
def test_a_certificate_of_another_authority(encrypted: OwnersRedis, tmp_path: Path) -> None:
    other = make_certificates(tmp_path)
    error = refusal(f"rediss://:{SECRET}@127.0.0.1:{encrypted.tls_port}?ssl_ca_certs={other.authority}")
    assert "Correct ssl_ca_certs in REDIS_URL" in str(error)


@pytest.mark.redis_server
def test_a_careless_authority_can_be_excused(tmp_path: Path) -> None:
    careless = make_certificates(tmp_path, strict=False)
    with owners_redis(tls=careless) as server:
        url = f"rediss://127.0.0.1:{server.tls_port}?ssl_ca_certs={careless.authority}"
        if sys.version_info >= (3, 13):
            assert "VERIFY_X509_STRICT" in str(refusal(url))
        with pytest.raises(AssertionError, match="it was let in"):
            refusal(f"{url}&ssl_exclude_verify_flags=VERIFY_X509_STRICT")


@pytest.mark.redis_server
def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "DNS:elsewhere.example")
    with owners_redis(tls=certificates) as server:
        error = refusal(f"rediss://127.0.0.1:{server.tls_port}?ssl_ca_certs={certificates.authority}")
    assert "certificate for another name" in str(error)


@pytest.mark.redis_server
def test_plain_to_a_tls_port(encrypted: OwnersRedis) -> None:
    assert "write rediss://" in str(refusal(f"redis://:{SECRET}@127.0.0.1:{encrypted.tls_port}"))


@pytest.mark.redis_server
def test_tls_to_a_plain_port(encrypted: OwnersRedis) -> None:
    # A real Redis waits for the end of the line.
    assert "write redis://" in str(refusal(f"rediss://:{SECRET}@127.0.0.1:{encrypted.port}?{QUICK}"))


@pytest.mark.redis_server
def test_a_certificate_of_ours_is_wanted(encrypted: OwnersRedis, certificates: Certificates) -> None:
    url = f"rediss://:{SECRET}@127.0.0.1:{encrypted.tls_port}?ssl_ca_certs={certificates.authority}"
    with encrypted.client() as owner:
        owner.config_set("tls-auth-clients", "yes")
        try:
            assert "ssl_certfile" in str(refusal(url))
        finally:
            owner.config_set("tls-auth-clients", "optional")


# -- Binder


@pytest.mark.usefixtures("no_names")
@pytest.mark.parametrize("sign", ["BINDER_LAUNCH_HOST", "BINDER_REPO_URL", "BINDER_SERVICE_HOST"])
def test_on_binder_it_is_said_that_no_redis_elsewhere_can_be_reached(sign: str) -> None:
    there = f"redis://:{SECRET}@no-such-host.invalid:6379"
    assert "Binder" in str(refusal(there, {sign: "something"}))
    assert "Binder" not in str(refusal(there))


def test_on_binder_nothing_is_said_about_a_redis_of_its_own() -> None:
    (port,) = free_ports(1)
    assert "Binder" not in str(refusal(f"redis://127.0.0.1:{port}", {"BINDER_LAUNCH_HOST": "something"}))
