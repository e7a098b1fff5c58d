"""The processes of a fleet: Dask workers of our own, or those of a cluster that is there already."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from tutorial_lib.arguments import in_short, whole
from tutorial_lib.errors import BadSetting, CannotConnect, NotInstalled
from tutorial_lib.load import fleet_worker
from tutorial_lib.load.fleet_folder import folder_for_dask
from tutorial_lib.words import counted

if TYPE_CHECKING:
    from distributed import Client
    from typing_extensions import Self

T = TypeVar("T")

MOST_PROCESSES = 64
"""The most that are started here: each takes some 60 MB."""

CONNECT_WITHIN = 3.0

QUIET_DASK: dict[str, Any] = {
    "distributed.worker.profile.enabled": False,  # It looks at the threads' stacks a hundred times a second.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.reuse-broadcast-comm": True,
    "distributed.comm.timeouts.connect": "10 s",
}


class Crew:
    """The workers that take part, by address. One that no longer answers is no longer ``alive``."""

    def __init__(self, client: Client, addresses: list[str]) -> None:
        self._client = client
        self.addresses = tuple(addresses)
        self.alive = list(addresses)

    def ask(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Call ``function`` in each worker that lives, and return what each returned, by address."""
        # The scheduler knows at once that a worker has died; connecting to it would be tried for long.
        self._lose(set(self.alive) - set(self._client.nthreads()))
        if not self.alive:
            return {}
        answers = self._client.run(function, *arguments, workers=self.alive, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, (OSError, asyncio.TimeoutError)):
                self._lose({address})
            elif isinstance(answer, BaseException):
                raise answer
        return {address: answers[address] for address in self.alive}

    def _lose(self, addresses: set[str]) -> None:
        self.alive = [address for address in self.alive if address not in addresses]


@contextmanager
def crew_of(cluster: Any, processes: int) -> Iterator[Crew]:
    """Yield ``processes`` workers: of a Dask cluster of our own, which ends with the block, or of ``cluster``."""
    with own_cluster(processes) if cluster is None else _client_of(cluster) as client:
        crew = Crew(client, _addresses(client, processes))
        _check_workers(crew)
        yield crew


def check_processes(processes: object, cluster: object) -> int:
    """Return the number of processes, if there may be so many."""
    most = MOST_PROCESSES if cluster is None else 10_000
    return whole("processes", processes, "processes", at_least=1, at_most=most)


def check_cluster(cluster: Any) -> None:
    """BadSetting unless ``cluster`` is None, an address, or a Cluster or Client of Dask's."""
    _require_dask()
    from distributed import Client
    from distributed.deploy.cluster import Cluster

    if getattr(cluster, "asynchronous", False):
        raise BadSetting("cluster is asynchronous, and run_fleet is not. Make it without asynchronous=True.")
    if cluster is None or isinstance(cluster, (Client, Cluster, StartedFleet)):
        return
    if not isinstance(cluster, str) or "://" not in cluster:
        raise BadSetting(
            f"cluster is {in_short(cluster)}. Give a scheduler's address, such as 'tcp://127.0.0.1:8786', a Cluster or "
            "a Client of Dask's, or leave it out: then the processes are started here."
        )


def _require_dask() -> None:
    try:
        import cryptography  # noqa: F401
        import distributed  # noqa: F401
    except ImportError as error:
        raise NotInstalled(
            f"run_fleet starts its processes with Dask, and {error.name} is not installed. Run "
            '%pip install distributed cryptography (or install this course with its extra "fleet"), and restart the '
            "kernel."
        ) from None


# -- a cluster of our own


@contextmanager
def own_cluster(processes: int) -> Iterator[Client]:
    """Start so many workers, and end them. An interrupt leaves neither a half-started cluster nor a half-ended one."""
    import dask

    with dask.config.set(QUIET_DASK):
        try:
            client, ends = _uninterrupted(lambda: _start(processes), undo=lambda started: started[1].close())
        except KeyboardInterrupt:
            raise KeyboardInterrupt("Interrupted while the processes were starting.") from None
        try:
            yield client
        finally:
            _uninterrupted(ends.close)


class StartedFleet:
    """Processes on this computer that wait for ``run_fleet(…, cluster=fleet)``. Made by ``start_fleet()``."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._running = ExitStack()
        self.client = self._running.enter_context(own_cluster(processes))

    def close(self) -> None:
        """End the processes. Closing twice does nothing."""
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"A fleet of {counted(self.processes, 'process', 'processes')} on this computer."


def start_fleet(processes: int = 4) -> StartedFleet:
    """Start processes for several runs of ``run_fleet``, which would otherwise start its own each time.

    They take seconds to start. They end with ``close()``, with a ``with`` block, or with the program that called this.
    NotInstalled without Dask.
    """
    processes = check_processes(processes, None)
    _require_dask()
    return StartedFleet(processes)


def _start(processes: int) -> tuple[Client, ExitStack]:
    """Return a client of a cluster that is ready, and what ends both."""
    with ExitStack() as ends:
        return _started(processes, ends), ends.pop_all()


def _started(processes: int, ends: ExitStack) -> Client:
    import dask
    from distributed import Client, LocalCluster

    with dask.config.set({"temporary-directory": ends.enter_context(folder_for_dask())}):
        cluster = LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            # Otherwise its scheduler would serve pages at port 8787 for a moment, or complain that it cannot.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            # A worker runs whatever it is sent, and every user of this computer can reach its port. So both ends have
            # to show a certificate, which is made now and kept in memory.
            security=True,
            memory_limit=0,
            silence_logs=logging.CRITICAL + 1,
        )
    ends.callback(cluster.close)
    client = Client(cluster, set_as_default=False)
    ends.callback(client.close)
    client.run(fleet_worker.serve_no_pages)
    client.run_on_scheduler(fleet_worker.serve_no_pages)
    return client


def _uninterrupted(do: Callable[[], T], undo: Callable[[T], object] | None = None) -> T:
    """Return what ``do`` returns. It runs in a thread, which an interrupt does not stop; it is undone there then."""
    done: Future[T] = Future()

    def work() -> None:
        try:
            done.set_result(do())
        except BaseException as error:
            done.set_exception(error)

    try:
        threading.Thread(target=work, daemon=True).start()
        return done.result()
    except KeyboardInterrupt:
        if undo:
            done.add_done_callback(lambda done: None if done.exception() else undo(done.result()))
        raise


# -- a cluster that is there


@contextmanager
def _client_of(cluster: Any) -> Iterator[Client]:
    from distributed import Client

    if isinstance(cluster, (Client, StartedFleet)):
        yield cluster.client if isinstance(cluster, StartedFleet) else cluster
        return
    try:
        client = Client(cluster, timeout=CONNECT_WITHIN, set_as_default=False)
    except ValueError as error:  # An address that Dask does not understand.
        raise BadSetting(f"cluster is {in_short(cluster)}, and that is no address to Dask: {error}.") from None
    except (OSError, asyncio.TimeoutError):  # From Python 3.11 on they are the same.
        raise CannotConnect(
            f"No Dask scheduler answers at {in_short(cluster)} within {CONNECT_WITHIN:g} s. Start one with "
            "`dask scheduler`, correct the address, or leave cluster out: then the processes are started here."
        ) from None
    try:
        yield client
    finally:
        client.close()


def _addresses(client: Client, processes: int) -> list[str]:
    with suppress(asyncio.TimeoutError):
        client.wait_for_workers(processes, timeout=CONNECT_WITHIN)
    found = sorted(client.scheduler_info(n_workers=-1)["workers"])
    if len(found) < processes:
        raise BadSetting(
            f"The cluster has {counted(len(found), 'worker')}, and processes is {processes}: each process is a worker. "
            f"Start more of them, or give processes={max(len(found), 1)}."
        )
    return found[:processes]


def _check_workers(crew: Crew) -> None:
    """BadSetting unless each worker is a process of its own, with this course and this redis-py."""
    try:
        found = crew.ask(fleet_worker.facts)
    except ImportError as error:
        raise BadSetting(
            f"The cluster's workers cannot import {error.name}. Install there what is installed here: "
            'redis-pool-tutorial, with its extra "fleet".'
        ) from None
    here = fleet_worker.facts()
    for address, there in found.items():
        for what in ("redis-py", "Python", "redis-pool-tutorial"):
            if _matters(what, there[what]) != _matters(what, here[what]):
                raise BadSetting(
                    f"The worker at {address} has {what} {there[what]}, and here it is {here[what]}: what they "
                    "measured could not be added up. Install the same version there."
                )
    processes = [there["process"] for there in found.values()]
    if len(set(processes)) < len(processes):
        raise BadSetting(
            "Some of the cluster's workers share a process, and would be one process of the fleet. Start each with "
            "one process: `dask worker --nworkers 4 --nthreads 1`, or LocalCluster(processes=True)."
        )


def _matters(what: str, version: str) -> str:
    """Return the part of a version that has to be the same."""
    return ".".join(version.split(".")[:2]) if what == "Python" else version
