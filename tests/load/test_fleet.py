"""A load from many processes: what they report, what the server sees, and what becomes of it when things go wrong."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import dask
import distributed
import pytest
import redis

from tests.waiting import eventually
from tutorial_lib.errors import BadSetting
from tutorial_lib.load import fleet_crew
from tutorial_lib.load.fleet import run_fleet
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.base import Server
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.servers.redis_process import RedisProcess

pytestmark = pytest.mark.redis_server


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[distributed.LocalCluster]:
    """Three workers, for all tests of this module."""
    settings = {"temporary-directory": str(tmp_path_factory.mktemp("dask"))}
    no_page = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, dashboard_address=None, scheduler_kwargs=no_page, silence_logs=60
        ) as cluster,
    ):
        yield cluster


@pytest.fixture(scope="module")
def server() -> Iterator[RedisProcess]:
    with RedisProcess() as server:
        yield server


def small_pool(url: str) -> redis.ConnectionPool:
    return redis.BlockingConnectionPool.from_url(url, max_connections=2, timeout=5)


# -- what is reported


def test_each_process_does_its_part_and_the_server_counts_its_connections(cluster: Any, server: Server) -> None:
    load = Workload("SET greeting hello", users=4, count=200)

    report = run_fleet(server, load, 2, pool=small_pool, cluster=cluster)

    assert [(each.name, each.done, each.limit) for each in report.processes] == [
        ("process 1", 100, 2),
        ("process 2", 100, 2),
    ]
    opened = [each.opened for each in report.processes]  # One is enough where one user has ended before the other.
    assert all(each in (1, 2) for each in opened)
    assert (report.done, report.refused, report.failed, report.limit) == (200, 0, {}, 4)
    assert 1 <= report.peak <= report.opened == sum(opened)
    assert report.real
    assert report.lost == ()
    assert server.commands()["SET"] == 200
    assert len(report.processes[0].latencies) == 100
    assert report.latency.worst == max(each.latency.worst for each in report.processes)
    assert len({each.where for each in report.processes}) == 2
    assert server.clients() == [], "the pools were closed, and the server has noticed"


def test_a_name_that_the_pool_gives_its_connections_is_kept(cluster: Any, server: Server) -> None:
    def named(url: str) -> redis.ConnectionPool:
        return redis.ConnectionPool.from_url(url, client_name="shop")

    report = run_fleet(server, Workload("PING", users=2, count=20), 2, pool=named, cluster=cluster)

    assert [(each.client_name, each.opened) for each in report.processes] == [("shop-fleet-1", 1), ("shop-fleet-2", 1)]


def test_refused_and_failed_calls_are_added_up(cluster: Any, server: Server) -> None:
    def pool_of_one(url: str) -> redis.ConnectionPool:
        return redis.ConnectionPool.from_url(url, max_connections=1)

    def work(client: redis.Redis) -> None:
        client.blpop("nothing", timeout=0.01)
        client.execute_command("NO-SUCH-COMMAND")

    report = run_fleet(server, Workload(work, users=4, count=40), 2, pool=pool_of_one, cluster=cluster)

    assert report.done == 0
    assert report.refused == sum(each.refused for each in report.processes) > 0
    assert report.failed == {"ResponseError": 40 - report.refused}
    assert "unknown command" in str(report.first_error)
    assert report.peak == 2


def test_an_open_loop_makes_the_calls_of_one_process(cluster: Any, server: Server) -> None:
    load = Workload("PING", rate=300, duration=0.5, seed=4)

    report = run_fleet(server, load, 3, pool=small_pool, cluster=cluster)

    assert report.done == len(load.due_times())
    assert report.seconds >= 0.5
    assert report.workload is load


def test_a_server_that_is_full_refuses_the_rest_of_the_fleet(cluster: Any) -> None:
    """A fleet that is allowed more than the server lets in."""

    def impatient(url: str) -> redis.ConnectionPool:
        no_retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
        return redis.ConnectionPool.from_url(url, max_connections=10, retry=no_retry)

    with RedisProcess() as server:
        server.set_limit(5)

        def work(client: redis.Redis) -> None:
            client.blpop("nothing", timeout=0.1)

        report = run_fleet(server, Workload(work, users=12, duration=0.5), 3, pool=impatient, cluster=cluster)

    assert report.peak == report.opened == 5
    assert sum(report.failed.values()) > 0
    assert "max number of clients reached" in str(report.first_error)


def test_on_the_fallback_processes_reach_the_server_in_this_one(cluster: Any) -> None:
    with FakeServer() as server:
        report = run_fleet(server, Workload("PING", users=2, count=20), 2, pool=small_pool, cluster=cluster)

    assert (report.done, report.opened, report.peak) == (20, 2, 2)
    assert not report.real
    assert "Measured on the fallback" in str(report)


def test_a_redis_is_named_by_its_url(cluster: Any, server: Server) -> None:
    report = run_fleet(server.url, Workload("PING", users=2, count=20), 2, pool=small_pool, cluster=cluster)

    assert (report.done, report.opened, report.peak) == (20, 2, 2)


# -- what goes wrong on the way


def interrupt_when(true: Callable[[], object]) -> threading.Thread:
    """Press Ctrl-C, so to speak, as soon as it is so."""

    def wait() -> None:
        assert eventually(true, within=30)
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_an_interrupt_gives_the_report_so_far(cluster: Any, server: Server) -> None:
    before = server.commands()["PING"]
    interrupt_when(lambda: server.commands()["PING"] > before + 50)

    report = run_fleet(server, Workload("PING", users=2, duration=600), 2, pool=small_pool, cluster=cluster)

    assert report.interrupted
    assert "Interrupted: this is the report so far." in report.notes()
    assert report.done == server.commands()["PING"] - before > 50
    assert eventually(lambda: not server.clients()), "nothing goes on"


def test_a_process_that_dies_is_named_and_the_others_are_counted(cluster: Any, server: Server) -> None:
    def work(client: redis.Redis) -> None:
        if client.incr("victim") == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)

    report = run_fleet(server, Workload(work, users=2, duration=0.8), 2, pool=small_pool, cluster=cluster)

    assert len(report.lost) == 1
    assert len(report.processes) == 1
    assert {*report.lost, report.processes[0].name} == {"process 1", "process 2"}
    assert report.processes[0].seconds >= 0.8
    assert f"{report.lost[0]} died or no longer answered: its calls are not counted." in report.notes()
    assert report.opened == 2, "by the server's count"


# -- what is mistaken


def test_work_that_raises_at_every_call(cluster: Any, server: Server) -> None:
    def work(client: redis.Redis) -> None:
        raise KeyError("stock")

    with pytest.raises(BadSetting, match=r"^The work \(work\) raised at every call: KeyError: 'stock' \(line"):
        run_fleet(server, Workload(work, users=2, count=200), 2, cluster=cluster)
    assert eventually(lambda: not server.clients())


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        (lambda url: redis.Redis.from_url(url), "connection_pool"),
        (lambda url, limit: redis.ConnectionPool.from_url(url), "TypeError: .*missing 1 required positional argument"),
        (lambda url: None, "pool"),
    ],
)
def test_what_makes_no_pool(cluster: Any, server: Server, pool: Any, said: str) -> None:
    with pytest.raises(BadSetting, match=rf"^process 1 could not make its pool, or unpack the work: .*{said}"):
        run_fleet(server, Workload("PING", users=2), 2, pool=pool, cluster=cluster)


def test_more_processes_than_workers(cluster: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_crew, "CONNECT_WITHIN", 0.1)
    with pytest.raises(BadSetting, match=r"^The cluster has [23] workers, and processes is 8.*give processes=[23]"):
        run_fleet(server, Workload("PING"), 8, cluster=cluster)


def test_workers_whose_redis_py_differs(cluster: Any, server: Server) -> None:
    def pretend(version: str) -> str:
        import redis

        was, redis.__version__ = redis.__version__, version
        return was

    with distributed.Client(cluster, set_as_default=False) as client:
        address = sorted(client.scheduler_info(n_workers=-1)["workers"])[1]
        was = client.run(pretend, "5.0.1", workers=[address])[address]
        try:
            with pytest.raises(BadSetting, match=rf"^The worker at {address} has redis-py 5.0.1, and here it is {was}"):
                run_fleet(server, Workload("PING"), 2, cluster=client)
        finally:
            client.run(pretend, was, workers=[address])


def test_workers_that_share_a_process(server: Server) -> None:
    with (
        distributed.LocalCluster(n_workers=2, processes=False, dashboard_address=None) as threads,
        pytest.raises(BadSetting, match=r"^Some of the cluster's workers share a process"),
    ):
        run_fleet(server, Workload("PING"), 2, cluster=threads)


def test_a_scheduler_s_address_is_a_cluster(cluster: Any, server: Server) -> None:
    address = cluster.scheduler_address

    assert run_fleet(server, Workload("PING", count=20), 1, cluster=address).done == 20
