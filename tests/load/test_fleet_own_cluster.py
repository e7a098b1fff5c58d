"""The cluster that run_fleet starts by itself: who can reach it, and what is left of it, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import distributed
import psutil
import pytest

from tests.waiting import eventually
from tutorial_lib.load import fleet_crew
from tutorial_lib.load.fleet import run_fleet
from tutorial_lib.load.fleet_crew import crew_of, own_cluster, start_fleet
from tutorial_lib.load.fleet_worker import facts
from tutorial_lib.load.workload import Workload
from tutorial_lib.process_tree import MARK_VARIABLE, marked
from tutorial_lib.servers.redis_process import RedisProcess

KILLS = 5 if os.environ.get("RELEASE") == "1" else 1
PROGRAM = "tests.load.fleet_killed"


@pytest.mark.redis_server
def test_it_starts_its_processes_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv(MARK_VARIABLE, "own cluster")
    threads = {*threading.enumerate()}
    with RedisProcess() as server:
        report = run_fleet(server, Workload("PING", users=2, count=20), 2)
        assert len(marked("own cluster")) <= 3, "the server and the shell that guards it; Python's own tracker"

    assert report.done == 20
    assert {each.limit for each in report.processes} == {100}, "what redis-py makes by itself"
    assert [*tmp_path.iterdir()] == []
    assert eventually(lambda: {*threading.enumerate()} <= threads), threading.enumerate()


@pytest.mark.redis_server
def test_processes_may_wait_for_several_runs() -> None:
    with RedisProcess() as server, start_fleet(2) as fleet:
        reports = [run_fleet(server, Workload("PING", count=20), many, cluster=fleet) for many in (1, 2)]
        processes = {each.where for report in reports for each in report.processes}
    fleet.close()

    assert repr(fleet) == "A fleet of 2 processes on this computer."
    assert [report.done for report in reports] == [20, 20]
    assert len(processes) == 2, "the first run's process is one of the second's"
    assert not [process for process in psutil.Process().children(recursive=True) if "distributed" in str(process)]


def test_only_this_computer_and_only_this_program_can_reach_it() -> None:
    """A worker runs whatever it is sent."""
    before = {(connection.laddr.ip, connection.laddr.port) for connection in psutil.Process().net_connections("tcp")}
    with crew_of(None, 1) as crew:
        (address,) = crew.alive
        _, process = crew.ask(facts)[address]["process"]
        listening = {
            (connection.laddr.ip, connection.laddr.port)
            for one in (psutil.Process(), psutil.Process(process))
            for connection in one.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        } - before
        assert {ip for ip, _ in listening} == {"127.0.0.1"}
        assert len(listening) == 3, "a scheduler, a worker and its nanny; no page of theirs"
        assert address.startswith("tls://127.0.0.1:")
        with pytest.raises((OSError, asyncio.TimeoutError)):
            distributed.Client(address, timeout=2, set_as_default=False, security=distributed.Security.temporary())


@pytest.mark.redis_server
@pytest.mark.skipif(sys.platform != "linux", reason="reads which environment a process has, as only Linux tells")
@pytest.mark.parametrize("moment", ["run", pytest.param("start", marks=pytest.mark.release)] * KILLS)
def test_a_program_that_is_killed_leaves_neither_processes_nor_folders(moment: str, tmp_path: Path) -> None:
    mark = f"fleet {tmp_path}"
    settings = {**os.environ, MARK_VARIABLE: mark, "TMPDIR": str(tmp_path)}
    program = subprocess.Popen(
        [sys.executable, "-m", PROGRAM, moment, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=settings
    )
    assert program.stdout
    with program, program.stdout:
        assert program.stdout.readline() == f"{moment}\n"
        assert len(marked(mark)) >= 4, "the program, two processes, a server and its guard"
        there = ours_in(tmp_path)
        program.send_signal(signal.SIGKILL)

    assert there, "the fleet's folder"
    assert eventually(lambda: not marked(mark), within=20), marked(mark)
    assert ours_in(tmp_path) == []


def ours_in(folder: Path) -> list[str]:
    """Name what this library has put there.

    Dask has a folder of its own, and Python a file, for some milliseconds each: a kill just then leaves it.
    """
    return [path.name for path in folder.iterdir() if path.name.startswith(("fleet-", "redis-pool-tutorial-"))]


def test_an_interrupt_while_it_starts_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK_VARIABLE, "interrupted start")
    start, begun = fleet_crew._start, threading.Event()

    def start_and_tell(processes: int) -> object:
        threading.Timer(0.01, signal.raise_signal, (signal.SIGINT,)).start()
        started = start(processes)
        begun.set()
        return started

    monkeypatch.setattr(fleet_crew, "_start", start_and_tell)
    with pytest.raises(KeyboardInterrupt, match="Interrupted while the processes were starting"), own_cluster(1):
        pytest.fail("it was interrupted")

    assert begun.wait(30), "it starts all the same"
    assert eventually(lambda: len(marked("interrupted start")) <= 1, within=10), "and ends"
