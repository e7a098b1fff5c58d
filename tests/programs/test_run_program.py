"""A function of a notebook runs as a program of its own, says what went wrong, and leaves nothing behind."""

from __future__ import annotations

import linecache
import multiprocessing
import os
import signal
import subprocess
import sys
import time as clock
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from tests.waiting import eventually
from tutorial_lib.errors import BadSetting, ProgramFailed
from tutorial_lib.programs.run import run_program
from tutorial_lib.servers import Server, start_server

GREETING = "hello"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUTORIAL_SERVER", "fake")
        with start_server() as server:
            yield server


class Shop:
    def __init__(self, host, port):
        self.r = redis.Redis(host=host, port=port, client_name="shop")

    def __getstate__(self):
        return self.r.get_connection_kwargs()["port"]

    def __setstate__(self, port):
        self.__init__("127.0.0.1", port)


@cache
def greeting_of(shop):
    return shop.r.get("greeting").decode()


def greets(host, port):
    shop = Shop(host, port)
    shop.r.set("greeting", GREETING)
    print(greeting_of(shop))


def forks(host, port):
    print("before")
    if os.fork() == 0:
        print("in the child")
        os._exit(0)
    os.wait()
    print("in the parent")


def spawns(host, port, words):
    shop = Shop(host, port)
    with multiprocessing.get_context("spawn").Pool(1) as workers:
        print(words, workers.apply(greeting_of, [shop]))


def test_it_takes_along_what_the_function_uses(server: Server) -> None:
    assert run_program(greets, server) == "hello"


@needs_fork
def test_each_line_is_printed_once_where_a_program_forks(server: Server) -> None:
    assert run_program(forks, server) == "before\nin the child\nin the parent"


@needs_fork
def test_where_there_is_no_fork_the_program_is_not_run(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert run_program(forks, server) == "Windows has no os.fork(), so this program doesn't run here."


CELL = """
import dataclasses

@dataclasses.dataclass
class Counter:
    first: int

    def next(self):
        return self.first + 1

def counts(host, port):
    print(Counter(1).next())
"""


def test_a_class_of_a_cell_is_taken_along_with_its_decorators(server: Server) -> None:
    """Python cannot find the source of a class in a notebook, whose module is no file."""
    cell: dict[str, Any] = {"__name__": "__main__"}
    linecache.cache["<cell>"] = (len(CELL), None, CELL.splitlines(keepends=True), "<cell>")
    exec(compile(CELL, "<cell>", "exec", dont_inherit=True), cell)
    assert run_program(cell["counts"], server) == "2"


def test_a_spawned_process_finds_the_functions_and_arguments_are_handed_on(server: Server) -> None:
    assert run_program(spawns, server, ["two", "words"]) == "['two', 'words'] hello"


def raises(host, port):
    redis.Redis(host=host, port=port).incr("greeting")


def test_what_a_program_raises_is_told(server: Server) -> None:
    with pytest.raises(ProgramFailed, match=r"`raises` ended with exit code 1.*(?s:.*)not an integer"):
        run_program(raises, server)


def ends_itself(host, port):
    print("so far")
    os.kill(os.getpid(), signal.SIGKILL)


@needs_fork
def test_a_program_that_is_killed_is_told(server: Server) -> None:
    with pytest.raises(ProgramFailed, match=r"exit code 137\. It printed:\nso far"):
        run_program(ends_itself, server)


def never_ends(host, port):
    print("begun")
    clock.sleep(600)


def test_a_program_that_does_not_end_is_ended(server: Server) -> None:
    before = psutil.Process().children(recursive=True)  # Other tests may have started some.
    with pytest.raises(ProgramFailed, match=r"still running after 1 s.*\nbegun"):
        run_program(never_ends, server, seconds=1)
    assert set(psutil.Process().children(recursive=True)) <= set(before)


def prints_without_end(host, port):
    while True:
        print("again and again " * 1000)


def test_a_program_that_prints_without_end_is_ended(server: Server) -> None:
    with pytest.raises(ProgramFailed, match="printed more than 100,000 characters"):
        run_program(prints_without_end, server)


client = redis.Redis(port=1)


def uses_a_client(host, port):
    client.ping()


def test_what_cannot_be_taken_along_is_named(server: Server) -> None:
    with pytest.raises(BadSetting, match="`uses_a_client` uses `client`, a Redis of this notebook"):
        run_program(uses_a_client, server)


def test_other_things_than_functions_and_servers_are_refused(server: Server) -> None:
    with pytest.raises(BadSetting, match="A program is a function, and this is 'greets'"):
        run_program("greets", server)  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="Give what start_server"):
        run_program(greets, ("127.0.0.1", 1))  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="seconds is 0"):
        run_program(greets, server, seconds=0)


KERNEL = """
from tests.programs.test_run_program import forks_and_sleeps
from tutorial_lib.programs.run import run_program
from tutorial_lib.servers import start_server
run_program(forks_and_sleeps, start_server(), {pids!r}, seconds=300)
"""


def forks_and_sleeps(host, port, pids):
    os.fork()
    with open(pids, "a") as file:  # noqa: PTH123
        print(os.getpid(), file=file)
    clock.sleep(600)


@needs_fork
def test_nothing_outlives_a_kernel_that_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    environ = {**os.environ, "TUTORIAL_SERVER": "fake", "TMPDIR": str(tmp_path)}
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL.format(pids=str(pids))], env=environ)
    try:
        assert eventually(lambda: pids.exists() and len(pids.read_text().splitlines()) == 2, within=30)
    finally:
        kernel.kill()
        kernel.wait()
    started = [int(pid) for pid in pids.read_text().split()]
    assert eventually(lambda: not any(map(psutil.pid_exists, started)), within=10)
    assert eventually(lambda: list(tmp_path.glob("pool-program-*")) == [], within=10)
