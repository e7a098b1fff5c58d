"""However a lesson on a borrowed Redis ends, its key is gone and the owner's are there; also across a fork."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.redis_for_tests import OwnersRedis, owners_redis
from tests.waiting import eventually

SECRET = "s3cr3t"

pytestmark = pytest.mark.redis_server


@pytest.fixture(scope="module")
def house() -> Iterator[OwnersRedis]:
    with owners_redis(password=SECRET) as server:
        for db in (0, 3):
            with server.client(db) as client:
                client.set("text", "the owner's")
        yield server


@pytest.fixture
def owner(house: OwnersRedis) -> Iterator[OwnersRedis]:
    """A Redis that must be at a test's end as it was before."""
    before = house.contents()
    yield house
    assert house.contents() == before


SETUP = """
import os, socket, sys, redis
from tutorial_lib import start_server
server = start_server()
client = redis.Redis(host=server.host, port=server.port, db=0)
client.set("greeting", "hello")
print("ready", flush=True)
"""


def address(owner: OwnersRedis) -> str:
    login = f":{owner.password}@" if owner.password else ""
    return f"redis://{login}127.0.0.1:{owner.port}/3"


@contextmanager
def lesson(owner: OwnersRedis, script: str) -> Iterator[subprocess.Popen[str]]:
    """Run a lesson in a Python of its own, up to the point where it has written its key."""
    process = subprocess.Popen(
        [sys.executable, "-c", SETUP + script],
        env={**os.environ, "REDIS_URL": address(owner)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", process.communicate()
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert owner.process.returncode is not None or eventually(lambda: is_clean(owner))


def is_clean(owner: OwnersRedis) -> bool:
    with owner.client(3) as ours:
        return not ours.exists("greeting")


WAIT = "sys.stdin.readline()\n"


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise ValueError('oops')", "os._exit(1)", "del server"])
def test_the_key_is_gone_however_python_ends(owner: OwnersRedis, end: str) -> None:
    with lesson(owner, WAIT + end) as process:
        assert not is_clean(owner)
        process.communicate("go\n", timeout=10)
        assert eventually(lambda: is_clean(owner))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_key_is_gone_when_the_whole_terminal_is_killed(owner: OwnersRedis, number: signal.Signals) -> None:
    with lesson(owner, WAIT) as process:
        assert not is_clean(owner)
        os.killpg(process.pid, number)
        process.wait(timeout=10)
        assert eventually(lambda: is_clean(owner))


def test_an_owner_who_has_gone_is_told_in_one_line_at_the_end_of_python() -> None:
    with owners_redis() as owner, lesson(owner, WAIT) as process:
        owner.stop()
        _, said = process.communicate("go\n", timeout=20)
        assert process.returncode == 0
        assert said.startswith("The lesson's keys may still be on your own Redis")
        assert said.count("\n") == 1


FORK = """
child = os.fork()
if not child:
    {child}
    sys.stdin.readline()
    os._exit(0)
print(child, flush=True)
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs_fork
def test_a_forked_child_that_lives_on_does_not_keep_the_key(owner: OwnersRedis) -> None:
    with lesson(owner, FORK.format(child="pass") + WAIT) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        assert eventually(lambda: is_clean(owner))
        os.kill(child, 0)  # It is still there; ProcessLookupError otherwise.


@needs_fork
def test_a_forked_child_keeps_no_connection_open(owner: OwnersRedis) -> None:
    script = "sock = socket.create_connection((server.host, server.port)); server.opened()\n"
    with lesson(owner, script + FORK.format(child="pass") + "print(sock.recv(1), flush=True)\n") as process:
        assert process.stdout
        process.stdout.readline()
        with owner.client() as ours:
            ours.client_kill_filter(skipme=True, _type="normal")
        assert process.stdout.readline() == "b''\n"


@needs_fork
def test_a_forked_child_can_close_nothing_and_is_told_that_it_cannot_ask(owner: OwnersRedis) -> None:
    child = "server.close()\n    try:\n        server.opened()\n    except NotAllowed:\n        os._exit(7)"
    after = (
        "_, status = os.waitpid(child, 0)\nprint(status >> 8, client.get('greeting'), server.opened(), flush=True)\n"
    )
    with lesson(owner, "from tutorial_lib.errors import NotAllowed\n" + FORK.format(child=child) + after) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        assert process.stdout.read().splitlines()[-1] == "7 b'hello' 1"
