"""A recording of the pools of redis.asyncio says the same of tasks as of threads."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.fake_connections import BrokenAsyncConnection, FakeAsyncConnection
from tutorial_lib.pools.recording import record

BOTH = pytest.mark.parametrize("kind", [redis.asyncio.ConnectionPool, redis.asyncio.BlockingConnectionPool])


def pool_of(limit: int, kind: type[redis.asyncio.ConnectionPool] = redis.asyncio.ConnectionPool, **more: Any) -> Any:
    return kind(connection_class=FakeAsyncConnection, max_connections=limit, **more)


async def turns(times: int = 20) -> None:
    """Let every other task go as far as it can."""
    for _ in range(times):
        await asyncio.sleep(0)


@BOTH
def test_a_lease_names_the_task_and_its_line(kind: type[redis.asyncio.ConnectionPool]) -> None:
    async def shopper(pool: Any) -> None:
        await pool.release(await pool.get_connection())

    async def main() -> None:
        pool = pool_of(2, kind)
        before = set(vars(pool))
        with record(pool) as recording:
            assert asyncio.iscoroutinefunction(pool.get_connection)
            await asyncio.create_task(shopper(pool), name="shopper")
            await asyncio.create_task(shopper(pool))
        named, unnamed = recording.leases
        assert (named.who, named.outcome) == ("shopper", "returned")
        assert unnamed.who.endswith("(shopper)")
        assert named.line.text == "await pool.release(await pool.get_connection())"
        assert named.line.function == "shopper"
        assert set(vars(pool)) == before

    asyncio.run(main())


def test_a_cell_that_awaits_by_itself_is_called_so() -> None:
    async def main() -> None:
        pool = pool_of(1)

        async def run_cell_async() -> None:
            await pool.release(await pool.get_connection())

        with record(pool) as recording:
            await asyncio.create_task(run_cell_async())
            await asyncio.create_task(run_cell_async(), name="order 1")
        assert [lease.who for lease in recording.leases] == ["your cell", "order 1"]

    asyncio.run(main())


def test_a_full_pool_refuses_and_a_blocking_one_lets_wait() -> None:
    async def main() -> None:
        plain, blocking = pool_of(1), pool_of(1, redis.asyncio.BlockingConnectionPool, timeout=0.02)
        with record(plain) as refusing, record(blocking) as waiting:
            for pool in (plain, blocking):
                await pool.get_connection()
                with pytest.raises(redis.ConnectionError):
                    await pool.get_connection()
        assert (refusing.refused, refusing.timed_out, refusing.longest_wait) == (1, 0, 0)
        assert (waiting.refused, waiting.timed_out) == (0, 1)
        assert waiting.longest_wait >= 0.02
        assert [len(recording.still_held()) for recording in (refusing, waiting)] == [1, 1]

    asyncio.run(main())


def test_who_waits_gets_the_connection_when_it_comes_back() -> None:
    async def main() -> None:
        pool = pool_of(1, redis.asyncio.BlockingConnectionPool, timeout=5)

        async def next_one() -> None:
            await pool.release(await pool.get_connection())

        with record(pool) as recording:
            connection = await pool.get_connection()
            waiting = asyncio.create_task(next_one(), name="next")
            await turns()
            assert [lease.who for lease in recording.unserved] == ["next"]
            await pool.release(connection)
            await waiting
        assert [lease.waited > 0 for lease in recording.leases] == [False, True]
        assert [(moment.in_use, moment.waiting) for moment in recording.timeline()][-1] == (0, 0)

    asyncio.run(main())


def test_a_cancelled_wait_is_neither_a_lease_nor_a_timeout() -> None:
    async def main() -> None:
        pool = pool_of(1, redis.asyncio.BlockingConnectionPool, timeout=5)
        with record(pool) as recording:
            await pool.get_connection()
            waiting = asyncio.create_task(pool.get_connection())
            await turns()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert [lease.outcome for lease in recording.unserved] == ["cancelled"]
        assert (recording.timed_out, recording.borrowed) == (0, 1)
        assert (recording.failed, recording.errors) == (1, {"CancelledError": 1})

    asyncio.run(main())


def test_a_release_that_is_cancelled_on_its_way_has_not_happened() -> None:
    async def main() -> None:
        pool = pool_of(1)
        with record(pool) as recording:
            connection = await pool.get_connection()
            async with pool._lock:  # The pool is busy: the release must wait.
                releasing = asyncio.create_task(pool.release(connection))
                await turns()
                releasing.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await releasing
            assert len(recording.still_held()) == 1
            await pool.release(connection)
        assert [lease.outcome for lease in recording.leases] == ["returned"]

    asyncio.run(main())


def test_a_second_release_is_told_beside_redis_pys_own_error() -> None:
    async def main() -> None:
        pool = pool_of(1)
        with record(pool) as recording:
            connection = await pool.get_connection()
            await pool.release(connection)
            with pytest.raises(KeyError):
                await pool.release(connection)
        assert len(recording.returned_twice()) == 1

    asyncio.run(main())


@BOTH
def test_a_server_that_is_down_is_a_failure(kind: type[redis.asyncio.ConnectionPool]) -> None:
    async def main() -> None:
        pool = kind(connection_class=BrokenAsyncConnection, max_connections=1)
        with record(pool) as recording, pytest.raises(redis.ConnectionError, match="nobody listens"):
            await pool.get_connection()
        assert (recording.failed, recording.borrowed, recording.returned_twice()) == (1, 0, [])

    asyncio.run(main())


def test_a_task_that_runs_redis_py_directly_has_no_line_to_blame() -> None:
    async def main() -> None:
        pool = pool_of(2)
        with record(pool) as recording:
            await asyncio.gather(pool.get_connection(), pool.get_connection())
        assert [lease.where for lease in recording.leases] == [
            f"an unknown line of {lease.who}" for lease in recording.leases
        ]
        assert all(lease.who.endswith("(get_connection)") for lease in recording.leases)

    asyncio.run(main())


def test_a_task_made_straight_from_redis_py_names_the_line_that_made_it_where_python_keeps_that() -> None:
    async def main() -> None:
        pool = pool_of(2)
        with record(pool) as recording:
            await asyncio.create_task(pool.get_connection())
        (lease,) = recording.leases
        assert lease.line.text == "await asyncio.create_task(pool.get_connection())"
        assert lease.where == f"test_recording_asyncio.py, line {lease.line.number}, in main()"

    asyncio.run(main(), debug=True)


def test_or_the_line_that_made_its_coroutine() -> None:
    async def main() -> None:
        pool = pool_of(2)
        with record(pool) as recording:
            sys.set_coroutine_origin_tracking_depth(5)
            asked = [pool.get_connection()]
            sys.set_coroutine_origin_tracking_depth(0)
            await asyncio.create_task(asked.pop())
        assert [lease.line.text for lease in recording.leases] == ["asked = [pool.get_connection()]"]

    asyncio.run(main())


@BOTH
def test_a_pool_whose_get_connection_is_a_plain_function_is_heard_too(kind: type[redis.asyncio.ConnectionPool]) -> None:
    class Pool(kind):  # type: ignore[misc, valid-type]
        def get_connection(self, *arguments: Any, **options: Any) -> Any:
            return super().get_connection(*arguments, **options)

    async def main() -> None:
        pool = pool_of(2, Pool)
        with record(pool) as recording:
            for _ in range(2):
                await pool.release(await pool.get_connection())
        assert (recording.borrowed, recording.peak, recording.still_held()) == (2, 1, [])

    asyncio.run(main())


def test_a_plain_get_connection_that_returns_the_connection_itself_goes_on_to_do_so() -> None:
    class Pool(redis.asyncio.ConnectionPool):
        def get_connection(self, *arguments: Any, **options: Any) -> Any:
            return self.get_available_connection()

    async def main() -> None:
        pool = pool_of(1, Pool)
        with record(pool) as recording:
            connection: Any = pool.get_connection()
            assert isinstance(connection, FakeAsyncConnection)
            with pytest.raises(redis.MaxConnectionsError):
                pool.get_connection()
            await pool.release(connection)
        assert [lease.outcome for lease in recording.leases] == ["returned"]
        assert (recording.refused, recording.peak) == (1, 1)

    asyncio.run(main())
