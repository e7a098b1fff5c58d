"""A lease says whether its connection was closed while it was borrowed, whoever closed it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.fake_connections import FakeConnection
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.pools.recording import Recording, record
from tutorial_lib.servers.fake import FakeServer

BOTH = pytest.mark.parametrize("kind", [redis.ConnectionPool, redis.BlockingConnectionPool])
BOTH_ASYNC = pytest.mark.parametrize("kind", [redis.asyncio.ConnectionPool, redis.asyncio.BlockingConnectionPool])


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture
def proxy(server: FakeServer) -> Iterator[FaultProxy]:
    with FaultProxy(server) as proxy:
        yield proxy


def ping(connection: redis.Connection) -> object:
    connection.send_command("PING")
    return connection.read_response()


async def ping_in_a_task(connection: redis.asyncio.Connection) -> object:
    await connection.send_command("PING")
    return await connection.read_response()


def cuts(recording: Recording) -> list[tuple[bool, bool]]:
    return [(lease.was_cut, lease.reopened) for lease in recording.leases]


NOT_CUT, CUT, CUT_AND_REOPENED = (False, False), (True, False), (True, True)


@BOTH
def test_one_that_the_server_cuts_and_one_that_it_does_not(
    kind: type[redis.ConnectionPool], server: FakeServer
) -> None:
    with redis.Redis(connection_pool=kind(host=server.host, port=server.port, max_connections=1)) as client:
        pool = client.connection_pool
        with record(pool) as recording:
            client.ping()
            connection = pool.get_connection()
            assert server.kill_clients() == 1
            with pytest.raises(redis.ConnectionError):
                ping(connection)
            pool.release(connection)
            client.ping()
        pool.disconnect()
    assert cuts(recording) == [NOT_CUT, CUT, NOT_CUT]


@pytest.mark.parametrize(("retries", "expected"), [(0, CUT), (1, CUT_AND_REOPENED)])
def test_one_that_a_fault_resets_is_open_again_after_a_retry(
    retries: int, expected: tuple[bool, bool], proxy: FaultProxy
) -> None:
    client = redis.Redis(host=proxy.host, port=proxy.port, retry=Retry(NoBackoff(), retries))
    with client, record(client.connection_pool) as recording, client.pipeline() as pipe:
        pipe.watch("key")
        pipe.unwatch()  # The pipeline keeps its connection.
        assert proxy.reset_connections() == 1
        with contextlib.nullcontext() if retries else pytest.raises(redis.ConnectionError):
            pipe.immediate_execute_command("PING")
    assert cuts(recording) == [expected]


def test_one_that_its_pool_disconnects(server: FakeServer) -> None:
    pool = redis.ConnectionPool(host=server.host, port=server.port)
    with record(pool) as recording:
        connection = pool.get_connection()
        pool.disconnect()
        pool.release(connection)
    assert cuts(recording) == [CUT]


def test_one_that_its_pool_disconnects_only_after_the_return_was_not_cut(server: FakeServer) -> None:
    pool = redis.ConnectionPool(host=server.host, port=server.port)
    with record(pool) as recording:
        connection = pool.get_connection()
        connection.mark_for_reconnect()
        pool.release(connection)
        assert connection._sock is None
    assert cuts(recording) == [NOT_CUT]


def test_a_connection_class_that_shows_no_socket_is_never_called_cut() -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection)
    with record(pool) as recording:
        connection = pool.get_connection()
        connection.disconnect()
        pool.release(connection)
    assert cuts(recording) == [NOT_CUT]


def test_no_socket_is_kept_after_the_return(server: FakeServer) -> None:
    with redis.Redis(host=server.host, port=server.port) as client, record(client.connection_pool) as recording:
        connection = client.connection_pool.get_connection()
        held = client.connection_pool.get_connection.tap.held  # type: ignore[attr-defined]
        assert connection._sock in held[id(connection)]
        client.connection_pool.release(connection)
        assert (held, recording.borrowed) == ({}, 1)
        assert connection._sock not in recording._heard.done[0]


@BOTH_ASYNC
def test_the_same_with_asyncio(kind: type[redis.asyncio.ConnectionPool], server: FakeServer, proxy: FaultProxy) -> None:
    async def main() -> None:
        pool = kind(host=proxy.host, port=proxy.port, max_connections=1, retry=AsyncRetry(NoBackoff(), 0))
        client = redis.asyncio.Redis(connection_pool=pool)
        with record(pool) as recording:
            await client.ping()
            connection = await pool.get_connection()
            assert proxy.reset_connections() == 1
            with pytest.raises(redis.ConnectionError):
                await ping_in_a_task(connection)
            await pool.release(connection)
            await client.ping()
            connection = await pool.get_connection()
            await connection.disconnect()
            await connection.connect()
            await pool.release(connection)
        await pool.disconnect()
        assert cuts(recording) == [NOT_CUT, CUT, NOT_CUT, CUT_AND_REOPENED]

    asyncio.run(main())
