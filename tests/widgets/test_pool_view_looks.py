"""When a PoolView looks at its pool, and that it leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
import redis
import redis.asyncio

from tests.waiting import eventually
from tests.widgets.test_pool_view import Make, pool_of, slots
from tutorial_lib.pools import snapshot
from tutorial_lib.pools.recording import record
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.widgets import presence
from tutorial_lib.widgets.sampler import sampler

# -- when it looks


def test_a_look_does_not_check_the_pool_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    view = make(pool_of(3))
    monkeypatch.delattr(snapshot, "check_pool")

    assert "error" not in view._state_now()


def test_one_thread_for_all_views_and_none_after_the_last(make: Make) -> None:
    first = make(pool_of(1))
    thread = sampler.thread
    second = make(pool_of(2))
    assert sampler.thread is thread
    first.close()
    assert sampler.thread is thread
    second.close()
    assert thread is not None
    thread.join(timeout=5)
    assert not thread.is_alive()


def test_two_views_of_one_pool_and_a_recording_leave_it_as_it_was(make: Make) -> None:
    pool = pool_of(2)
    before = set(vars(pool))
    first, second = make(pool), make(pool)
    with record(pool):
        first.close()
        pool.release(pool.get_connection())
        assert eventually(lambda: slots(second) == ["idle"])
    second.close()
    assert set(vars(pool)) == before


def test_without_a_browser_it_falls_asleep_and_wakes_when_one_looks(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = pool_of(2)
    before = set(vars(pool))
    monkeypatch.setattr(presence, "NOBODY_LOOKS_AFTER", 0.0)
    view = make(pool)
    assert eventually(lambda: sampler.thread is None)
    assert set(vars(pool)) == before

    monkeypatch.setattr(presence, "NOBODY_LOOKS_AFTER", 60.0)
    view._handle_custom_msg({"says": "hello", "browser": "firefox"}, [])
    pool.get_connection()
    assert eventually(lambda: slots(view) == ["in use"])


def test_it_stops_when_the_last_browser_says_goodbye(make: Make) -> None:
    view = make(pool_of(2))
    for browser in ("one", "two"):
        view._handle_custom_msg({"says": "hello", "browser": browser}, [])
    view._handle_custom_msg({"says": "goodbye", "browser": "one"}, [])
    assert sampler.thread is not None
    view._handle_custom_msg({"says": "goodbye", "browser": "two"}, [])
    assert sampler.thread is None


def test_while_a_cell_runs_silence_means_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "NOBODY_LOOKS_AFTER", 0.0)
    monkeypatch.setattr(presence.kernel, "busy", True)
    pool = pool_of(2)
    view = make(pool)
    pool.get_connection()
    assert eventually(lambda: slots(view) == ["in use"])
    assert sampler.thread is not None


def test_a_browser_that_joins_is_told_the_last_half_minute(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of(2)
    view = make(pool)
    sent: list[Any] = []
    monkeypatch.setattr(view, "send", sent.append)
    pool.get_connection()
    assert eventually(lambda: slots(view) == ["in use"])
    view._handle_custom_msg({"says": "hello", "browser": "firefox"}, [])
    (message,) = sent
    assert message["to"] == "firefox"
    assert [in_use for _, in_use, _, _ in message["history"]][-1] == 1


def test_nothing_is_sent_when_nothing_changes(make: Make) -> None:
    view = make(pool_of(2))
    state = view.state
    again = {**state, "now": state["now"] + 0.1}
    view._sent_at = float("inf")  # as if something had been sent a moment ago
    view._show(again)
    assert view.state is state
    view._show({**again, "in_use": 1})
    assert view.state["in_use"] == 1


def test_everything_it_sends_is_plain_json(make: Make, server: FakeServer) -> None:
    import json

    pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections=2)
    view = make(pool, server)
    pool.get_connection()
    assert eventually(lambda: slots(view, "sides") == ["both"])
    assert json.loads(json.dumps(view.state)) == view.state
    pool.disconnect()
