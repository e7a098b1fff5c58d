"""Lesson 11's safe default keeps the bound that the lesson promises, in waits and pauses, and once by the clock."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from statistics import mean
from threading import Timer
from time import monotonic
from typing import Any

import pytest
import redis
from redis.backoff import EqualJitterBackoff
from redis.retry import Retry

from tools.build_notebooks import TOP
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.servers.fake import FakeServer

SOURCE = TOP / "notebooks" / "source" / "11_how_long_a_caller_waits.py"


class Noting(redis.Connection):
    """Notes each wait that ends in a timeout, and waits for no opening, so that the test is quick."""

    noted: list[str]
    unreachable = False

    def _connect(self) -> Any:
        if self.unreachable:
            self.noted.append("wait")
            raise TimeoutError("timed out")
        return super()._connect()  # type: ignore[no-untyped-call]

    def read_response(self, *words: Any, **options: Any) -> Any:
        try:
            return super().read_response(*words, **options)
        except redis.TimeoutError:
            self.noted.append("wait")
            raise


def safe_pool(host: str, port: int) -> redis.BlockingConnectionPool:
    """Make the lesson's pool, from the lesson's own text."""
    tree = ast.parse(SOURCE.read_text("utf-8"))
    tree.body = [part for part in tree.body if getattr(part, "name", "") == "safe_pool"]
    names: dict[str, Any] = {"redis": redis, "Retry": Retry, "EqualJitterBackoff": EqualJitterBackoff}
    exec(compile(tree, str(SOURCE), "exec"), names)
    pool: redis.BlockingConnectionPool = names["safe_pool"](host, port)
    return pool


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with FakeServer() as server, FaultProxy(server) as proxy:
        yield proxy


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Waits and pauses; the pauses take no time."""
    noted: list[str] = []
    monkeypatch.setattr("redis.retry.sleep", lambda seconds: noted.append("pause"))
    return noted


# -- how the caller's connection is when the fault begins


def never_opened(pool: redis.BlockingConnectionPool) -> None:
    pass


def busy(pool: redis.BlockingConnectionPool) -> None:
    redis.Redis(connection_pool=pool).ping()


def closed(pool: redis.BlockingConnectionPool) -> None:
    busy(pool)
    pool.disconnect()


def check_due(pool: redis.BlockingConnectionPool) -> None:
    """As after a quiet time that is longer than ``health_check_interval``."""
    connection = pool.get_connection()
    connection.next_health_check = 0
    pool.release(connection)


def closed_and_check_due(pool: redis.BlockingConnectionPool) -> None:
    check_due(pool)
    pool.disconnect()


# Waits and pauses after the borrow: in a silence, and when the machine has vanished, so that opening is unanswered too.
CALLERS: dict[Callable[[redis.BlockingConnectionPool], None], tuple[tuple[int, int], tuple[int, int]]] = {
    never_opened: ((4, 3), (2, 1)),
    busy: ((2, 1), (3, 2)),
    closed: ((2, 1), (2, 1)),
    check_due: ((3, 2), (5, 4)),
    closed_and_check_due: ((4, 3), (2, 1)),
}


@pytest.mark.parametrize("unreachable", [False, True], ids=["silent", "vanished"])
@pytest.mark.parametrize("caller", CALLERS)
def test_a_caller_meets_so_many_waits_and_pauses(
    caller: Callable[[redis.BlockingConnectionPool], None], unreachable: bool, proxy: FaultProxy, noted: list[str]
) -> None:
    pool = safe_pool(proxy.host, proxy.port)
    pool.connection_class = type("Connection", (Noting,), {"noted": noted})
    pool.connection_kwargs |= {"socket_timeout": 0.05}
    with pool:
        caller(pool)
        proxy.blackhole()
        pool.connection_class.unreachable = unreachable
        noted.clear()
        with pytest.raises(redis.TimeoutError):
            redis.Redis(connection_pool=pool).get("greeting")
    assert (noted.count("wait"), noted.count("pause")) == CALLERS[caller][unreachable]


def test_the_longest_of_them_is_within_two_seconds_with_the_wait_for_a_connection() -> None:
    with closing(safe_pool("127.0.0.1", 1)) as pool:
        settings = pool.connection_kwargs
        each, pause = settings["socket_timeout"], settings["retry"]._backoff._cap
        assert settings["socket_connect_timeout"] == each
        longest = max(waits * each + pauses * pause for row in CALLERS.values() for waits, pauses in row)
        assert pool.timeout + longest == pytest.approx(2)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves an opening unanswered")
def test_it_is_so_by_the_clock_for_a_late_connection_whose_check_is_due(proxy: FaultProxy) -> None:
    seconds = _borrowed_late(proxy)
    if seconds >= 2:  # the machine may be busy
        seconds = _borrowed_late(proxy)
    assert 0.15 + 5 * 0.2 + 4 * 0.1 < seconds < 2


def _borrowed_late(proxy: FaultProxy) -> float:
    with safe_pool(proxy.host, proxy.port) as pool:
        late, *_ = [pool.get_connection() for _ in range(pool.max_connections)]
        late.next_health_check = 0
        proxy.vanish()
        Timer(0.15, pool.release, [late]).start()
        begun = monotonic()
        with pytest.raises(redis.TimeoutError):
            redis.Redis(connection_pool=pool).get("greeting")
        seconds = monotonic() - begun
        proxy.heal()
    return seconds


# -- what the lesson says without the seconds that it would take to see


def test_the_retries_of_a_bare_redis_pause_for_some_four_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("redis.retry.sleep", pauses.append)
    for _ in range(100):
        with pytest.raises(redis.ConnectionError):
            redis.Redis(host="127.0.0.1", port=1).ping()
    assert len(pauses) == 100 * 10
    assert 3 < sum(pauses) / 100 < 5
    assert mean(pauses[::10]) < mean(pauses[9::10])  # the first, the last


def test_a_bare_redis_waits_for_more_than_nine_minutes_for_a_machine_that_is_gone(
    proxy: FaultProxy, noted: list[str]
) -> None:
    r = redis.Redis(host=proxy.host, port=proxy.port, socket_timeout=0.02)
    pool = r.connection_pool
    pool.connection_class = type("Connection", (Noting,), {"noted": noted})
    r.ping()
    noted.clear()  # a busy machine may have made the first reply late
    proxy.blackhole()
    pool.connection_class.unreachable = True
    with pytest.raises(redis.TimeoutError):
        r.get("greeting")
    waits = noted.count("wait")
    assert waits == 1 + 10 * 11
    assert waits * redis.Connection().socket_timeout > 9 * 60


def test_a_blocking_pool_with_a_misspelled_argument_ends_in_a_wait(proxy: FaultProxy) -> None:
    where: Any = {"host": proxy.host, "port": proxy.port, "max_connections": 1, "timeout": 0.01, "read_timeout": 1}
    r = redis.Redis(connection_pool=redis.BlockingConnectionPool(**where))
    with pytest.raises(TypeError, match="read_timeout"):
        r.ping()
    with pytest.raises(redis.ConnectionError, match="No connection available"):
        r.ping()
