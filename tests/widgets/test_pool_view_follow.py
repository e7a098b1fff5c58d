"""A view that goes on to another pool: it shows that one, keeps its half minute, and leaves the first as it was."""

from __future__ import annotations

import pytest
import redis

from tests.fake_connections import FakeConnection
from tests.waiting import eventually
from tests.widgets.conftest import Make
from tutorial_lib.errors import BadSetting
from tutorial_lib.pools.cover import tap_of
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.widgets.pool_view import PoolView


def pool_of(limit: int) -> redis.ConnectionPool:
    return redis.ConnectionPool(connection_class=FakeConnection, max_connections=limit)  # type: ignore[arg-type]


def test_it_shows_the_other_pool_and_leaves_the_first_as_it_was(make: Make) -> None:
    first, second = pool_of(2), pool_of(5)
    before = set(vars(first))
    view = make(first)
    first.get_connection()
    assert eventually(lambda: view.state["in_use"] == 1)
    history = list(view._watch.history)

    view.follow(second)
    assert (view.state["limit"], view.state["in_use"]) == (5, 0), "at once, not at the next look"
    assert set(vars(first)) == before
    second.get_connection()
    assert eventually(lambda: view.state["in_use"] == 1)
    assert list(view._watch.history)[: len(history)] == history
    assert repr(view) == "PoolView(in_use=1, idle=0, waiting=0, limit=5)"


def test_the_server_beside_it_may_be_another_too(make: Make, server: FakeServer) -> None:
    view = make(pool_of(2))
    pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=2)
    view.follow(pool, server)
    pool.get_connection()
    assert eventually(lambda: [slot["sides"] for slot in view.state["slots"]] == ["both"])
    pool.disconnect()


def test_while_it_sleeps_it_touches_neither_pool(make: Make) -> None:
    view = make(pool_of(2))
    view._sleep()
    second = pool_of(3)
    view.follow(second)
    assert tap_of(second) is None
    view._wake()
    assert tap_of(second) is not None


def test_frozen_it_stays_as_it_is(make: Make) -> None:
    view = make(pool_of(2)).freeze()
    view.follow(pool_of(3))
    assert (view.is_frozen, view.state["limit"]) == (True, 2)


def test_what_is_no_pool_is_told_and_the_first_is_kept(make: Make) -> None:
    view: PoolView = make(pool_of(2))
    with pytest.raises(BadSetting, match="not a connection pool"):
        view.follow("localhost")  # type: ignore[arg-type]
    assert view.state["limit"] == 2
