"""Borrows that are over are added up while the server works on the next command; where none is sent, all the same."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
import redis
import redis.asyncio

from tests.fake_connections import FakeConnection
from tutorial_lib.examination.attach import attach, detach
from tutorial_lib.examination.evidence import PoolEvidence
from tutorial_lib.examination.notes import MOST_PENDING, Group
from tutorial_lib.examination.witness import Witness
from tutorial_lib.servers.fake import FakeServer


@pytest.fixture
def witness() -> Iterator[Witness]:
    witness = Witness()
    attach(witness)
    yield witness
    detach()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


def seen_by(witness: Witness) -> PoolEvidence:
    [pool] = witness.evidence().pools
    return pool


def pending_of(witness: Witness) -> int:
    [group] = witness._groups.values()
    return len(group.pending)


def test_every_borrow_is_counted_once(witness: Witness, server: FakeServer) -> None:
    with redis.Redis(host=server.host, port=server.port) as client:
        for number in range(1, 4):
            client.get("key")
            assert seen_by(witness).borrows == number
    assert [times.count for times in seen_by(witness).lines.values()] == [3]


def test_a_command_adds_up_what_was_over_before_it(witness: Witness, server: FakeServer) -> None:
    with redis.Redis(host=server.host, port=server.port) as client:
        for _ in range(5):
            client.get("key")
            assert pending_of(witness) == 1


def test_so_does_one_of_asyncio(witness: Witness, server: FakeServer) -> None:
    async def main() -> None:
        async with redis.asyncio.Redis(host=server.host, port=server.port) as client:
            for _ in range(5):
                await client.get("key")
                assert pending_of(witness) == 1

    asyncio.run(main())
    assert seen_by(witness).borrows == 5


def test_without_a_command_they_do_not_pile_up(witness: Witness) -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection)
    for _ in range(3 * MOST_PENDING + 1):
        pool.release(pool.get_connection())
        assert pending_of(witness) < MOST_PENDING
    assert seen_by(witness).borrows == 3 * MOST_PENDING + 1


def test_a_pool_that_is_gone_is_still_counted(witness: Witness) -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection)
    pool.release(pool.get_connection())
    gone = weakref.ref(pool)
    del pool
    gc.collect()
    assert gone() is None
    assert seen_by(witness).borrows == 1


def test_a_forked_child_does_not_count_what_its_parent_borrowed(witness: Witness) -> None:
    pool = redis.ConnectionPool(connection_class=FakeConnection)
    pool.release(pool.get_connection())
    witness.after_fork()
    assert seen_by(witness).borrows == 0


def test_after_an_interrupt_no_command_reads_the_reply_of_another(
    witness: Witness, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(group: Group) -> None:
        raise KeyboardInterrupt

    with redis.Redis(host=server.host, port=server.port, decode_responses=True) as client:
        client.mset({"mine": "my reply", "theirs": "their reply"})
        with monkeypatch.context() as patch:
            patch.setattr(Group, "add_up", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.get("theirs")
        assert client.get("mine") == "my reply"
