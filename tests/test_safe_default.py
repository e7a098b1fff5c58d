"""Lesson 08's safe default keeps the sum that the lesson promises, counted in tries and not in seconds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from time import sleep
from typing import Any

import pytest
import redis
from redis.backoff import EqualJitterBackoff
from redis.retry import Retry

from tools.build_notebooks import COURSE
from tutorial_lib.faults import FaultProxy
from tutorial_lib.servers.fake import FakeServer

SOURCE = COURSE / "notebooks" / "source" / "08_when_a_connection_dies.py"


class Counting(redis.Connection):
    """Notes each opening and each silence, and is impatient, so that the test is quick."""

    noted: list[str]

    def _connect(self) -> Any:
        self.noted.append("opened")
        return super()._connect()  # type: ignore[no-untyped-call]

    def read_response(self, *words: Any, **options: Any) -> Any:
        try:
            return super().read_response(*words, **options)
        except redis.TimeoutError:
            self.noted.append("silence")
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


def silences(proxy: FaultProxy, check_due: bool) -> list[str]:
    """Return what a command on an open line meets that has gone silent."""
    pool = safe_pool(proxy.host, proxy.port)
    pool.connection_class = type("Connection", (Counting,), {"noted": []})
    pool.connection_kwargs |= {"socket_timeout": 0.05, "health_check_interval": 0.01 if check_due else 0}
    with pool:
        r = redis.Redis(connection_pool=pool)
        r.ping()
        sleep(0.02)
        proxy.blackhole()
        pool.connection_class.noted.clear()  # type: ignore[attr-defined]
        with pytest.raises(redis.TimeoutError):
            r.get("greeting")
        return list(pool.connection_class.noted)  # type: ignore[attr-defined]


def test_the_longest_silence_is_that_of_three_tries(proxy: FaultProxy) -> None:
    assert silences(proxy, check_due=True).count("silence") == 3
    # the PING, the PING again, the command


def test_without_a_check_it_is_two(proxy: FaultProxy) -> None:
    assert silences(proxy, check_due=False) == ["silence", "opened", "silence"]


def test_its_limits_add_up_to_two_seconds() -> None:
    pool = safe_pool("127.0.0.1", 1)
    settings = pool.connection_kwargs
    each, pause = settings["socket_timeout"], settings["retry"]._backoff._cap

    assert settings["socket_connect_timeout"] == each
    assert pool.timeout + 3 * each + 2 * pause == pytest.approx(2)
