"""Eyes on the pools of several servers: a Sentinel's, and one for each node of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis
import redis.asyncio
import redis.asyncio.sentinel

from tutorial_lib import PoolView, record, snapshot, start_cluster, start_sentinel
from tutorial_lib.errors import BadSetting
from tutorial_lib.pools.snapshot import PoolSnapshot
from tutorial_lib.servers.cluster_lab import ClusterLab
from tutorial_lib.servers.sentinel_lab import SentinelLab

needs_redis = pytest.mark.redis_server


@pytest.fixture(scope="module")
def lab() -> Iterator[SentinelLab]:
    with start_sentinel(replicas=0, sentinels=1) as lab:
        yield lab


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterLab]:
    with start_cluster() as lab:
        yield lab


class BlockingSentinelPool(redis.sentinel.SentinelConnectionPool, redis.BlockingConnectionPool):
    """The one that waits, which redis-py does not have."""


def shown(view: PoolView) -> list[tuple[str, str]]:
    """Look once more, with the server's newest answer: what each slot is, and which side knows it."""
    view._watch.wait_for_server()
    return [(slot["is"], slot["sides"]) for slot in view._watch.look()["slots"]]


@needs_redis
@pytest.mark.parametrize(
    ("options", "limit"),
    [({}, 100), ({"connection_pool_class": BlockingSentinelPool, "max_connections": 2, "timeout": 0.1}, 2)],
)
def test_a_sentinels_pool(lab: SentinelLab, options: dict[str, object], limit: int) -> None:
    client = redis.Sentinel(lab.addresses).master_for(lab.service, **options)
    pool = client.connection_pool
    with closing(PoolView(pool, lab.master, title="mymaster")) as view, record(pool) as recording:
        client.set("greeting", "hello")
        assert snapshot(pool) == PoolSnapshot(in_use=0, idle=1, limit=limit)
        assert (view.title, repr(view)) == ("mymaster", f"PoolView(in_use=0, idle=1, waiting=0, limit={limit})")
        assert shown(view) == [("idle", "both")]
    assert repr(recording) == "Recording(leases=1, refused=0, timed_out=0, peak=1, still_held=0)"
    client.close()


@needs_redis
def test_a_sentinels_pool_that_waits_is_seen_waiting_in_vain(lab: SentinelLab) -> None:
    client = redis.Sentinel(lab.addresses).master_for(
        lab.service, connection_pool_class=BlockingSentinelPool, max_connections=1, timeout=0.05
    )
    pool = client.connection_pool
    with record(pool) as recording:
        held = pool.get_connection()
        with pytest.raises(redis.ConnectionError, match="No connection available"):
            client.get("greeting")
        pool.release(held)
    assert repr(recording) == "Recording(leases=1, refused=0, timed_out=1, peak=1, still_held=0)"
    client.close()


@needs_redis
def test_a_sentinels_pool_with_asyncio(lab: SentinelLab) -> None:
    async def main() -> None:
        sentinel = redis.asyncio.sentinel.Sentinel(lab.addresses)
        client = sentinel.master_for(lab.service)
        pool = client.connection_pool
        with closing(PoolView(pool, lab.master)) as view, record(pool) as recording:
            await client.set("greeting", "hello")
            assert snapshot(pool) == PoolSnapshot(in_use=0, idle=1, limit=100)
            assert shown(view) == [("idle", "both")]
        assert len(recording.leases) == 1
        await client.aclose()
        await sentinel.aclose()  # The master's client leaves the sentinels' own connections open.

    asyncio.run(main())


@needs_redis
def test_each_node_of_a_cluster_has_a_view_with_its_name(cluster: ClusterLab) -> None:
    with redis.RedisCluster.from_url(cluster.url) as client:
        servers = {server.port: server for server in cluster.nodes}
        pools = {node.port: node.redis_connection.connection_pool for node in client.get_nodes()}
        views = [PoolView(pool, servers[port], title=servers[port].name) for port, pool in pools.items()]
        recordings = [record(pool) for pool in pools.values()]
        for recording in recordings:
            recording.__enter__()
        for number in range(100):
            client.set(f"key:{number}", number)
        for recording in recordings:
            recording.__exit__(None, None, None)

        assert sorted(view.title for view in views) == ["node-1", "node-2", "node-3"]
        assert [shown(view) for view in views] == [[("idle", "both")]] * 3
        assert sum(len(recording.leases) for recording in recordings) == 100
        for view in views:
            view.close()
        client.disconnect_connection_pools()  # close() of a cluster client leaves its connections open


@needs_redis
def test_what_of_a_cluster_is_no_pool(cluster: ClusterLab) -> None:
    with redis.RedisCluster.from_url(cluster.url) as client:
        for wrong in (client, client.get_nodes()[0]):
            with pytest.raises(BadSetting, match=r"Give .*redis_connection\.connection_pool"):
                snapshot(wrong)


def test_a_cluster_has_no_pools_with_asyncio() -> None:
    async def main() -> None:
        client = redis.asyncio.RedisCluster(host="127.0.0.1", port=1)
        for wrong in (client, redis.asyncio.cluster.ClusterNode("127.0.0.1", 1)):
            with pytest.raises(BadSetting, match=r"without a pool: see them from the server's side"):
                snapshot(wrong)  # type: ignore[arg-type]
        await client.aclose()

    asyncio.run(main())
