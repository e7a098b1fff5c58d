"""sent_commands: what new connections of a pool send."""

from __future__ import annotations

import asyncio

import pytest
import redis
import redis.asyncio

from tutorial_lib import sent_commands
from tutorial_lib.errors import BadSetting
from tutorial_lib.servers.fake import FakeServer

HANDSHAKE = ["HELLO 3", "CLIENT MAINT_NOTIFICATIONS", "CLIENT SETINFO", "CLIENT SETINFO"]


def test_a_new_connection_sends_its_handshake_and_then_the_command() -> None:
    with FakeServer() as server, redis.ConnectionPool(host=server.host, port=server.port) as pool:
        with sent_commands(pool) as sent:
            redis.Redis(connection_pool=pool).get("greeting")
        assert sent == [*HANDSHAKE, "GET greeting"]


def test_after_the_block_the_pool_is_as_it_was_and_nothing_is_added() -> None:
    with FakeServer() as server, redis.BlockingConnectionPool(host=server.host, port=server.port) as pool:
        with sent_commands(pool) as sent:
            redis.Redis(connection_pool=pool).ping()
        redis.Redis(connection_pool=pool).get("greeting")  # on the connection that was opened in the block
        assert pool.connection_class is redis.Connection
        assert sent == [*HANDSHAKE, "PING"]


def test_a_connection_that_was_open_before_is_not_heard() -> None:
    with FakeServer() as server, redis.ConnectionPool(host=server.host, port=server.port) as pool:
        r = redis.Redis(connection_pool=pool)
        r.ping()
        with sent_commands(pool) as sent:
            r.ping()
        assert sent == []


def test_the_pool_is_as_it_was_after_an_error_too() -> None:
    pool = redis.ConnectionPool(host="127.0.0.1", port=1)
    with pytest.raises(redis.ConnectionError), sent_commands(pool) as sent:
        redis.Redis(connection_pool=pool).ping()
    assert pool.connection_class is redis.Connection
    assert sent == []


def test_it_works_with_asyncio() -> None:
    async def ask(server: FakeServer) -> list[str]:
        pool = redis.asyncio.ConnectionPool(host=server.host, port=server.port, protocol=2, driver_info=None)
        with sent_commands(pool) as sent:
            await redis.asyncio.Redis(connection_pool=pool).get("greeting")
        await pool.aclose()
        return sent

    with FakeServer() as server:
        assert asyncio.run(ask(server)) == ["GET greeting"]


def test_what_is_not_a_pool_gets_a_sentence() -> None:
    with pytest.raises(BadSetting), sent_commands(redis.Redis()):  # type: ignore[arg-type]
        pass
