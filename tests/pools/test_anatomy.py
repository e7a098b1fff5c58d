from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.fake_connections import FakeConnection
from tutorial_lib.pools.anatomy import connections_of, written
from tutorial_lib.servers.fake import FakeServer


@pytest.mark.parametrize("kind", [redis.ConnectionPool, redis.BlockingConnectionPool])
def test_each_connection_with_its_state_and_its_address(kind: type[redis.ConnectionPool]) -> None:
    with FakeServer() as server:
        pool = kind(host=server.host, port=server.port, max_connections=3)
        assert connections_of(pool) == []
        first, _second = pool.get_connection(), pool.get_connection()
        pool.release(first)
        found = connections_of(pool) or []
        assert sorted(connection.in_use for connection in found) == [False, True]
        assert {connection.address for connection in found} == {client.address for client in server.clients()}
        assert {connection.peer for connection in found} == {f"127.0.0.1:{server.port}"}
        pool.disconnect()
        assert [(one.is_open, one.address) for one in connections_of(pool) or []] == [(False, "")] * 2


@pytest.mark.parametrize("kind", [redis.asyncio.ConnectionPool, redis.asyncio.BlockingConnectionPool])
def test_the_same_of_asyncio_pools(kind: type[redis.asyncio.ConnectionPool]) -> None:
    async def main() -> None:
        with FakeServer() as server:
            pool = kind(host=server.host, port=server.port, max_connections=3)
            first, _second = await pool.get_connection(), await pool.get_connection()
            await pool.release(first)
            found = connections_of(pool) or []
            assert sorted(connection.in_use for connection in found) == [False, True]
            assert {connection.address for connection in found} == {client.address for client in server.clients()}
            await pool.aclose()
            assert {connection.is_open for connection in connections_of(pool) or []} == {False}

    asyncio.run(main())


def test_a_connection_class_that_shows_no_socket() -> None:
    pool: Any = redis.ConnectionPool(connection_class=FakeConnection)
    pool.get_connection()
    (connection,) = connections_of(pool) or []
    assert (connection.in_use, connection.is_open, connection.address) == (True, None, "")


def test_a_pool_that_shows_no_connections() -> None:
    assert connections_of(object()) is None


@pytest.mark.parametrize(
    ("address", "text"),
    [(("127.0.0.1", 5), "127.0.0.1:5"), (("::1", 5, 0, 0), "[::1]:5"), ("", ""), (b"\0name", ""), (None, "")],
)
def test_addresses_are_written_as_redis_writes_them(address: object, text: str) -> None:
    assert written(address) == text
