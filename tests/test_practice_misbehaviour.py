"""Answers that do not behave: what becomes of each, and of the check that comes after it."""

from __future__ import annotations

import _thread
import gc
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
import redis.retry

from tests.one_ping import IMPATIENT, TASK, assert_next_check_passes, assert_no_thread_is_left, solution
from tutorial_lib.practice import deadline
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.verdict import Verdict

release = threading.Event()  # lets go of whatever could not be ended, at the end of a test


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.redis_server)], autouse=True)
def server_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TUTORIAL_SERVER", request.param)
    release.clear()
    yield request.param
    release.set()


# -- answers that do not end


def test_an_endless_loop_ends_at_the_deadline() -> None:
    def make_pool(host: str, port: int) -> Any:
        while True:
            pass

    verdict = judge(IMPATIENT, make_pool)
    assert verdict.status == "error"
    assert "still running after 0.3 s" in verdict.message
    assert "`pass`" in verdict.message or "`while True:`" in verdict.message
    assert_no_thread_is_left()
    assert_next_check_passes()


# Code that is ended while it opens a socket drops it unclosed.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_endless_loop_that_swallows_every_exception_ends_too() -> None:
    def make_pool(host: str, port: int) -> Any:
        r = redis.Redis(host=host, port=port)
        while True:
            try:
                r.ping()
                time.sleep(0.001)
            except:  # noqa: E722
                pass

    verdict = judge(IMPATIENT, make_pool)
    assert verdict.status == "error"
    assert "still running" in verdict.message
    assert_no_thread_is_left()
    assert_next_check_passes()


def test_waiting_for_the_server_for_ever_ends_because_the_server_does() -> None:
    def make_pool(host: str, port: int) -> Any:
        pool = redis.ConnectionPool(host=host, port=port, socket_timeout=None)
        return redis.Redis(connection_pool=pool).blpop(["nothing"])

    verdict = judge(IMPATIENT, make_pool)
    assert verdict.status == "error"
    assert 'blpop(["nothing"])' in verdict.message
    assert "could not be ended" not in verdict.message
    assert_no_thread_is_left()
    assert_next_check_passes()


def test_waiting_behind_a_silent_proxy_ends_and_the_proxy_does_too() -> None:
    made: list[Any] = []

    def behind_silence(answer: Callable[..., Any], lab: Lab) -> None:
        proxy = lab.proxy()
        proxy.blackhole()
        pool = lab.call(answer, proxy.host, proxy.port)
        made.extend([proxy, pool, *lab.pools()])
        redis.Redis(connection_pool=pool).ping()

    def make_pool(host: str, port: int) -> Any:
        return redis.ConnectionPool(host=host, port=port, socket_timeout=None)

    verdict = judge(replace(TASK, check=behind_silence, seconds=2), make_pool)
    assert "still running" in verdict.message
    assert "could not be ended" not in verdict.message
    proxy, pool, found = made
    assert found is pool
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((proxy.host, proxy.port))
    assert_no_thread_is_left()
    assert_next_check_passes()


def test_a_wait_that_cannot_be_ended_is_told_and_left_behind() -> None:
    def make_pool(host: str, port: int) -> Any:
        release.wait()

    verdict = judge(IMPATIENT, make_pool)
    assert verdict.status == "error"
    assert "`release.wait()`" in verdict.message
    assert "could not be ended" in verdict.message
    assert_next_check_passes()


def test_ctrl_c_ends_the_answer_and_is_passed_on() -> None:
    begun = threading.Event()

    def make_pool(host: str, port: int) -> Any:
        begun.set()
        while True:
            pass

    def press() -> None:
        begun.wait(timeout=5)
        _thread.interrupt_main()

    keyboard = threading.Thread(target=press)
    keyboard.start()
    with pytest.raises(deadline.Interrupted, match="You stopped your code at line"):
        judge(TASK, make_pool)
    keyboard.join()
    assert_no_thread_is_left()
    assert_next_check_passes()


# -- answers that leave things behind


def test_fifty_leaked_connections_do_not_reach_the_next_check() -> None:
    kept: list[Any] = []

    def make_pool(host: str, port: int) -> Any:
        pool = redis.ConnectionPool(host=host, port=port)
        kept.extend(pool.get_connection() for _ in range(50))
        kept.append(socket.create_connection((host, port)))
        return pool

    assert judge(TASK, make_pool) == Verdict("passed", "opened 52", "one-ping")
    assert [connection.is_connected for connection in kept[:50]] == [False] * 50
    assert kept[50].fileno() == -1
    assert_next_check_passes()


def test_threads_that_an_answer_leaves_running_are_ended() -> None:
    begun = threading.Event()

    def make_pool(host: str, port: int) -> Any:
        def work() -> None:
            begun.set()
            while True:
                pass

        threading.Thread(target=work, name="learner").start()
        begun.wait(timeout=5)
        return solution(host, port)

    assert judge(TASK, make_pool).status == "passed"
    assert_no_thread_is_left()
    assert_next_check_passes()


def test_threads_from_before_the_check_are_left_alone() -> None:
    def work() -> None:
        release.wait()

    mine = threading.Thread(target=work)
    mine.start()
    assert_next_check_passes()
    assert mine.is_alive()
    release.set()
    mine.join()


def test_a_replaced_pool_is_put_back_and_told() -> None:
    original = redis.ConnectionPool

    def make_pool(host: str, port: int) -> Any:
        pool = original(host=host, port=port)
        redis.ConnectionPool = dict  # type: ignore[misc, assignment]
        return pool

    verdict = judge(TASK, make_pool)
    assert verdict.status in ("wrong", "error")
    assert "`redis.ConnectionPool`, which is put back" in verdict.message
    assert redis.ConnectionPool is original
    assert_next_check_passes()


def test_replaced_methods_and_a_replaced_clock_are_put_back() -> None:
    before = redis.ConnectionPool.get_connection, redis.ConnectionPool.release, time.sleep, sys.stdout

    def make_pool(host: str, port: int) -> Any:
        redis.ConnectionPool.release = lambda self, connection: None  # type: ignore[method-assign]
        redis.BlockingConnectionPool.make_coffee = None  # type: ignore[attr-defined]
        time.sleep = lambda seconds: None
        sys.stdout = None  # type: ignore[assignment]
        socket.setdefaulttimeout(0.0001)
        return solution(host, port)

    verdict = judge(TASK, make_pool)
    assert verdict.status == "wrong"
    assert "`ConnectionPool.release`" in verdict.message
    assert "`time.sleep`" in verdict.message
    assert (redis.ConnectionPool.get_connection, redis.ConnectionPool.release, time.sleep, sys.stdout) == before
    assert not hasattr(redis.BlockingConnectionPool, "make_coffee")
    assert socket.getdefaulttimeout() is None
    assert_next_check_passes()


def test_what_few_would_replace_is_put_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = None

    def make_pool(host: str, port: int) -> Any:
        redis.retry.Retry.call_with_retry = nothing  # type: ignore[assignment, method-assign]
        redis.client.Pipeline.execute = nothing  # type: ignore[assignment, method-assign]
        redis.client.PubSub.close = nothing  # type: ignore[assignment, method-assign]
        redis.exceptions.ConnectionError = ValueError  # type: ignore[assignment, misc]
        queue.Queue.get = nothing  # type: ignore[assignment, method-assign]
        socket.socket.connect = nothing  # type: ignore[assignment, method-assign]
        threading.Thread.start = nothing  # type: ignore[assignment, method-assign]
        os.environ["TUTORIAL_SERVER"] = "nonsense"
        return solution(host, port)

    said = judge(TASK, make_pool).message
    assert "please report" not in said
    for name in ("Retry.call_with_retry", "Pipeline.execute", "PubSub.close", "Queue.get", "Thread.start"):
        assert f"`{name}`" in said
    assert_next_check_passes()


# -- answers that end things


@pytest.mark.parametrize("leave", [lambda: sys.exit(), lambda: sys.exit("bye"), lambda: _raise(SystemExit(3))])
def test_an_answer_that_exits_does_not_end_python(leave: Callable[[], None]) -> None:
    def make_pool(host: str, port: int) -> Any:
        leave()

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert "it would end the whole program" in verdict.message
    assert_next_check_passes()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), BaseException("odd"), RecursionError()])
def test_an_answer_that_raises_whatever_it_likes_gets_a_verdict(error: BaseException) -> None:
    def make_pool(host: str, port: int) -> Any:
        raise error

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert type(error).__name__ in verdict.message
    assert "`raise error`" in verdict.message
    assert_next_check_passes()


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
    assert_next_check_passes()


def _close_listener(port: int) -> None:
    for thing in gc.get_objects():
        if type(thing) is socket.socket and thing.fileno() != -1 and thing.getsockname()[1:2] == (port,):
            thing.shutdown(socket.SHUT_RDWR)
            thing.close()


def _kill_server(port: int) -> None:
    from tutorial_lib.servers.redis_process import RedisProcess

    (server,) = (thing for thing in gc.get_objects() if type(thing) is RedisProcess and thing.port == port)
    server._stop()


def _raise(error: BaseException) -> None:
    raise error
