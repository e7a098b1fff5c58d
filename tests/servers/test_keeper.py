"""The process that cleans up: it deletes what it was told, when its pipe ends, and shows nobody a password."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_for_tests import OwnersRedis, owners_redis
from tutorial_lib.errors import CannotConnect
from tutorial_lib.servers import keeper as keeper_module
from tutorial_lib.servers.keeper import Keeper

SECRET = "s3cr3t"

pytestmark = pytest.mark.redis_server


@pytest.fixture
def owner() -> Iterator[OwnersRedis]:
    with owners_redis(password=SECRET) as server:
        with server.client(3) as client:
            client.mset({"greeting": "hello", "visits": 1, "the owner's": "own"})
        yield server


def address(owner: OwnersRedis) -> str:
    return f"redis://:{SECRET}@127.0.0.1:{owner.port}/3"


def keys(owner: OwnersRedis) -> set[bytes]:
    return {key for db, key in owner.contents() if db == 3}


def test_it_deletes_its_keys_and_no_others(owner: OwnersRedis) -> None:
    keeper = Keeper(address(owner), ["greeting", "visits", "never written"])
    keeper.dismiss(["greeting", "visits", "never written"], "here")
    assert keys(owner) == {b"the owner's"}


def test_at_the_end_it_may_be_told_to_leave_some(owner: OwnersRedis) -> None:
    keeper = Keeper(address(owner), ["greeting", "visits"])
    keeper.dismiss(["visits"], "here")
    assert keys(owner) == {b"the owner's", b"greeting"}


def test_when_its_pipe_ends_without_a_word_it_deletes_all_it_was_given(owner: OwnersRedis) -> None:
    keeper = Keeper(address(owner), ["greeting", "visits"])
    with keeper._process as process:
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        assert process.stdout.read() == "deleted\n"
    assert keys(owner) == {b"the owner's"}


def test_a_redis_that_has_gone_is_told_with_the_keys_that_may_be_left(owner: OwnersRedis) -> None:
    keeper = Keeper(address(owner), ["greeting"])
    owner.stop()
    with pytest.raises(CannotConnect) as caught:
        keeper.dismiss(["greeting"], "redis.example.com:6379")
    assert "may still be on your own Redis at redis.example.com:6379: 'greeting'." in str(caught.value)
    assert "Nothing listens at" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_keeper_that_was_killed_is_told(owner: OwnersRedis) -> None:
    keeper = Keeper(address(owner), ["greeting"])
    keeper._process.kill()
    keeper._process.wait()
    with pytest.raises(CannotConnect, match="the cleaning process was killed"):
        keeper.dismiss(["greeting"], "here")


def test_a_keeper_that_hangs_is_not_waited_for_for_ever(owner: OwnersRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(address(owner), ["greeting"])
    monkeypatch.setattr(keeper_module, "DELETE_WITHIN", 0.2)
    with owner.client() as client:
        client.client_pause(10_000)
        with pytest.raises(CannotConnect, match=r"no answer within 0\.2 s"):
            keeper.dismiss(["greeting"], "here")


@pytest.mark.parametrize("signs", ["args=", "comm="])
def test_the_password_is_in_no_list_of_processes(owner: OwnersRedis, signs: str) -> None:
    keeper = Keeper(address(owner), ["greeting"])
    shown = subprocess.run(
        ["ps", "-ww", "-o", signs, "-p", str(keeper._process.pid)], capture_output=True, text=True, check=True
    )
    environment = Path(f"/proc/{keeper._process.pid}/environ")
    if environment.exists():
        assert SECRET.encode() not in environment.read_bytes()
    assert shown.stdout.strip()
    assert SECRET not in shown.stdout
    keeper.dismiss([], "here")
