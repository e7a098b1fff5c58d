"""A server of each kind of our own, and pools on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis

from tests.servers.both_kinds import Start
from tutorial_lib.servers import Server


@pytest.fixture(params=["fake", pytest.param("redis", marks=pytest.mark.redis_server)])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    with ExitStack() as started:

        def start() -> Server:
            if request.param == "fake":
                from tutorial_lib.servers.fake import FakeServer

                return started.enter_context(FakeServer())
            from tutorial_lib.servers.redis_process import RedisProcess

            return started.enter_context(RedisProcess())

        yield start


@pytest.fixture
def server(start: Start) -> Server:
    return start()


@pytest.fixture
def pool_of(server: Server) -> Iterator[Callable[..., redis.ConnectionPool]]:
    """Build pools on the server, and close them at the end."""
    with ExitStack() as pools:

        def pool_of(limit: int, **arguments: Any) -> redis.ConnectionPool:
            pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=limit, **arguments)
            pools.callback(pool.disconnect)
            return pool

        yield pool_of
