"""What run_fleet says to what cannot be: one sentence, before any process is started."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterator
from typing import Any

import distributed
import pytest
import redis

from tests.redis_for_tests import free_ports
from tutorial_lib.errors import BadSetting, CannotConnect, NotAllowed, NotInstalled
from tutorial_lib.load import fleet, fleet_crew
from tutorial_lib.load.fleet import run_fleet
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.fake import FakeServer

PING = Workload("PING", count=20)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(processes: int) -> None:
        pytest.fail("it was about to start processes")

    monkeypatch.setattr(fleet_crew, "_start", start)


@pytest.mark.parametrize("number", [0, -1, 1000, 2.5, True, None, "4"])
def test_so_many_processes_cannot_be(server: FakeServer, number: Any) -> None:
    with pytest.raises(BadSetting, match=r"^processes is .*Give a whole number of processes: 1 to 64\."):
        run_fleet(server, PING, number)


@pytest.mark.parametrize("missing", ["distributed", "cryptography"])
def test_without_dask_it_says_how_to_get_it(server: FakeServer, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(NotInstalled, match=rf"{missing} is not installed\. Run %pip install distributed.*\"fleet\""):
        run_fleet(server, PING)


def test_no_other_part_of_the_course_needs_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dask", "distributed", "cloudpickle", "cryptography"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("tutorial_lib.load.fleet")]:
        monkeypatch.delitem(sys.modules, name)

    import tutorial_lib.load.fleet as again

    assert again.run_fleet


def test_a_scheduler_that_is_not_there(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_crew, "CONNECT_WITHIN", 0.1)
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"

    with pytest.raises(CannotConnect, match=f"^No Dask scheduler answers at '{address}' within 0.1 s"):
        run_fleet(server, PING, cluster=address)


@pytest.mark.parametrize("cluster", ["", "here", 8786, "x" * 10**6, [], "abc://127.0.0.1:8786"])
def test_no_address(server: FakeServer, cluster: Any) -> None:
    with pytest.raises(BadSetting, match=r"^cluster is "):
        run_fleet(server, PING, cluster=cluster)


def test_an_asynchronous_cluster(server: FakeServer) -> None:
    class Cluster(distributed.deploy.cluster.Cluster):
        def __init__(self) -> None: ...

        asynchronous = True

        def __del__(self) -> None: ...

    with pytest.raises(BadSetting, match=r"^cluster is asynchronous"):
        run_fleet(server, PING, cluster=Cluster())


def test_a_borrowed_server_is_not_loaded() -> None:
    class Borrowed(FakeServer):
        kind = "borrowed"

    with Borrowed() as server, pytest.raises(NotAllowed, match="A fleet is not run on your own Redis"):
        run_fleet(server, PING)


@pytest.mark.parametrize("server", [None, "", "127.0.0.1:6379", 6379, redis.Redis(), "x" * 10**6, "redis://a:b@c:x"])
def test_no_server(server: Any) -> None:
    with pytest.raises(BadSetting, match=r"^server is .*'redis://host:port/0'") as caught:
        run_fleet(server, PING)
    assert "a:b@c" not in str(caught.value), "that may be a password"


def test_a_redis_that_is_not_there() -> None:
    port = free_ports(1)[0]
    with pytest.raises(CannotConnect, match=f"^The Redis at 127.0.0.1:{port} cannot be used") as caught:
        run_fleet(f"redis://:secret@127.0.0.1:{port}/0", PING)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("workload", [None, "PING", 3])
def test_no_workload(server: FakeServer, workload: Any) -> None:
    with pytest.raises(BadSetting, match=r"^workload is "):
        run_fleet(server, workload)


@pytest.mark.parametrize("pool", [None, redis.ConnectionPool(), "redis://localhost"])
def test_no_function_that_makes_a_pool(server: FakeServer, pool: Any) -> None:
    with pytest.raises(BadSetting, match=r"^pool is .*Give a function that makes a pool of the URL"):
        run_fleet(server, PING, pool=pool)


# -- what cannot be sent to another process


CLIENT = redis.Redis()
LOCK = threading.Lock()


def test_a_client_from_outside_is_named(server: FakeServer) -> None:
    client = redis.Redis()

    def buy(_: redis.Redis) -> None:
        client.incr("sold")

    with pytest.raises(BadSetting, match=r"^The work \(buy\) cannot be sent to another process: it uses `client`"):
        run_fleet(server, Workload(buy))


def test_the_way_to_what_cannot_be_sent_is_told(server: FakeServer) -> None:
    lock = threading.Lock()

    def inner() -> None:
        with lock:
            pass

    def buy(client: redis.Redis) -> None:
        inner()

    with pytest.raises(BadSetting, match="it uses `inner`, which uses `lock`, a lock"):
        run_fleet(server, Workload(buy))


class Buyer:
    def __init__(self) -> None:
        self.lock = threading.Lock()

    def buy(self, client: redis.Redis) -> None: ...


@pytest.mark.parametrize(
    ("work", "named"),
    [
        (functools.partial(print, threading.Lock()), "it uses its argument 1, a lock"),
        (functools.partial(print, end=threading.Lock()), "it uses its argument 'end', a lock"),
        (("SET", "greeting", threading.Lock()), r"The work \(tuple\).*it uses part 3, a lock"),
        (Buyer().buy, "it uses the Buyer that it belongs to"),
    ],
)
def test_each_kind_of_work_names_its_part(server: FakeServer, work: Any, named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        run_fleet(server, Workload(work))


def test_a_pool_that_uses_the_server_of_this_process(server: FakeServer) -> None:
    def pool(url: str) -> redis.ConnectionPool:
        return redis.ConnectionPool(host=server.host, port=server.port)

    with pytest.raises(BadSetting, match=r"^pool \(pool\) cannot be sent.*it uses `server`, a FakeServer.*URL"):
        run_fleet(server, PING, pool=pool)


def test_too_few_users_are_told_before_anything_is_started(server: FakeServer) -> None:
    with pytest.raises(BadSetting, match="too few for 4 processes"):
        run_fleet(server, Workload("PING", users=3))
    assert fleet.make_pool("redis://localhost").max_connections == 100
