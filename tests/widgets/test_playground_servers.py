"""The playground on a real Redis: one that is borrowed, and one that dies under it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest
import redis

from tests.redis_for_tests import owners_redis
from tests.waiting import eventually
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.servers.borrowed import BorrowedServer
from tutorial_lib.servers.redis_process import RedisProcess
from tutorial_lib.widgets.playground import ABOUT_BORROWED, Playground, playground

pytestmark = pytest.mark.redis_server


def in_use(shown: Playground) -> int:
    return 0 if shown.pool is None else snapshot(shown.pool).in_use


def test_on_a_borrowed_redis_the_owner_notices_nothing() -> None:
    with owners_redis(password="s3cr3t") as owner, owner.client() as other:
        other.set("text", "the owner's")
        before, number = owner.contents(), other.client_id()
        with BorrowedServer(f"redis://:s3cr3t@127.0.0.1:{owner.port}/0", keys=[]) as server:
            shown = playground(server, limit=2, callers=4, hold=10)
            assert shown._controls.place == ABOUT_BORROWED
            shown.start()
            assert eventually(lambda: in_use(shown) == 2)
            assert eventually(lambda: [slot.get("sides") for slot in shown.view.state["slots"]] == ["both"] * 2)
            shown.go_silent(60)
            assert other.ping(), "only the playground's own connections are held back"
            assert shown.close_connections() == 2
            assert other.client_id() == number, "nor is anybody else's closed"
            shown.close()
            assert eventually(lambda: server.clients() == [])
        assert owner.contents() == before


@pytest.mark.parametrize("tasks", [False, True])
def test_a_redis_that_dies_under_it_is_counted_and_its_end_is_calm(tasks: bool) -> None:
    with RedisProcess() as server:
        shown = playground(server, limit=2, callers=4, hold=0, tasks=tasks)
        shown.start()
        assert eventually(lambda: shown.counts.done > 0)
        with redis.Redis(port=server.port) as client:
            os.kill(client.info("server")["process_id"], signal.SIGKILL)
        assert eventually(lambda: shown.counts.failed >= 4, within=15)
        assert shown.counts.last_error.startswith("ConnectionError: ")
        shown.change(limit=5)
        shown.reset()
        shown.stop()
        shown.close()
    assert eventually(lambda: not [one for one in threading.enumerate() if one.name.startswith("caller ")])


@pytest.mark.parametrize("tasks", [False, True])
def test_a_python_that_ends_while_it_runs_ends_at_once_and_without_a_word(tasks: bool) -> None:
    code = (
        "from tutorial_lib import playground\n"
        f"play = playground(limit=2, callers=9, hold=10, wait=True, timeout=20, tasks={tasks})\n"
        "play.start()\n"
        "while play.view.state['in_use'] < 2: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
