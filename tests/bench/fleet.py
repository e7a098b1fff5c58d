"""Two processes of a fleet against one: what a second core is worth to the same load."""

from __future__ import annotations

import shutil

import distributed

from tests.bench.row import Row, at_least, interleaved
from tutorial_lib.load.fleet import run_fleet
from tutorial_lib.load.fleet_crew import own_cluster
from tutorial_lib.load.workload import Workload
from tutorial_lib.servers.redis_process import RedisProcess

LOAD = Workload("GET greeting", users=8, duration=1.0, warm_up=200)


def rows() -> list[Row]:
    """The bar is for a machine with two cores that nothing else keeps busy; redis-server needs some of them, too."""
    if not shutil.which("redis-server"):
        return []
    with RedisProcess() as server, own_cluster(2) as workers:
        _, _, ratio = interleaved(lambda: throughput(server, 2, workers), lambda: throughput(server, 1, workers), 7)
    return [at_least("calls per second, two processes / one", ratio, 1.6)]


def throughput(server: RedisProcess, processes: int, workers: distributed.Client) -> float:
    return run_fleet(server, LOAD, processes, cluster=workers).throughput
