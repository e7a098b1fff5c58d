"""A live load on a server: what can be changed meanwhile, what others notice (nothing), and what is left (nothing)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import redis

from tests.servers.both_kinds import client_of
from tests.waiting import eventually
from tutorial_lib.errors import BadSetting, CannotConnect
from tutorial_lib.load.live_load import LiveLoad
from tutorial_lib.load.live_settings import LiveSettings
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.servers import Server
from tutorial_lib.servers.fake import FakeServer

Make = Callable[..., LiveLoad]


@pytest.fixture
def server() -> Iterator[Server]:
    with FakeServer() as server:
        yield server


@pytest.fixture
def make(server: Server) -> Iterator[Make]:
    loads: list[LiveLoad] = []

    def make(**settings: object) -> LiveLoad:
        loads.append(LiveLoad(server, LiveSettings(**settings)))  # type: ignore[arg-type]
        return loads[-1]

    yield make
    for load in loads:
        load.stop()
        load.shut()
        assert eventually(lambda load=load: load.callers_present == 0)
    assert eventually(lambda: server.clients() == [])


def in_use(load: LiveLoad) -> int:
    return 0 if load.pool is None else snapshot(load.pool).in_use


def test_nothing_runs_before_it_is_started(make: Make, server: Server) -> None:
    load = make()
    assert (load.running, load.callers_present, server.clients()) == (False, 0, [])


def test_started_and_stopped(make: Make) -> None:
    load = make(limit=2, callers=4, hold=10)
    load.start()
    assert eventually(lambda: in_use(load) == 2)
    load.stop()
    assert eventually(lambda: load.callers_present == 0)
    assert (in_use(load), load.running) == (0, False)


def test_a_new_limit_kind_or_timeout_takes_a_new_pool_and_nothing_else_does(make: Make) -> None:
    load = make(limit=2, callers=4, hold=10)
    load.start()
    first = load.pool
    assert not load.change(LiveSettings(limit=2, callers=6, hold=10, round_trip=0.001, timeout=5))
    assert load.pool is first
    assert load.change(LiveSettings(limit=3, callers=6, hold=10))
    assert type(load.pool) is redis.ConnectionPool
    assert eventually(lambda: in_use(load) == 3)
    assert load.change(LiveSettings(limit=3, callers=6, hold=10, wait=True, timeout=5))
    assert isinstance(load.pool, redis.BlockingConnectionPool)
    assert (load.pool.max_connections, load.pool.timeout) == (3, 5)
    assert load.change(LiveSettings(limit=3, callers=6, hold=10, wait=True, timeout=6))
    assert load.callers_present == 6


def test_the_round_trip_is_the_proxys(make: Make) -> None:
    load = make(round_trip=0.25)
    assert load.server is not None
    assert load.server.proxy.round_trip == 0.25
    load.change(LiveSettings(round_trip=0.5))
    assert load.server.proxy.round_trip == 0.5


def test_both_faults_are_for_its_own_connections_only(make: Make, server: Server) -> None:
    load = make(limit=2, callers=2, hold=10)
    load.start()
    with client_of(server, client_name="the-lesson") as other:
        other.ping()
        assert eventually(lambda: load.server is not None and len(load.server.clients()) == 2)
        assert load.server is not None
        load.server.pause(60)
        assert other.ping()
        assert load.server.kill_clients() == 2
        assert other.ping()
        assert eventually(lambda: [client.name for client in server.clients()] == ["the-lesson"])
        assert server.commands()["PING"] >= 3


def test_reset_begins_with_a_new_pool_and_goes_on(make: Make) -> None:
    load = make(limit=1, callers=4, hold=10)
    load.start()
    assert eventually(lambda: load.counts.now().refused > 0)
    first = load.pool
    load.change(LiveSettings(limit=1, callers=1, hold=0))
    load.reset(LiveSettings(limit=4, callers=4, hold=10))
    assert load.pool is not first
    assert eventually(lambda: in_use(load) == 4)
    assert load.counts.now().refused == 0


def test_shut_gives_everything_back_and_open_goes_on(make: Make, server: Server) -> None:
    load = make(limit=2, callers=2, hold=10)
    load.start()
    assert eventually(lambda: in_use(load) == 2)
    load.shut()
    assert eventually(lambda: load.callers_present == 0)
    assert eventually(lambda: server.clients() == [])
    assert (load.pool, load.server, load.running) == (None, None, True)
    load.change(LiveSettings(limit=3, callers=5, hold=10))
    assert load.callers_present == 0, "nobody comes while it is shut"
    load.open()
    load.open()
    assert eventually(lambda: in_use(load) == 3)


def test_a_server_of_its_own_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    before = set(threading.enumerate())
    load = LiveLoad(None, LiveSettings(limit=2, callers=2, hold=10))
    load.start()
    assert eventually(lambda: in_use(load) == 2)
    load.stop()
    load.shut()
    assert eventually(lambda: set(threading.enumerate()) <= before)


def test_it_cannot_be_opened_on_a_server_that_is_closed(server: Server) -> None:
    before = set(threading.enumerate())
    server.close()
    with pytest.raises(CannotConnect):
        LiveLoad(server, LiveSettings())
    assert eventually(lambda: set(threading.enumerate()) <= before)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"limit": 0}, "limit is 0. Give a whole number of connections: 1 to 100"),
        ({"limit": 101}, "limit is 101"),
        ({"callers": 2.5}, "callers is 2.5. Give a whole number of threads"),
        ({"hold": -1}, "hold is -1"),
        ({"round_trip": 2}, "round_trip is 2. Give 1 at most, in seconds"),
        ({"timeout": 0}, "timeout is 0. Give a number above 0"),
        ({"wait": "yes"}, "wait is 'yes'. Give True for a pool that waits, or False."),
    ],
)
def test_a_setting_that_cannot_be_is_told(setting: dict[str, object], said: str) -> None:
    with pytest.raises(BadSetting) as error:
        LiveSettings(**setting)  # type: ignore[arg-type]
    assert said in str(error.value)
