"""A server of fixed replies: what it is asked, it answers as it was told."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.waiting import eventually
from tutorial_lib.network.canned_server import CannedServer

UNKNOWN = "unknown command 'HELLO', with args beginning with: '3'"
WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled."


def client(server: CannedServer, **settings: object) -> redis.Redis:
    where = {"host": server.host, "port": server.port, "max_connections": 4, "protocol": 2}
    return redis.Redis(connection_pool=redis.ConnectionPool(**where | settings))


def test_it_answers_a_ping_and_anything_else() -> None:
    with CannedServer() as server, client(server) as r:
        assert r.ping()
        assert r.set("key", "a value\r\nof two lines")


def test_it_answers_as_it_is_told_and_told_again() -> None:
    with CannedServer({"GET": "-ERR no such luck"}) as server, client(server) as r:
        with pytest.raises(redis.ResponseError, match="no such luck"):
            r.get("key")
        server.replies["GET"] = "+hello"
        assert r.get("key") == b"hello"
        assert repr(server) == "CannedServer(PING: +PONG, GET: +hello)"


def test_many_clients_at_once() -> None:
    with CannedServer() as server, client(server) as r:
        pool = r.connection_pool
        for connection in [pool.get_connection() for _ in range(4)]:
            pool.release(connection)
        assert r.ping()


def test_closed_it_lets_nobody_in() -> None:
    server = CannedServer()
    server.close()
    server.close()
    with pytest.raises(redis.ConnectionError, match="refused"):
        client(server).ping()


# -- what lesson 11 has it say, a real Redis says too


@pytest.fixture
def real(tmp_path: Path) -> Iterator[str]:
    """Start a Redis that does not know HELLO, and yield the path of its socket."""
    place = tmp_path / "redis.sock"
    settings = tmp_path / "redis.conf"
    settings.write_text(f'port 0\nunixsocket {place}\nsave ""\nrename-command HELLO ""\n')
    command = [str(shutil.which("redis-server") or shutil.which("valkey-server")), str(settings)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path) as process:
        try:
            eventually(lambda: place.exists() and _answers(str(place)))
            yield str(place)
        finally:
            process.terminate()


def _answers(path: str) -> bool:
    with over(path, protocol=2) as r:
        try:
            return bool(r.ping())
        except redis.ConnectionError:
            return False


def over(path: str, **settings: object) -> redis.Redis:
    return redis.Redis(connection_pool=redis.ConnectionPool(redis.UnixDomainSocketConnection, path=path, **settings))


@pytest.mark.redis_server
def test_a_redis_without_hello_says_so(real: str) -> None:
    with over(real) as r, pytest.raises(redis.ResponseError, match=UNKNOWN):
        r.ping()
    with over(real, protocol=2) as r:
        assert r.ping()


@pytest.mark.redis_server
def test_a_redis_lets_an_open_connection_stay_when_the_password_has_changed(real: str) -> None:
    settings: dict[str, object] = {"enabled": True, "keys": ["*"], "commands": ["+@all"], "reset_passwords": True}
    with over(real, protocol=2) as admin, over(real, protocol=2, username="app", password="old") as r:
        admin.acl_setuser("app", passwords=["+old"], **settings)
        assert r.ping()
        admin.acl_setuser("app", passwords=["+new"], **settings)
        assert r.ping()
        r.connection_pool.get_connection()
        with pytest.raises(redis.AuthenticationError, match=WRONG_PASSWORD.partition(" ")[2]):
            r.ping()
