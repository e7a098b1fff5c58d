"""What runs in each process of a fleet: it gets an order, makes its pool, and does its share of the load.

The functions are called by ``fleet_crew`` in a Dask worker, outside of its queue of tasks and one at a time, so they
return at once: the load has a thread of its own.
"""

from __future__ import annotations

import os
import platform
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import redis

from tutorial_lib import __version__
from tutorial_lib.errors import TutorialError
from tutorial_lib.load.fleet_report import ProcessReport
from tutorial_lib.load.pace import Clock
from tutorial_lib.load.run import measure
from tutorial_lib.load.target import check_pool_for_threads
from tutorial_lib.load.workload import Workload

ABANDONED_AFTER = 30.0
"""Seconds without a question: the program that began this has gone, perhaps by SIGKILL, and the load ends."""


@dataclass(frozen=True)
class Order:
    """What one process has to do. Work and pool are packed by cloudpickle."""

    name: str
    client_name: str
    url: str = field(repr=False)  # It may hold a password.
    workload: bytes
    make_pool: bytes


@dataclass(frozen=True)
class Ready:
    """What a process says before the load begins: how its connections will be called, or what was mistaken."""

    client_name: str = ""
    mistake: str = ""


@dataclass(frozen=True)
class Told:
    """How far a process has come: the part that is done, and at the end its report or what was mistaken."""

    part: float = 0.0
    is_over: bool = False
    report: ProcessReport | None = None
    mistake: str = ""


class Part:
    """One process's part of a fleet's run."""

    def __init__(self, order: Order) -> None:
        import cloudpickle  # Dask's own.

        self._order = order
        self._workload: Workload = cloudpickle.loads(order.workload)
        self._pool: redis.ConnectionPool = cloudpickle.loads(order.make_pool)(order.url)
        check_pool_for_threads(self._pool)
        given = self._pool.connection_kwargs.get("client_name")
        self.client_name = f"{given}-{order.client_name}" if given else order.client_name
        self._pool.connection_kwargs["client_name"] = self.client_name
        self._stop = False
        self._asked = time.monotonic()
        self._may_close = threading.Event()
        self._told = Told()

    def begin(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        self._told = self._measured()
        # Its connections stay until they were counted.
        self._may_close.wait(ABANDONED_AFTER)
        self._pool.disconnect()

    def _measured(self) -> Told:
        try:
            report = measure(self._pool, self._workload, None, self._show, Clock())
        except TutorialError as error:
            return Told(1.0, True, mistake=str(error))
        except BaseException as error:
            return Told(1.0, True, mistake=f"{type(error).__name__}: {error}")
        where = f"{os.getpid()} on {socket.gethostname()}"
        return Told(1.0, True, ProcessReport.of(report, self._order.name, self.client_name, where))

    def _show(self, part: float) -> None:
        """Note how far the run is. Called in its thread, a few times a second; it ends as if by Ctrl-C."""
        self._told = Told(part)
        if self._stop or time.monotonic() > self._asked + ABANDONED_AFTER:
            raise KeyboardInterrupt

    def ask(self) -> Told:
        self._asked = time.monotonic()
        return self._told

    def stop(self) -> None:
        self._stop = True

    def close(self) -> None:
        self._may_close.set()


_parts: dict[tuple[str, str], Part] = {}
"""By the fleet's run and the worker's address."""


def facts() -> dict[str, Any]:
    """Say what this process is and which versions it has."""
    return {
        "redis-py": redis.__version__,
        "Python": platform.python_version(),
        "redis-pool-tutorial": __version__,
        "process": (socket.gethostname(), os.getpid()),
    }


def serve_no_pages(dask_worker: Any = None, dask_scheduler: Any = None) -> None:
    """Close the port at which a worker or a scheduler serves web pages about itself to every user of its computer."""
    (dask_worker or dask_scheduler).http_server.stop()


def get_ready(run: str, orders: dict[str, Order], dask_worker: Any = None) -> Ready:
    """Unpack the work, make the pool and be ready to begin."""
    try:
        part = _parts[run, dask_worker.address] = Part(orders[dask_worker.address])
    except TutorialError as error:
        return Ready(mistake=str(error))
    except Exception as error:
        return Ready(mistake=f"{type(error).__name__}: {error}")
    return Ready(part.client_name)


def begin(run: str, dask_worker: Any = None) -> None:
    _parts[run, dask_worker.address].begin()


def ask(run: str, dask_worker: Any = None) -> Told:
    return _parts[run, dask_worker.address].ask()


def stop(run: str, dask_worker: Any = None) -> None:
    _parts[run, dask_worker.address].stop()


def close(run: str, dask_worker: Any = None) -> None:
    """Close the pool's connections, and forget this run."""
    part = _parts.pop((run, dask_worker.address), None)
    if part:
        part.close()
