"""REDIS_URL read: what redis-py understands is understood, the rest is told without repeating a secret."""

from __future__ import annotations

import inspect
import subprocess
from pathlib import Path

import pytest
from redis import connection
from redis.asyncio import connection as asyncio_connection

from tests.every_day import one_in
from tutorial_lib.errors import BadSetting
from tutorial_lib.servers.redis_url import RedisUrl


@pytest.mark.parametrize(
    ("url", "place", "db", "user"),
    [
        ("redis://localhost", "localhost:6379", 0, "default"),
        ("redis://localhost/", "localhost:6379", 0, "default"),
        ("redis://redis.example.com:6380/3", "redis.example.com:6380", 3, "default"),
        ("redis://ann:s3cr3t@10.0.0.1:7000/0", "10.0.0.1:7000", 0, "ann"),
        ("redis://[::1]:7000?db=4", "[::1]:7000", 4, "default"),
        ("rediss://:s3cr3t@redis.example.com", "redis.example.com:6379", 0, "default"),
        ("unix:///var/run/redis/redis.sock?db=2", "/var/run/redis/redis.sock", 2, "default"),
        ("unix://ann:s3cr3t@/home/ann@work/redis.sock", "/home/ann@work/redis.sock", 0, "ann"),
    ],
)
def test_a_url_says_where_the_redis_is(url: str, place: str, db: int, user: str) -> None:
    understood = RedisUrl.parse(url)
    assert (understood.place, understood.db, understood.user) == (place, db, user)
    assert "s3cr3t" not in repr(understood) + str(understood)


def test_special_characters_of_a_password_are_decoded() -> None:
    assert RedisUrl.parse("redis://:a%2Fb%40c%23@localhost").password == "a/b@c#"


def test_options_of_pools_and_clients_are_left_to_the_learners_own() -> None:
    url = "redis://localhost?max_connections=1&decode_responses=yes&protocol=3&client_name=x&health_check_interval=1"
    connection = RedisUrl.parse(url).connection()
    assert (connection.protocol, connection.client_name, connection.health_check_interval) == (2, None, 0)


def test_timeouts_in_the_url_are_the_deadline() -> None:
    assert RedisUrl.parse("redis://localhost").deadline == 5
    assert RedisUrl.parse("redis://localhost?socket_timeout=10&socket_connect_timeout=0.5").deadline == 10.5


@pytest.mark.parametrize(
    ("url", "locked"),
    [
        ("redis://localhost", False),
        ("redis://:s3cr3t@localhost", True),
        ("unix:///run/redis.sock", True),
        ("rediss://localhost", False),
    ],
)
def test_it_is_known_whether_the_url_opens_more_than_anybody_could(url: str, locked: bool) -> None:
    assert RedisUrl.parse(url).opens_a_locked_door is locked


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("", "must begin with redis://"),
        ("s3cr3t@localhost:6379", "must begin with redis://"),
        ("http://:s3cr3t@localhost", "must begin with redis://"),
        ("REDIS://:s3cr3t@localhost", "must begin with redis://"),
        ("redis://", "names no host"),
        ("redis://:s3cr3t@", "names no host"),
        ("redis://:s3cr3t@:6379/0", "names no host"),
        ("redis://localhost:s3cr3t", "host or a port"),
        ("redis://:s3cr3t@localhost:port", "host or a port"),
        ("redis://:s3cr3t@localhost:70000", "host or a port"),
        ("redis://:s3cr3t@localhost:0", "port 0"),
        ("redis://[s3cr3t", "host or a port"),
        ("redis://:s3cr3t/x@localhost:6379/0", "host or a port"),
        ("redis://ann:123/s3cr3t@localhost:6379/0", "%2F"),
        ("redis://ann:123#s3cr3t@localhost", "%2F"),
        ("redis://ann:123?s3cr3t=1@localhost", "%2F"),
        ("redis://:s3cr3t@localhost/zero", "number of a database"),
        ("redis://:s3cr3t@localhost/1/2", "number of a database"),
        ("redis://:s3cr3t@localhost/-1", "number of a database"),
        ("redis://:s3cr3t@localhost?db=-1", "negative"),
        ("redis://:s3cr3t@localhost?db=zero", "Invalid value for 'db'"),
        ("redis://:s3cr3t@localhost?socket_timeout=long", "Invalid value for 'socket_timeout'"),
        ("redis://:s3cr3t@localhost?credential_provider=x", "'credential_provider', which a URL cannot set"),
        ("redis://:s3cr3t@localhost?s3cr3t=red", "an option that is not known, number 1 after"),
        ("redis://:s3cr3t@localhost?db=1&s3cr3t", "an option that is not known, number 2 after"),
        ("redis://:s3cr3t@localhost?socket_timeout=nan", "socket_timeout that is not above 0"),
        ("redis://:s3cr3t@localhost?socket_connect_timeout=-1", "socket_connect_timeout that is not above 0"),
        ("redis://localhost?port=s3cr3t", "'port', which a URL cannot set"),
        ("rediss://localhost?ssl_cert_reqs=s3cr3t", "ssl_… options"),
        ("rediss://localhost?ssl_min_version=s3cr3t", "Invalid value for 'ssl_min_version'"),
        ("rediss://localhost?ssl_ciphers=s3cr3t", "ssl_… options"),
        ("rediss://localhost?ssl_ca_data=s3cr3t", "ssl_… options"),
        ("rediss://localhost?ssl_keyfile=s3cr3t", "ssl_keyfile, and there is no such file"),
        ("redis://:s3cr3t@localhost?ssl_cert_reqs=none", "ssl_cert_reqs needs rediss://"),
        ("rediss://:s3cr3t@localhost?ssl_cert_reqs=maybe", "ssl_… options"),
        ("rediss://:s3cr3t@localhost?ssl_colour=red", "an option that is not known, number 1"),
        ("rediss://:s3cr3t@localhost?ssl_ca_certs=no/such/file", "ssl_ca_certs, and there is no such file"),
        ("unix://", "names no socket file"),
    ],
)
def test_what_cannot_be_understood_is_said_without_the_secret(url: str, what: str) -> None:
    with pytest.raises(BadSetting) as caught:
        RedisUrl.parse(url)
    assert what in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_file_that_is_no_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(BadSetting, match="ssl_… options in REDIS_URL cannot be used"):
        RedisUrl.parse(f"rediss://localhost?ssl_ca_certs={tmp_path}/ca.pem")


def every_name() -> list[str]:
    """All that redis-py's parser of URLs, its connections and its pool have a name for."""
    kinds = (asyncio_connection.Connection, asyncio_connection.SSLConnection, asyncio_connection.AbstractConnection)
    kinds += (asyncio_connection.UnixDomainSocketConnection, asyncio_connection.ConnectionPool)
    found = set(connection.URL_QUERY_ARGUMENT_PARSERS) | set(asyncio_connection.URL_QUERY_ARGUMENT_PARSERS)
    for kind in kinds:
        found |= set(inspect.signature(kind.__init__).parameters)
    return sorted(found - {"self", "kwargs", "args", "connection_kwargs"})


@pytest.mark.parametrize(
    "base", one_in(3, ["rediss://localhost:1/0", "redis://localhost:1/0", "unix:///tmp/redis.sock"])
)
@pytest.mark.parametrize("name", every_name())
def test_whatever_redis_py_has_a_name_for_is_understood_or_refused_in_a_sentence(name: str, base: str) -> None:
    values = ["s3cr3t", "builtins.eval", "0", "-1", "nan", "9" * 30, "x" * 5000, "%00", "%ff", "/dev/zero", ""]
    refusals: list[str] = []
    for value in values:
        try:
            understood = RedisUrl.parse(f"{base}?{name}={value}")
        except BadSetting as error:
            refusals.append(str(error))
        else:
            assert 0 < understood.deadline < 200_000
            assert understood.place in ("localhost:1", "/tmp/redis.sock")
            assert isinstance(understood.connection(), asyncio_connection.AbstractConnection)
    assert not any("s3cr3t" in said or len(said) > 600 for said in refusals)


def test_a_key_with_a_password_is_not_asked_for_in_the_terminal(tmp_path: Path) -> None:
    make = "openssl req -x509 -newkey rsa:2048 -subj /CN=x -days 2 -passout pass:s3cr3t -keyout key.pem -out cert.pem"
    subprocess.run(make.split(), cwd=tmp_path, check=True, capture_output=True)
    url = f"rediss://localhost?ssl_certfile={tmp_path}/cert.pem&ssl_keyfile={tmp_path}/key.pem"
    with pytest.raises(BadSetting, match="ssl_… options"):
        RedisUrl.parse(url)
    assert RedisUrl.parse(f"{url}&ssl_password=s3cr3t").opens_a_locked_door
