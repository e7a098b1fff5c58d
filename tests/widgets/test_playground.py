"""The playground without a browser: what its controls are told and tell, and that it leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.servers.both_kinds import client_of
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting, NotAllowed
from tutorial_lib.load.live_counts import Counts
from tutorial_lib.load.live_tasks import LOOP
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.widgets.playground import NEW_POOL, SLIDERS, VIEW, Playground, playground
from tutorial_lib.widgets.sampler import sampler

Make = Callable[..., Playground]


@pytest.fixture
def make(server: FakeServer) -> Iterator[Make]:
    made: list[Playground] = []

    def make(**settings: Any) -> Playground:
        made.append(playground(**{"server": server, **settings}))
        return made[-1]

    yield make
    for shown in made:
        shown.close()
    assert sampler.thread is None
    assert eventually(lambda: not callers())


def callers() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("caller ")}


def press(shown: Playground, what: str) -> None:
    shown._pressed(shown, {"do": what}, None)


def slide(shown: Playground, **settings: Any) -> None:
    """Do what the browser does when a slider was moved."""
    shown._controls.settings = {**shown._controls.settings, **settings}


def in_use(shown: Playground) -> int:
    return 0 if shown.pool is None else snapshot(shown.pool).in_use


def borrowers(shown: Playground) -> set[str]:
    """The callers that hold a connection at this moment, as the view has them."""
    return {slot["who"] for slot in shown.view.state["slots"] if slot["is"] == "in use" and "who" in slot}


def sides(shown: Playground) -> list[str]:
    """For each slot in use, who believes in its connection."""
    return [slot["sides"] for slot in shown.view.state["slots"] if slot["is"] == "in use" and "sides" in slot]


# -- what it shows


def test_it_runs_when_it_is_started_and_the_view_and_the_counts_follow(make: Make) -> None:
    shown = make(limit=2, callers=5, hold=10)
    assert (callers(), shown.running, shown.counts) == (set(), False, Counts())
    shown.start()
    assert shown._controls.running
    assert eventually(lambda: len(borrowers(shown)) == 2)
    assert borrowers(shown) <= callers()
    assert eventually(lambda: sides(shown) == ["both", "both"])
    assert shown.view.state["server"]["others"] == 0
    assert eventually(lambda: shown._controls.counts["refused"] >= 3)
    shown.stop()
    assert eventually(lambda: not callers())
    assert eventually(lambda: (shown.view.state["in_use"], shown.view.state["idle"]) == (0, 2))
    assert not shown._controls.running


def test_callers_that_wait_are_seen_and_their_waits_are_counted(make: Make) -> None:
    shown = make(limit=1, callers=3, hold=10, wait=True, timeout=0.1)
    shown.start()
    assert eventually(lambda: shown.view.state["queue"] != [])
    assert eventually(lambda: (shown._controls.counts["waits"] or {}).get("longest", 0) >= 0.1)
    assert shown._controls.counts["timed_out"] <= shown._controls.counts["waited"]


@pytest.mark.parametrize("name", ["limit", "callers", "hold", "round_trip", "timeout"])
def test_each_slider_is_an_argument_and_all_its_stops_are_allowed(make: Make, name: str) -> None:
    (slider,) = (one for one in SLIDERS if one["name"] == name)
    assert slider["stops"] == sorted(set(slider["stops"]))
    shown = make()
    assert shown._controls.settings[name] in slider["stops"], "it stands exactly where it begins"
    for stop in (slider["stops"][0], slider["stops"][-1]):
        slide(shown, **{name: stop})
        assert shown._controls.settings[name] == stop
        assert f"{name}={stop}" in repr(shown).replace(".0,", ",").replace(".0)", ")")


def test_a_slider_that_changes_what_redis_py_fixes_makes_a_new_pool_and_says_so(make: Make) -> None:
    shown = make(limit=1, callers=6, hold=10)
    shown.start()
    first = shown.pool
    slide(shown, callers=7)
    assert (shown.pool, shown._controls.note) == (first, "")
    slide(shown, limit=3)
    assert shown.pool is not first
    assert shown._controls.note == NEW_POOL
    assert eventually(lambda: (shown.view.state["limit"], shown.view.state["in_use"]) == (3, 3))
    slide(shown, wait=True)
    assert isinstance(shown.pool, redis.BlockingConnectionPool)
    assert eventually(lambda: shown.view.state["pool"] == "BlockingConnectionPool")


def test_what_cannot_be_is_told_in_place_and_changes_nothing(make: Make) -> None:
    shown = make()
    before = shown._controls.settings
    slide(shown, limit=0)
    assert shown._controls.note == "limit is 0. Give a whole number of connections: 1 to 100."
    assert shown._controls.settings == before
    with pytest.raises(BadSetting, match=r"There is no setting 'size'\. There are limit, callers"):
        shown.change(size=4)


def test_reset_is_back_to_the_beginning(make: Make) -> None:
    shown = make(limit=1, callers=6, hold=10)
    shown.start()
    assert eventually(lambda: shown.counts.refused >= 1)
    slide(shown, limit=5, callers=2, wait=True)
    press(shown, "reset")
    assert (shown._controls.settings["limit"], shown._controls.settings["callers"]) == (1, 6)
    assert type(shown.pool) is redis.ConnectionPool
    assert shown.running
    assert eventually(lambda: in_use(shown) == 1)


def test_the_two_faults(make: Make, server: FakeServer) -> None:
    shown = make(limit=2, callers=2, hold=10)
    shown.start()
    with client_of(server) as other:
        other.ping()
        assert eventually(lambda: in_use(shown) == 2 and sides(shown) == ["both", "both"])
        press(shown, "close")
        assert shown._controls.note == "2 connections closed from the server's side."
        assert eventually(lambda: sides(shown) == ["pool only", "pool only"])
        press(shown, "silent")
        assert shown._controls.note == "The server answers nothing for 2 s."
        assert other.ping(), "whoever else uses the server notices nothing"
        assert eventually(lambda: shown.view.state["server"]["answers"] is False)


def test_the_fallback_says_what_its_times_are_worth(make: Make) -> None:
    assert (
        make()._controls.place
        == "This is fakeredis: what the pool does is real, and its times say nothing about Redis."
    )


# -- calm, whatever happens


def test_started_twice_stopped_twice_and_closed_twice(make: Make) -> None:
    shown = make(limit=2, callers=3, hold=10)
    shown.start()
    shown.start()
    assert eventually(lambda: len(callers()) == 3)
    shown.stop()
    shown.stop()
    shown.start()
    shown.close()
    shown.close()
    assert eventually(lambda: not callers())


def test_two_of_them_do_not_disturb_each_other(make: Make, server: FakeServer) -> None:
    first, second = make(limit=1, callers=1, hold=10), make(limit=2, callers=2, hold=10)
    first.start()
    second.start()
    assert eventually(lambda: (in_use(first), in_use(second)) == (1, 2))
    second.close_connections()
    second.close()
    assert eventually(lambda: len(server.clients()) == 1)
    assert in_use(first) == 1


def test_a_server_that_is_closed_under_it(make: Make, server: FakeServer) -> None:
    shown = make(limit=2, callers=4, hold=10)
    shown.start()
    assert eventually(lambda: sides(shown) == ["both", "both"])
    server.close()
    assert eventually(lambda: shown.view.state.get("because") == "its server was closed")
    assert eventually(lambda: not callers())
    assert eventually(lambda: shown._controls.note == "The callers have stopped.")
    assert (shown._controls.over, shown._controls.running) == (True, False)
    with pytest.raises(NotAllowed, match=r"This playground has ended: its server was closed"):
        shown.start()
    press(shown, "start")
    assert "Make a new one" in shown._controls.note
    for act in (shown.stop, shown.reset):
        act()
    slide(shown, limit=5)
    assert not callers()


def test_it_rests_while_nobody_looks_and_goes_on_when_somebody_does(make: Make, server: FakeServer) -> None:
    shown = make(limit=2, callers=4, hold=10)
    shown.start()
    assert eventually(lambda: in_use(shown) == 2)
    shown.view._heard(shown.view, {"says": "hello", "browser": "a"}, None)
    shown.view._heard(shown.view, {"says": "goodbye", "browser": "a"}, None)
    assert eventually(lambda: not callers())
    assert eventually(lambda: server.clients() == [])
    assert sampler.thread is None
    assert (shown.pool, shown.running) == (None, True)
    with pytest.raises(NotAllowed, match="Nobody looks at this playground"):
        shown.close_connections()
    shown.change(limit=3)

    shown.view._heard(shown.view, {"says": "hello", "browser": "b"}, None)
    assert eventually(lambda: in_use(shown) == 3)
    assert eventually(lambda: shown.view.state["in_use"] == 3)


def test_when_its_server_has_gone_while_nobody_looked_it_says_so(make: Make, server: FakeServer) -> None:
    shown = make()
    shown.view._heard(shown.view, {"says": "goodbye", "browser": "a"}, None)
    server.close()
    shown.view._heard(shown.view, {"says": "hello", "browser": "b"}, None)
    assert shown._controls.note.startswith("Nothing answers on 127.0.0.1")
    assert not callers()


def test_changed_from_many_threads_the_view_shows_the_last_pool(make: Make) -> None:
    shown = make(limit=1, callers=3, hold=10)
    shown.start()
    changes = [threading.Thread(target=shown.change, kwargs={"limit": limit}) for limit in range(2, 12)]
    for thread in changes:
        thread.start()
    for thread in changes:
        thread.join()
    assert shown.pool is not None
    assert eventually(lambda: shown.view.state["limit"] == shown.pool.max_connections)  # type: ignore[union-attr]
    assert shown.view._watch._pool() is shown.pool


def test_a_server_of_its_own_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    before = set(threading.enumerate())
    shown = playground(limit=2, callers=2, hold=10)
    shown.start()
    assert eventually(lambda: in_use(shown) == 2)
    shown.close()
    assert eventually(lambda: set(threading.enumerate()) <= before)


# -- where no widget can live


def test_the_stored_output_is_the_repr_and_a_still_picture(make: Make) -> None:
    shown = make(limit=2, callers=4, hold=10)
    said = "Playground(limit=2, callers=4, hold=10.0, round_trip=0.0, wait=False, timeout=1.0)"
    assert repr(shown) == said
    shown.start()
    assert eventually(lambda: in_use(shown) == 2)
    data, about = shown._repr_mimebundle_()
    assert set(data) == {VIEW, "image/png", "text/plain"}
    assert data["text/plain"] == said, "it does not depend on what runs"
    assert data[VIEW]["model_id"] == shown.model_id
    assert about["image/png"]["alt"] == "ConnectionPool: 2 of 2 in use, 0 idle."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"server": "localhost:6379"}, "server is 'localhost:6379'. Pass what start_server() returned"),
        ({"limit": "3"}, "limit is '3'. Give a whole number of connections"),
        ({"wait": 1}, "wait is 1. Give True for a pool that waits, or False."),
        ({"tasks": 8}, "tasks is 8. Give True for callers that are asyncio tasks, or False."),
    ],
)
def test_arguments_that_cannot_be_are_told(make: Make, arguments: dict[str, Any], said: str) -> None:
    before = set(threading.enumerate())
    with pytest.raises(BadSetting) as error:
        make(**arguments)
    assert said in str(error.value)
    assert set(threading.enumerate()) <= before


# -- callers that are tasks


def test_its_callers_can_be_tasks_of_an_asyncio_pool(make: Make) -> None:
    shown = make(limit=2, callers=5, hold=10, tasks=True)
    assert isinstance(shown.pool, redis.asyncio.ConnectionPool)
    assert "tasks of one event loop" in shown._controls.about
    assert repr(shown).endswith("timeout=1.0, tasks=True)")
    shown.start()
    assert eventually(lambda: len(borrowers(shown)) == 2)
    assert borrowers(shown) <= {f"caller {number}" for number in range(1, 6)}
    assert callers() == set(), "no thread is one of them"
    assert eventually(lambda: sides(shown) == ["both", "both"])
    assert eventually(lambda: shown._controls.counts["refused"] >= 3)

    slide(shown, wait=True, timeout=10)
    assert isinstance(shown.pool, redis.asyncio.BlockingConnectionPool)
    assert eventually(lambda: len(shown.view.state["queue"]) == 3)
    shown.stop()
    assert eventually(lambda: shown._load.callers_present == 0)
    assert eventually(lambda: (shown.view.state["in_use"], shown.view.state["idle"]) == (0, 2))
    assert shown.counts.failed == 0


def test_threads_and_tasks_can_take_turns(make: Make, server: FakeServer) -> None:
    shown = make(limit=2, callers=4, hold=10)
    shown.start()
    assert eventually(lambda: in_use(shown) == 2)
    shown.change(tasks=True)
    assert shown._controls.note == NEW_POOL
    assert eventually(lambda: in_use(shown) == 2 and not callers())
    shown.change(tasks=False)
    assert type(shown.pool) is redis.ConnectionPool
    assert eventually(lambda: in_use(shown) == 2 and len(callers()) == 4)
    assert eventually(lambda: len(server.clients()) == 2)


def test_tasks_rest_while_nobody_looks(make: Make, server: FakeServer) -> None:
    shown = make(limit=2, callers=4, hold=10, tasks=True, wait=True, timeout=20)
    shown.start()
    assert eventually(lambda: in_use(shown) == 2)
    shown.view._heard(shown.view, {"says": "goodbye", "browser": "a"}, None)
    assert eventually(lambda: server.clients() == [] and shown._load.callers_present == 0)
    assert eventually(lambda: LOOP not in {thread.name for thread in threading.enumerate()})
    shown.view._heard(shown.view, {"says": "hello", "browser": "b"}, None)
    assert eventually(lambda: in_use(shown) == 2)
    assert shown.counts.failed == 0, "to be cancelled at the end is no failure"
