"""Answers that do not behave: what becomes of each, of this process, and of the check that comes after it."""

from __future__ import annotations

import _thread
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from tests.every_day import one_in
from tests.practice.misbehaving import ENDLESS, LEAVING, Answer
from tests.practice.one_ping import IMPATIENT, PASSED, TASK, assert_next_check_passes, solution
from tests.practice.traces import nothing_left
from tests.waiting import eventually
from tutorial_lib.practice.deadline import Interrupted
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.referee import judge

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there a check has a process of its own")


@pytest.fixture(
    params=["fake", pytest.param("redis", marks=[pytest.mark.redis_server, pytest.mark.release])], autouse=True
)
def server_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TUTORIAL_SERVER", request.param)
    _warm_up(request.param)
    with nothing_left():
        yield request.param
        assert_next_check_passes()


@cache
def _warm_up(kind: str) -> None:
    assert_next_check_passes()  # the first check imports what the others find imported


@pytest.mark.parametrize("answer", ENDLESS, ids=lambda answer: answer.__name__)
def test_an_answer_that_does_not_end_is_told_where_it_was(answer: Answer) -> None:
    said = []

    def is_told() -> bool:  # On a busy computer it may not be known in time.
        verdict = judge(IMPATIENT, answer)
        assert verdict.status == "error"
        assert "still running after 0.3 s, and was ended." in verdict.message
        said.append(verdict.message)
        return "It was at line" in verdict.message

    assert eventually(is_told)
    assert ENDLESS[answer] in said[-1]


@pytest.mark.parametrize("answer", one_in(3, LEAVING), ids=lambda answer: answer.__name__)
def test_nothing_is_left_after(answer: Answer, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = judge(TASK, answer)
    assert LEAVING[answer] in repr(verdict)
    assert "please report" not in verdict.message
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("leave", [lambda: sys.exit(), lambda: sys.exit("bye"), lambda: _raise(SystemExit(3))])
def test_an_answer_that_exits_does_not_end_python(leave: Callable[[], None]) -> None:
    def make_pool(host: str, port: int) -> Any:
        leave()

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert "it would end the whole program" in verdict.message


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), BaseException("odd"), RecursionError()])
def test_an_answer_that_raises_whatever_it_likes_gets_a_verdict(error: BaseException) -> None:
    def make_pool(host: str, port: int) -> Any:
        raise error

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert type(error).__name__ in verdict.message
    assert "`raise error`" in verdict.message


def _raise(error: BaseException) -> None:
    raise error


def test_waiting_behind_a_silent_proxy_ends_and_the_proxy_does_too(capsys: pytest.CaptureFixture[str]) -> None:
    def behind_silence(answer: Callable[..., Any], lab: Lab) -> None:
        proxy = lab.proxy()
        proxy.blackhole()
        print(proxy.port)
        pool = lab.call(answer, proxy.host, proxy.port)
        assert lab.pools() == [pool]
        redis.Redis(connection_pool=pool).ping()

    def make_pool(host: str, port: int) -> Any:
        return redis.ConnectionPool(host=host, port=port, socket_timeout=None)

    verdict = judge(replace(TASK, check=behind_silence, seconds=2), make_pool)
    assert "still running" in verdict.message
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(capsys.readouterr().out)))


def test_an_answer_that_closes_the_servers_port(server_kind: str) -> None:
    def make_pool(host: str, port: int) -> Any:
        pool = solution(host, port)
        if server_kind == "fake":
            _close_listener(port)
        else:
            _kill_server(port)
        return pool

    verdict = judge(TASK, make_pool)
    assert verdict.status == "wrong"
    assert "The practice server was gone" in verdict.message


def _close_listener(port: int) -> None:
    for thing in gc.get_objects():
        if type(thing) is socket.socket and thing.fileno() != -1 and thing.getsockname()[1:2] == (port,):
            with suppress(OSError):  # the one that only keeps the port
                thing.shutdown(socket.SHUT_RDWR)
            thing.close()


def _kill_server(port: int) -> None:
    from tutorial_lib.servers.redis_process import RedisProcess

    (server,) = (thing for thing in gc.get_objects() if type(thing) is RedisProcess and thing.port == port)
    server._stop()


def test_threads_from_before_the_check_are_left_alone() -> None:
    release = threading.Event()
    mine = threading.Thread(target=release.wait)
    mine.start()
    assert_next_check_passes()
    assert mine.is_alive()
    release.set()
    mine.join()


def test_an_answer_sees_the_notebooks_variables_and_changes_none() -> None:
    mine = {"limit": 7}

    def make_pool(host: str, port: int) -> Any:
        mine["limit"] += 1
        return mine

    assert judge(TASK, make_pool).message == "got {'limit': 8}"
    assert mine == {"limit": 7}


# -- who ends it, and when


def test_ctrl_c_ends_the_answer_and_says_where_it_was(tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    def make_pool(host: str, port: int) -> Any:
        begun.touch()
        while True:
            pass

    def press() -> None:
        eventually(begun.exists)
        _thread.interrupt_main()

    keyboard = threading.Thread(target=press)
    keyboard.start()
    with pytest.raises(Interrupted, match=r"You stopped your code at line \d+ of test_misbehaviour.py"):
        judge(TASK, make_pool)
    keyboard.join()


def test_two_checks_at_once_come_out_as_one_after_the_other() -> None:
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(judge, [TASK] * 4, [solution] * 4)) == [PASSED] * 4


KERNEL = """
import os, subprocess, sys, time
from tests.practice.one_ping import TASK
from tutorial_lib.practice.referee import judge

def make_pool(host, port):
    daemon = subprocess.Popen(["sleep", "66"], start_new_session=True)
    print(os.getpid(), daemon.pid, flush=True)
    time.sleep(60)

judge(TASK, make_pool)
"""


def test_when_the_kernel_is_killed_the_answer_and_all_that_it_started_end() -> None:
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL], stdout=subprocess.PIPE, text=True)
    assert kernel.stdout
    started = [int(pid) for pid in kernel.stdout.readline().split()]
    assert len(started) == 2
    started += [child.pid for child in psutil.Process(kernel.pid).children(recursive=True)]
    os.kill(kernel.pid, signal.SIGKILL)
    kernel.wait()
    kernel.stdout.close()
    assert eventually(lambda: not any(map(psutil.pid_exists, started)))


def test_a_function_of_300_mb_is_judged_within_a_second_of_work() -> None:
    kept = bytearray(os.urandom(1024)) * 300_000

    def make_pool(host: str, port: int) -> Any:
        assert kept
        return solution(host, port)

    def worked() -> float:
        """Return the processor's seconds of this process and of those that have ended: others may be busy, too."""
        return sum(os.times()[:4])

    before = worked()
    assert judge(TASK, make_pool) == PASSED
    assert worked() - before < 1
