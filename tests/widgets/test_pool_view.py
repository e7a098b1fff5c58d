"""PoolView without a browser: what it says, when it looks, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import base64
import gc
import io
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis
import redis.asyncio
from PIL import Image

from tests.fake_connections import FakeConnection
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting
from tutorial_lib.pools.anatomy import waiting_now
from tutorial_lib.pools.recording import record
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.widgets.pool_view import PoolView
from tutorial_lib.widgets.sampler import sampler
from tutorial_lib.widgets.watch import LONGEST_TEXT

Make = Callable[..., PoolView]


def pool_of(limit: int, kind: type[redis.ConnectionPool] = redis.ConnectionPool, **settings: Any) -> Any:
    return kind(connection_class=FakeConnection, max_connections=limit, **settings)


def slots(view: PoolView, key: str = "is") -> list[Any]:
    return [slot.get(key) for slot in view.state["slots"]]


# -- what it says


@pytest.mark.parametrize("kind", [redis.ConnectionPool, redis.BlockingConnectionPool])
def test_the_repr_counts(make: Make, kind: type[redis.ConnectionPool]) -> None:
    pool = pool_of(3, kind)
    view = make(pool)
    assert repr(view) == "PoolView(in_use=0, idle=0, waiting=0, limit=3)"
    first, _second = pool.get_connection(), pool.get_connection()
    pool.release(first)
    assert repr(view) == "PoolView(in_use=1, idle=1, waiting=0, limit=3)"


def test_the_plain_text_of_a_stored_notebook_is_the_repr(make: Make) -> None:
    pool = pool_of(3)
    view = make(pool)
    data = view._repr_mimebundle_()[0]
    assert data["text/plain"] == repr(view)
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json", "image/png"}


def test_a_still_picture_is_stored_for_pages_without_widgets(make: Make) -> None:
    pool = pool_of(3)
    view = make(pool, None, "greetings")
    pool.get_connection()
    data, about = view._repr_mimebundle_()
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as picture:
        assert picture.width == 2 * about["image/png"]["width"]
    assert about["image/png"]["alt"] == "greetings: 1 of 3 in use, 0 idle."


def test_once_its_server_is_closed_it_keeps_the_last_picture_with_the_servers_side(make: Make) -> None:
    server = FakeServer()
    pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=2)
    view = make(pool, server)
    connection = pool.get_connection()
    assert eventually(lambda: slots(view, "sides") == ["both"])
    server.close()
    assert eventually(lambda: view.state.get("because") == "its server was closed")
    assert view.state["server"]["answers"] is True
    assert slots(view, "is") == ["in use"]
    assert sampler.thread is None
    connection.disconnect()


def test_each_slot_says_whether_it_is_borrowed_by_whom_and_since_when(make: Make) -> None:
    pool = pool_of(3)
    view = make(pool)
    first, _second = pool.get_connection(), pool.get_connection()
    pool.release(first)
    assert eventually(lambda: sorted(slots(view)) == ["idle", "in use"])
    (borrowed,) = (slot for slot in view.state["slots"] if slot["is"] == "in use")
    assert borrowed["who"] == threading.current_thread().name
    assert 0 < borrowed["since"] <= view.state["now"]
    assert [slot["n"] for slot in view.state["slots"]] == [1, 2]


def test_a_slot_keeps_its_number_and_a_free_number_is_given_again(make: Make) -> None:
    pool = pool_of(3)
    view = make(pool)
    held = [pool.get_connection() for _ in range(3)]
    assert eventually(lambda: slots(view, "n") == [1, 2, 3])
    numbers = {slot["n"]: slot["since"] for slot in view.state["slots"]}
    pool.release(held.pop())
    pool.release(held.pop())
    assert eventually(lambda: slots(view).count("idle") == 2)
    (still,) = (slot for slot in view.state["slots"] if slot["is"] == "in use")
    assert numbers[still["n"]] == still["since"]


def test_new_slots_are_numbered_in_the_order_in_which_they_were_borrowed(make: Make) -> None:
    pool = pool_of(9)
    view = make(pool)
    for _ in range(9):
        pool.get_connection()
    view.freeze()
    assert slots(view, "n") == list(range(1, 10))
    assert slots(view, "since") == sorted(slots(view, "since"))


def test_callers_who_wait_are_named_and_counted(make: Make) -> None:
    pool = pool_of(1, redis.BlockingConnectionPool, timeout=5)
    view = make(pool)
    connection = pool.get_connection()
    waiting = threading.Thread(target=lambda: pool.release(pool.get_connection()), name="patient")
    waiting.start()
    assert eventually(lambda: [caller["who"] for caller in view.state["queue"]] == ["patient"])
    assert repr(view) == "PoolView(in_use=1, idle=0, waiting=1, limit=1)"
    pool.release(connection)
    waiting.join()
    assert eventually(lambda: view.state["waiting"] == 0)


def test_callers_without_a_connection_are_counted(make: Make) -> None:
    pool = pool_of(1)
    view = make(pool)
    pool.get_connection()
    with pytest.raises(redis.exceptions.MaxConnectionsError):
        pool.get_connection()
    assert eventually(lambda: view.state["totals"] == {"refused": 1, "timed out": 0, "failed": 0})


def test_a_connection_from_before_the_view_is_shown_as_such(make: Make) -> None:
    pool = pool_of(2)
    connection = pool.get_connection()
    view = make(pool)
    assert slots(view, "who") == ["borrowed earlier"]
    pool.release(connection)
    assert eventually(lambda: slots(view) == ["idle"])


def test_with_a_recording_the_line_is_known_too(make: Make) -> None:
    pool = pool_of(2)
    view = make(pool)
    with record(pool):
        pool.get_connection()  # this very line
        assert eventually(lambda: slots(view, "code") == ["pool.get_connection()  # this very line"])


def test_asyncio_pools(make: Make) -> None:
    async def main() -> None:
        with FakeServer() as server:
            pool = redis.asyncio.BlockingConnectionPool(host=server.host, port=server.port, max_connections=1)
            view = make(pool, server)
            connection = await pool.get_connection()
            waiting = asyncio.create_task(pool.get_connection(), name="next")
            while not view.state["queue"]:
                await asyncio.sleep(0.01)
            assert [caller["who"] for caller in view.state["queue"]] == ["next"]
            while slots(view, "sides") != ["both"]:
                await asyncio.sleep(0.01)
            await pool.release(connection)
            await pool.release(await waiting)
            await pool.aclose()

    asyncio.run(asyncio.wait_for(main(), timeout=10))


# -- pools that end, and odd ones


def test_a_pool_that_is_closed(make: Make, server: FakeServer) -> None:
    pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=2)
    view = make(pool)
    pool.release(pool.get_connection())
    pool.close()
    assert eventually(lambda: view.state["closed"] and slots(view) == ["closed"])
    assert repr(view) == "PoolView(in_use=0, idle=1, waiting=0, limit=2)"


def test_a_pool_that_is_garbage_collected(make: Make) -> None:
    pool = pool_of(2)
    view = make(pool)
    pool.get_connection()
    del pool
    gc.collect()
    assert eventually(lambda: view.state["gone"])
    assert repr(view) == "PoolView(the pool is gone)"
    assert eventually(lambda: sampler.thread is None)


def test_a_limit_of_two_to_the_31(make: Make) -> None:
    pool = pool_of(2**31)
    view = make(pool)
    for _ in range(150):
        pool.get_connection()
    assert eventually(lambda: len(view.state["slots"]) == 100)
    assert repr(view) == "PoolView(in_use=150, idle=0, waiting=0, limit=2147483648)"


def test_a_pool_that_shows_only_counts(make: Make) -> None:
    class Sealed:
        """A pool of somebody's own, with redis-py's public methods and nothing else."""

        max_connections = 3

        def __init__(self) -> None:
            self._own = pool_of(3)

        def get_connection(self) -> Any:
            return self._own.get_connection()

        def release(self, connection: Any) -> None:
            self._own.release(connection)

        def get_connection_count(self) -> Any:
            return self._own.get_connection_count()

    pool = Sealed()
    view = make(pool)
    assert view.state["counts_only"]
    pool.release(pool.get_connection())
    pool.get_connection()
    assert eventually(lambda: slots(view) == ["in use"])
    assert slots(view, "who") == [threading.current_thread().name]


def test_a_pool_that_breaks_says_so_and_other_views_go_on(make: Make) -> None:
    good, bad = pool_of(2), pool_of(2)
    good_view, bad_view = make(good), make(bad)

    def broken() -> Any:
        raise RuntimeError("out of order")

    bad.get_connection_count = broken
    assert eventually(lambda: bad_view.state.get("error") == "RuntimeError: out of order")
    good.get_connection()
    assert eventually(lambda: slots(good_view) == ["in use"])
    del bad.get_connection_count


def test_a_name_that_cannot_be_sent_and_one_that_nobody_would_read(make: Make) -> None:
    pool = pool_of(2)
    view = make(pool)
    for name in ("half a \ud83d smile", "long " * 1_000):
        thread = threading.Thread(target=pool.get_connection, name=name)
        thread.start()
        thread.join()
    assert eventually(lambda: len(slots(view)) == 2)
    assert sorted(len(who) for who in slots(view, "who")) == [len("half a ? smile"), LONGEST_TEXT]
    assert "half a ? smile" in slots(view, "who")


def test_a_view_that_cannot_be_sent_does_not_hold_up_the_others(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = pool_of(2), pool_of(2)
    bad_view, good_view = make(bad), make(good)

    def broken(*arguments: object) -> None:
        raise OSError("nobody there")

    monkeypatch.setattr(bad_view, "_show", broken)
    assert eventually(lambda: "get_connection" not in vars(bad))
    good.get_connection()
    assert eventually(lambda: slots(good_view) == ["in use"])


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ((redis.Redis(),), "client.connection_pool"),
        (("localhost",), "not a connection pool but a str"),
        ((redis.ConnectionPool(), "localhost:6379"), "server is 'localhost:6379'. Pass what start_server() returned"),
    ],
    ids=["client", "text", "server"],
)
def test_bad_input_is_told_in_a_sentence(arguments: tuple[Any, ...], advice: str) -> None:
    with pytest.raises(BadSetting) as error:
        PoolView(*arguments)
    assert advice in str(error.value)
    assert sampler.thread is None


def test_who_waited_before_anybody_looked_is_counted_and_then_seen_to_borrow(make: Make) -> None:
    pool = pool_of(1, redis.BlockingConnectionPool, timeout=5)
    connection = pool.get_connection()
    got, go = threading.Event(), threading.Event()

    def early() -> None:
        own = pool.get_connection()
        got.set()
        go.wait(5)
        pool.release(own)

    waiting = threading.Thread(target=early)
    waiting.start()
    assert eventually(lambda: waiting_now(pool) == 1)
    view = make(pool)
    assert repr(view) == "PoolView(in_use=1, idle=0, waiting=1, limit=1)"
    assert (view.state["waiting"], view.state["queue"]) == (1, [])
    pool.release(connection)
    assert got.wait(5)
    assert eventually(lambda: view.state["waiting"] == 0)
    assert eventually(lambda: slots(view) == ["idle"] or slots(view, "who") == ["borrowed earlier"])
    go.set()
    waiting.join()


def test_when_frozen_it_keeps_its_picture_and_leaves_the_pool_as_it_was(make: Make) -> None:
    pool = pool_of(2)
    before = set(vars(pool))
    view = make(pool)
    connection = pool.get_connection()
    assert view.freeze() is view
    assert set(vars(pool)) == before
    assert sampler.thread is None
    assert slots(view) == ["in use"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d", view.state["frozen"])

    last = view.state
    pool.release(connection)
    view._handle_custom_msg({"says": "hello", "browser": "firefox"}, [])  # A browser that looks wakes it no more,
    view._repr_mimebundle_()  # nor does a cell that shows it once more.
    view.freeze()
    assert sampler.thread is None
    assert view.state is last


def test_a_frozen_picture_shows_both_sides_at_the_same_moment(make: Make, server: FakeServer) -> None:
    pool = redis.ConnectionPool(host=server.host, port=server.port, max_connections=5)
    view = make(pool, server)
    assert eventually(lambda: view.state["server"]["answers"])
    borrowed = [pool.get_connection() for _ in range(5)]
    view.freeze()
    assert slots(view, "sides") == ["both"] * 5
    for connection in borrowed:
        connection.disconnect()


def test_it_is_shown_as_it_is_at_that_line(make: Make) -> None:
    pool = pool_of(1)
    view = make(pool)
    connection = pool.get_connection()
    view._repr_mimebundle_()
    pool.release(connection)
    assert 1 in [in_use for _, in_use, _, _ in view._watch.history]
