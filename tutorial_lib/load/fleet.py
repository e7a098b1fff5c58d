"""run_fleet(): the same load from many processes, and what the server saw of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import redis

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting, TutorialError
from tutorial_lib.load import fleet_worker
from tutorial_lib.load.fleet_crew import Crew, check_cluster, check_processes, crew_of
from tutorial_lib.load.fleet_packing import packed
from tutorial_lib.load.fleet_report import FleetReport, ProcessReport
from tutorial_lib.load.fleet_share import shares
from tutorial_lib.load.fleet_target import NamedRedis, Target, checked_target
from tutorial_lib.load.fleet_worker import Order, Told
from tutorial_lib.load.progress_bar import ProgressBar
from tutorial_lib.load.workload import Workload, check_workload
from tutorial_lib.servers.base import ClientInfo, Server

ASK_WORKERS_EVERY = 0.2

CALLS_END_WITHIN = 5.0
"""Seconds that interrupted processes get to end the calls that are under way."""

GONE_WITHIN = 2.0

MakePoolForUrl = Callable[[str], redis.ConnectionPool]


def make_pool(url: str) -> redis.ConnectionPool:
    """Make what redis-py makes when it is told nothing else: a pool that may open 100 connections."""
    return redis.ConnectionPool.from_url(url)


def run_fleet(
    server: Server | str, workload: Workload, processes: int = 4, pool: MakePoolForUrl = make_pool, cluster: Any = None
) -> FleetReport:
    """Put ``workload`` on ``server`` from several processes and report what came of it, by process and together.

    Each process calls ``pool(url)`` with the server's URL and gets a part of the workload: of its users, of its calls
    or of its rate. Interrupt the cell to get the report so far. A process that dies is named, and the others counted.
    Each names its connections, ``fleet-1`` and so on, after the name that the pool gives them, if it gives one.

    The processes are workers of Dask: of a cluster that is started for this run, on this computer, and ends with it;
    or of ``cluster``, what ``start_fleet()`` returned, a scheduler's address such as ``"tcp://127.0.0.1:8786"``, or a
    Cluster or Client of Dask's. Its workers need this course installed, and nothing else should run on them. A program
    of your own that calls this has to do it under ``if __name__ == "__main__":``, as with ``multiprocessing``.

    ``server`` is what ``start_server()`` returned, or the URL of a Redis that is yours to load; NotAllowed if it is
    borrowed. NotInstalled without Dask, BadSetting for what cannot be sent to another process.
    """
    target, workload = checked_target(server), check_workload(workload)
    processes = check_processes(processes, cluster)
    if not callable(pool):
        raise BadSetting(f"pool is {in_short(pool)}. Give a function that makes a pool of the URL it is given.")
    check_cluster(cluster)
    orders = _orders(target.url, workload, pool, shares(workload, processes))
    with ExitStack() as at_the_end, ProgressBar(f"{workload.name}, {processes} processes") as bar:
        if isinstance(target, NamedRedis):
            target.check()
            at_the_end.callback(target.close)
        crew = at_the_end.enter_context(crew_of(cluster, processes))
        return _Fleet(crew, target, workload).run(dict(zip(crew.addresses, orders, strict=True)), bar.show)


def _orders(url: str, workload: Workload, pool: MakePoolForUrl, parts: list[Workload]) -> list[Order]:
    """Pack what each process is told. BadSetting for what cannot be packed."""
    packed("The work", workload.work, "Use the client that the work is called with, and make the rest inside it.")
    make = packed("pool", pool, "It is called in each process with the server's URL: use that, and nothing from here.")
    packed("The workload", workload, "Give plain numbers.")
    return [
        Order(f"process {number}", f"fleet-{number}", url, packed("The workload", part, ""), make)
        for number, part in enumerate(parts, start=1)
    ]


class _Fleet:
    """One run: the workers, and what the server sees of them meanwhile."""

    def __init__(self, crew: Crew, target: Target, workload: Workload) -> None:
        self._crew = crew
        self._target = target
        self._workload = workload
        self._run = uuid4().hex
        self._orders: dict[str, Order] = {}
        self._told: dict[str, Told] = {}
        self._seen: dict[str, set[int]] = {}
        """By client name: the connections that were in the server's list, by their numbers there."""
        self._peak: int | None = None
        self._interrupted = False

    def run(self, orders: dict[str, Order], show: Callable[[float], None]) -> FleetReport:
        """Run to the end, or until the cell is interrupted."""
        self._orders = orders
        try:
            self._prepare()
            opened_before = self._opened()
            try:
                self._crew.ask(fleet_worker.begin, self._run)
                self._watch(show)
            except KeyboardInterrupt:
                self._interrupted = True
                with suppress(KeyboardInterrupt):  # The second interrupt ends the waiting, too.
                    self._crew.ask(fleet_worker.stop, self._run)
                    self._watch(lambda part: None, within=CALLS_END_WITHIN)
            self._raise_if_mistaken()
            opened = self._opened()
        finally:
            self._crew.ask(fleet_worker.close, self._run)
            self._wait_until_disconnected()
        both_known = opened is not None and opened_before is not None
        return self._report(opened - opened_before if both_known else None)  # type: ignore[operator]

    def _prepare(self) -> None:
        for address, ready in self._crew.ask(fleet_worker.get_ready, self._run, self._orders).items():
            if ready.mistake:
                name = self._orders[address].name
                raise BadSetting(f"{name} could not make its pool, or unpack the work: {ready.mistake}")
            self._seen[ready.client_name] = set()

    def _watch(self, show: Callable[[float], None], within: float = math.inf) -> None:
        """Ask the processes and the server a few times a second, until all processes have come to their end."""
        deadline = time.monotonic() + within
        while True:
            self._told = self._crew.ask(fleet_worker.ask, self._run)
            self._look()
            if all(told.is_over for told in self._told.values()) or time.monotonic() > deadline:
                return
            show(min(told.part for told in self._told.values()))
            time.sleep(ASK_WORKERS_EVERY)

    def _connected(self) -> list[ClientInfo] | None:
        """Return which of the fleet's connections the server has open now; None if it doesn't tell."""
        try:
            return [client for client in self._target.clients() if client.name in self._seen]
        except (redis.RedisError, TutorialError):  # It was ended.
            return None

    def _wait_until_disconnected(self) -> None:
        """Return when the server has noticed that the pools are closed, so that a next run finds as much room."""
        deadline = time.monotonic() + GONE_WITHIN
        while self._connected() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _look(self) -> None:
        """Note which connections the fleet has open now."""
        clients = self._connected()
        if clients is None:
            return
        for client in clients:
            self._seen[client.name].add(client.id)
        self._peak = max(len(clients), self._peak or 0)

    def _opened(self) -> int | None:
        try:
            return self._target.opened()
        except (redis.RedisError, TutorialError):
            return None

    def _raise_if_mistaken(self) -> None:
        mistake = next((told.mistake for told in self._told.values() if told.mistake), None)
        if mistake:
            raise BadSetting(mistake)

    def _report(self, opened: int | None) -> FleetReport:
        """Put together what the processes told, in the order of their numbers."""
        ended = {address: told.report for address, told in self._told.items() if told.report}
        lost = [order.name for address, order in self._orders.items() if address not in ended]
        return FleetReport(
            workload=self._workload,
            processes=tuple(self._counted(ended[address]) for address in self._orders if address in ended),
            lost=tuple(lost),
            opened=opened,
            peak=self._peak,
            real=self._target.is_real,
            interrupted=self._interrupted or any(report.interrupted for report in ended.values()),
        )

    def _counted(self, report: ProcessReport) -> ProcessReport:
        known = self._peak is not None
        return replace(report, opened=len(self._seen[report.client_name]) if known else None)
