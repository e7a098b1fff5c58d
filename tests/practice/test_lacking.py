"""An exercise that needs more than this machine has: neither passed nor wrong, and a sentence says what it needs."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.practice.one_ping import TASK, solution, starter
from tutorial_lib.errors import ServerStartFailed
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.sandbox import can_fork
from tutorial_lib.servers import private_process
from tutorial_lib.servers.fake import FakeServer

NEEDY = replace(TASK, needs_redis_server=True)


@pytest.fixture(autouse=True)
def fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")


def test_on_the_fallback_it_says_what_it_needs() -> None:
    verdict = judge(NEEDY, solution)
    assert (verdict.status, verdict.lacking) == ("not attempted", True)
    assert verdict.message == (
        "This exercise needs a redis-server or valkey-server, and TUTORIAL_SERVER is fake. "
        "Unset TUTORIAL_SERVER to have one started."
    )


def test_without_a_redis_server_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "auto")
    monkeypatch.setattr(private_process, "find_program", lambda: None)
    verdict = judge(NEEDY, solution)
    assert (verdict.status, verdict.lacking) == ("not attempted", True)
    assert "and none is on PATH. Install one (apt install redis-server" in verdict.message


def test_an_untouched_starter_is_told_so_first() -> None:
    verdict = judge(NEEDY, starter)
    assert (verdict.status, verdict.lacking) == ("not attempted", False)
    assert "still as it came" in verdict.message


def test_a_redis_server_that_cannot_do_it_says_so() -> None:
    def start() -> FakeServer:
        raise ServerStartFailed("It was built without TLS.")

    def check(answer: Callable[..., Any], lab: Lab) -> str:
        lab.start(start, lambda server: [server.port])
        return "unreachable"

    verdict = judge(replace(TASK, check=check), solution)
    assert (verdict.status, verdict.message, verdict.lacking) == ("not attempted", "It was built without TLS.", True)


def test_what_a_check_starts_may_be_reached() -> None:
    def check(answer: Callable[..., Any], lab: Lab) -> str:
        started = lab.start(FakeServer, lambda server: [server.port])
        lab.call(answer, started.host, started.port).get_connection()
        return f"opened {started.opened()}"

    assert judge(replace(TASK, check=check), solution).message == "opened 1"


@pytest.mark.skipif(not can_fork(), reason="there a check has no process of its own")
@pytest.mark.parametrize("seconds", [20.0, 0.3])
def test_what_a_check_starts_leaves_no_file(seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told = tmp_path / "told"

    def check(answer: Callable[..., Any], lab: Lab) -> str:
        folder = Path(tempfile.mkdtemp())
        (folder / "server.key").write_text("secret")
        told.write_text(str(folder))
        if seconds < 1:
            threading.Event().wait()
        return "seen"

    assert judge(replace(TASK, check=check, seconds=seconds), solution).status == ("passed" if seconds > 1 else "error")
    assert not Path(told.read_text()).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["told"]
