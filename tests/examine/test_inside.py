"""``with examine() as findings:`` sees the pools of a block, says what it found, and leaves redis-py as it was."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis
import redis.asyncio
import redis.asyncio.client
import redis.asyncio.connection
import redis.client
import redis.connection

from tests.fake_connections import FakeAsyncConnection, FakeConnection
from tutorial_lib import PoolView, examine, record
from tutorial_lib.errors import BadSetting
from tutorial_lib.servers.fake import FakeServer

MODULES = (redis.connection, redis.client, redis.asyncio.connection, redis.asyncio.client)


class TheProgramsOwn(Exception):
    pass


def pool_of(limit: int = 3) -> Any:
    return redis.ConnectionPool(connection_class=FakeConnection, max_connections=limit)


def everything_of_redis_py() -> dict[tuple[str, str, str], object]:
    """Return each attribute of each class of redis-py: the objects themselves."""
    return {
        (module.__name__, name, attribute): value
        for module in MODULES
        for name, kind in inspect.getmembers(module, inspect.isclass)
        for attribute, value in vars(kind).items()
    }


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


def test_a_pool_from_before_the_block_is_watched() -> None:
    pool = pool_of()
    with examine() as findings:
        pool.get_connection()
    assert findings.kinds == ["leak"]
    assert findings[0].lines[0].text == "pool.get_connection()"


def test_a_pool_that_the_block_creates_is_watched() -> None:
    with examine() as findings:
        pool = pool_of()
        pool.get_connection()
    assert findings.kinds == ["leak"]


def test_what_was_returned_is_no_finding() -> None:
    pool = pool_of()
    with examine() as findings:
        pool.release(pool.get_connection())
    assert len(findings) == 0
    assert repr(findings) == "Findings(nothing to worry about)"


def test_the_worst_comes_first_and_the_repr_is_stable() -> None:
    pool = pool_of(limit=2)
    with examine() as findings:
        assert repr(findings) == "Findings(the block has not ended)"
        for _ in range(3):
            with suppress(redis.MaxConnectionsError):
                pool.get_connection()
    assert repr(findings) == "Findings(leak, exhausted)"
    assert [finding.kind for finding in findings[:1]] == ["leak"]


def test_a_block_inside_another_is_told_what_to_do_and_the_outer_goes_on() -> None:
    pool = pool_of()
    with examine() as findings:
        with pytest.raises(BadSetting, match="End the other"), examine():
            pytest.fail("it began")
        pool.get_connection()
    assert findings.kinds == ["leak"]


def test_an_exception_passes_through_and_what_was_seen_is_kept() -> None:
    pool = pool_of()
    with suppress(TheProgramsOwn):
        with examine() as findings:
            pool.get_connection()
            raise TheProgramsOwn
        pytest.fail("the exception was swallowed")
    assert findings.kinds == ["leak"]


def test_redis_py_is_afterwards_as_it_was() -> None:
    before = everything_of_redis_py()
    with suppress(TheProgramsOwn), examine():
        pool_of().get_connection()
        raise TheProgramsOwn
    after = everything_of_redis_py()
    assert before.keys() == after.keys()
    assert [name for name, value in before.items() if after[name] is not value] == []


def test_a_pool_is_afterwards_as_it_was() -> None:
    pool = pool_of()
    before = dict(vars(pool))
    with examine():
        assert vars(pool) != before
        pool.release(pool.get_connection())
    assert vars(pool).keys() == before.keys()


def test_while_it_watches_it_is_seen_to_change_redis_py() -> None:
    # So that the two tests above can fail.
    before = everything_of_redis_py()
    with examine():
        assert any(before.get(name) is not value for name, value in everything_of_redis_py().items())


def test_after_a_block_another_may_follow() -> None:
    pool = pool_of()
    with examine():
        pool.get_connection()
    with examine() as findings:
        pool.release(pool.get_connection())
    # What the first block left in use was borrowed before the second.
    assert findings.kinds == []


def test_pools_of_asyncio_are_watched() -> None:
    async def main() -> list[str]:
        pool: Any = redis.asyncio.ConnectionPool(connection_class=FakeAsyncConnection, max_connections=2)  # type: ignore[type-var]
        with examine() as findings:
            await pool.get_connection()
            await pool.release(await pool.get_connection())
        return findings.kinds

    assert asyncio.run(main()) == ["leak"]


def test_real_commands_and_clients_are_seen(server: FakeServer) -> None:
    with examine() as findings:
        for _ in range(5):
            with redis.Redis(host=server.host, port=server.port) as r:
                r.get("key")
    assert findings.kinds == ["client-per-call"]
    assert findings[0].count == 5


def test_a_recording_and_a_view_of_the_same_pool_go_on_beside_it() -> None:
    pool = pool_of()
    view = PoolView(pool)
    with record(pool) as recording:
        with examine() as findings:
            pool.get_connection()
        pool.get_connection()
    view.close()
    assert findings.kinds == ["leak"]
    assert len(recording.still_held()) == 2


def test_findings_are_cards_whose_links_lead_from_the_folder_of_the_notebooks() -> None:
    pool = pool_of()
    with examine() as findings:
        pool.get_connection()
    card = findings._repr_html_()
    assert 'href="../notebooks/05_who_still_holds_a_connection.ipynb#' in card
    assert "pool.get_connection()</code>" in card


def test_source_code_is_not_taken_for_html() -> None:
    pool = pool_of()
    with examine() as findings:
        pool.get_connection(), "<script>"
    assert "<script>" not in findings._repr_html_()
    assert "&lt;script&gt;" in findings._repr_html_()
