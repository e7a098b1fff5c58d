from __future__ import annotations

import asyncio
import re

import pytest
import redis
import redis.asyncio

from tests.fake_connections import FakeAsyncConnection, FakeConnection
from tutorial_lib.errors import BadSetting
from tutorial_lib.pools.snapshot import PoolSnapshot, snapshot


@pytest.mark.parametrize("kind", [redis.ConnectionPool, redis.BlockingConnectionPool])
def test_a_snapshot_counts_what_is_borrowed_and_what_is_back(kind: type[redis.ConnectionPool]) -> None:
    pool = kind(connection_class=FakeConnection, max_connections=3)
    assert snapshot(pool) == PoolSnapshot(in_use=0, idle=0, limit=3)
    first, _second = pool.get_connection(), pool.get_connection()
    pool.release(first)
    assert snapshot(pool) == PoolSnapshot(in_use=1, idle=1, limit=3)


@pytest.mark.parametrize("kind", [redis.asyncio.ConnectionPool, redis.asyncio.BlockingConnectionPool])
def test_a_snapshot_of_an_asyncio_pool(kind: type[redis.asyncio.ConnectionPool]) -> None:
    async def main() -> PoolSnapshot:
        pool = kind(connection_class=FakeAsyncConnection, max_connections=3)
        first, _second = await pool.get_connection(), await pool.get_connection()
        await pool.release(first)
        return snapshot(pool)

    assert asyncio.run(main()) == PoolSnapshot(in_use=1, idle=1, limit=3)


def test_a_limit_of_two_to_the_31_is_a_number_like_any_other() -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection, max_connections=2**31)
    assert snapshot(pool) == PoolSnapshot(in_use=0, idle=0, limit=2**31)


@pytest.mark.parametrize(
    ("thing", "advice"),
    [
        (redis.Redis(), "give client.connection_pool"),
        (redis.asyncio.Redis(), "give client.connection_pool"),
        (redis.ConnectionPool, "Make a pool of it first: ConnectionPool(host=…, port=…)"),
        ("redis://localhost", "not a connection pool but a str"),
        (None, "not a connection pool but a NoneType"),
    ],
    ids=["client", "asyncio client", "class", "url", "none"],
)
def test_what_is_not_a_pool_is_told_in_a_sentence(thing: object, advice: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(advice)):
        snapshot(thing)  # type: ignore[arg-type]


def test_a_cluster_client_is_told_where_its_pools_are() -> None:
    class LikeACluster:
        def get_nodes(self) -> list[object]:
            return []

    with pytest.raises(BadSetting, match=r"one pool for each node.*get_nodes\(\)\[0\]"):
        snapshot(LikeACluster())  # type: ignore[arg-type]
