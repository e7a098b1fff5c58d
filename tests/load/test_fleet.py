"""A load from many processes: what they report, what the server sees, and what becomes of it when things go wrong."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import distributed
import pytest
import redis

from tests.waiting import eventually
from tutorial_lib.errors import BadSetting, CannotConnect, NotAllowed
from tutorial_lib.load import fleet_worker
from tutorial_lib.load.fleet import run_fleet
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.base import Server
from tutorial_lib.servers.fake import FakeServer
from tutorial_lib.servers.redis_process import RedisProcess

pytestmark = pytest.mark.redis_server


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    """Three workers, for all tests of this module."""
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, dashboard_address=None, scheduler_kwargs={"dashboard_address": "127.0.0.1:0"}
    ) as cluster:
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
    assert [each.opened for each in report.processes] == [2, 2]
    assert (report.done, report.refused, report.failed, report.limit) == (200, 0, {}, 4)
    assert (report.opened, report.peak) == (4, 4)
    assert report.real
    assert report.lost == ()
    assert server.commands()["SET"] == 200
    assert len(report.processes[0].latencies) == 100
    assert report.latency.worst == max(each.latency.worst for each in report.processes)
    assert len({each.where for each in report.processes}) == 2
    assert eventually(lambda: not server.clients()), "the pools were closed"
