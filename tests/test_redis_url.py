"""REDIS_URL read: what redis-py understands is understood, the rest is told without repeating a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        ("redis://:s3cr3t@localhost?credential_provider=x", "'credential_provider' that is not known"),
        ("redis://:s3cr3t@localhost?colour=red", "'colour' that is not known"),
        ("redis://:s3cr3t@localhost?ssl_cert_reqs=none", "ssl_cert_reqs needs rediss://"),
        ("rediss://:s3cr3t@localhost?ssl_cert_reqs=maybe", "ssl_… options"),
        ("rediss://:s3cr3t@localhost?ssl_colour=red", "ssl_colour is not known"),
        ("rediss://:s3cr3t@localhost?ssl_ca_certs=no/such/file", "no/such/file, and there is no such file"),
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
