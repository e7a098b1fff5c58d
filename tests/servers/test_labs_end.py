"""Nothing of a lab is left however its owner ends: no process, no file, no port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.waiting import eventually

pytestmark = pytest.mark.redis_server

KILLS = int(os.environ.get("TUTORIAL_LAB_KILLS", "2"))
"""How often a lab of each kind is started and its owner killed; set it higher for a longer run."""

SECONDS_TO_END = 30.0  # seconds; a busy machine may let a guardian wait

OWNER = """
import json, os, signal, sys
import psutil
from tutorial_lib import start_cluster, start_sentinel, start_tls

lab = {start}
nodes = getattr(lab, "_all", [lab])
guardians = [node._process._guardian.pid for node in nodes]
programs = [child.pid for pid in guardians for child in psutil.Process(pid).children()]
ports = [node.port for node in nodes] + [port for port in [getattr(lab, "tls_port", 0)] if port]
print(json.dumps([guardians, programs, ports]), flush=True)
sys.stdin.readline()
{ending}
"""

STARTS = ["start_tls()", "start_sentinel()", "start_cluster()"]
SIGKILL = "os.kill(os.getpid(), signal.SIGKILL)"


class Owned:
    """A Python that starts a lab, with a temporary folder of its own, and then waits for ``end()``."""

    def __init__(self, start: str, folder: Path, ending: str) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER.format(start=start, ending=textwrap.dedent(ending))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
            start_new_session=True,
        )

    def started(self) -> None:
        """Wait until the lab is ready."""
        assert self.process.stdout
        self.guardians, self.programs, self.ports = json.loads(self.process.stdout.readline())
        assert self.left()  # Else the test could not fail.

    def end(self) -> None:
        with self.process:
            self.process.communicate("\n")

    def left(self) -> list[str]:
        files = [str(path) for path in self.folder.rglob("*")]
        processes = [f"process {pid}" for pid in [*self.guardians, *self.programs] if lives(pid)]
        return files + processes + [f"port {port}" for port in self.ports if listens(port)]


def lives(pid: int) -> bool:
    """A process that has ended and only waits for its parent to notice counts as gone."""
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def all_end(owned: list[Owned]) -> None:
    for one in owned:
        one.started()
    for one in owned:
        one.end()
    for one in owned:
        assert eventually(lambda one=one: not one.left(), within=SECONDS_TO_END), one.left()


@pytest.mark.parametrize("kill", range(KILLS))
def test_nothing_is_left_of_owners_that_were_killed(kill: int, tmp_path: Path) -> None:
    all_end([Owned(start, tmp_path / str(place), SIGKILL) for place, start in enumerate(STARTS)])


def test_nothing_is_left_of_other_endings(tmp_path: Path) -> None:
    endings = ["sys.exit(3)", "lab.close(); os._exit(0)", "os.killpg(0, signal.SIGKILL)"]
    all_end([Owned("start_sentinel()", tmp_path / str(place), ending) for place, ending in enumerate(endings)])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a program with its parent")
def test_one_guardian_that_is_left_is_enough_for_the_folder(tmp_path: Path) -> None:
    owned = Owned("start_sentinel(replicas=0, sentinels=2)", tmp_path / "tmp", SIGKILL)
    owned.started()
    for guardian in owned.guardians[:-1]:
        os.kill(guardian, signal.SIGKILL)
    owned.end()
    assert eventually(lambda: not owned.left(), within=SECONDS_TO_END), owned.left()


def test_a_forked_child_that_closes_its_copy_leaves_the_lab_running(tmp_path: Path) -> None:
    ending = """
    if os.fork() == 0:
        lab.close()
        sys.exit()
    os.wait()
    assert set(lab.opened()) == {"redis-1", "sentinel-1"}
    """
    owned = Owned("start_sentinel(replicas=0, sentinels=1)", tmp_path / "tmp", ending)
    owned.started()
    owned.end()
    assert owned.process.returncode == 0
    assert eventually(lambda: not owned.left(), within=SECONDS_TO_END), owned.left()
