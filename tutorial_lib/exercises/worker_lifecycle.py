"""A prefork worker from its start to its stop: one pool in each process, and none inherited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.exercises._workers import Functions, Worker, ask_all, require_fork, workers
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "worker-lifecycle"
LESSON = "13"
TITLE = "The life of a worker"
NAME = "App"
SECONDS = 15

WORKERS = 3
LIMIT = 2
THREADS = 4
ROUNDS = 2
ROUND_TRIP = 0.01
METHODS = ("start", "handle", "stop")

PROMPT = """
**Given** a web server that preforks and tells your program about it. In the parent it creates your `App(host, port)`.
Then it forks **3** workers. In each worker it first calls `app.start(number)`, with the worker's number 1, 2 or 3; then
`app.handle(page)` for each request, in **4** threads at a time; and at the end `app.stop()`.

**Write** the class `App`. `handle(page)` adds 1 to the key `views:<page>` and returns the new value.

**It passes when**
- the parent opens **0** connections;
- each worker opens at most **2**, and no request gets an error: requests wait until one of the two is returned;
- each connection's name is `worker-` and the number, such as `worker-1`;
- after `stop()` the server has no connection of that worker, although its process still runs, and the other workers go
  on working;
- a worker that is forked later as number 4 works like the others.

The check forks, so it runs on Linux only.
"""


class starter:
    def __init__(self, host, port):
        self.host = host
        self.port = port

    def start(self, number): ...  # your code here

    def handle(self, page):
        return ...  # and here

    def stop(self): ...  # and here


class solution:
    def __init__(self, host, port):
        self.host = host
        self.port = port

    def start(self, number):
        self.pool = redis.BlockingConnectionPool(
            host=self.host, port=self.port, max_connections=2, client_name=f"worker-{number}"
        )
        self.r = redis.Redis(connection_pool=self.pool)

    def handle(self, page):
        return self.r.incr(f"views:{page}")

    def stop(self):
        self.pool.close()


WHY = """
What the parent creates is copied into each worker, so it should hold settings only. `start` runs after the fork: there
the pool belongs to one process from the beginning, and its connections can be named after that process. gunicorn calls
such functions `post_fork` and `worker_exit`, Celery has the signals `worker_process_init` and
`worker_process_shutdown`.
"""


class Shift:
    """The workers of one app, and what the server has of theirs."""

    def __init__(self, app: Any, lab: Lab) -> None:
        self.app = app
        self.lab = lab
        self.views = 0

    def functions(self) -> Functions:
        return {"start": self.app.start, "handle": self.app.handle, "stop": self.app.stop, "at_once": self._at_once}

    def _at_once(self) -> list[int | str]:
        got = run_threads(THREADS, lambda: self.app.handle("home"))
        return [named(value) if isinstance(value, Exception) else value for value in got]

    def of(self, number: int) -> int:
        """Return how many connections the server has that are called as this worker's should be."""
        return self.names()[f"worker-{number}"]

    def names(self) -> Counter[str]:
        return Counter(client.name for client in self.lab.server.clients())

    def require_counted(self, got: list[Any], asked: int) -> None:
        """Check what some workers' requests returned: the next numbers, in whichever order."""
        errors = [value for value in got if isinstance(value, str)]
        if errors:
            raise Wrong(
                f"Of {asked} requests {len(errors)} got {errors[0]}. {THREADS} threads of a worker ask at the same "
                f"time, and it may open {LIMIT} connections. Which pool lets the others wait?"
            )
        wanted = list(range(self.views + 1, self.views + asked + 1))
        if sorted(value if isinstance(value, int) else 0 for value in got) != wanted:
            raise Wrong(
                f"{asked} requests for `home` returned {shown(got)}; together they should have returned the numbers "
                f"from {wanted[0]} to {wanted[-1]}. Which key does `handle` count in, and what does it return?"
            )
        self.views += asked


def check(answer: Callable[..., Any], lab: Lab) -> str:
    require_fork()
    proxy = lab.proxy(ROUND_TRIP)
    before = lab.server.opened()
    shift = Shift(_require_app(lab.call(answer, proxy.host, proxy.port), lab), lab)
    _require_quiet_parent(before, lab)
    with workers(WORKERS, shift.functions()) as forked:
        for number, worker in enumerate(forked, start=1):
            worker.ask("start", number)
        asked = WORKERS * THREADS * ROUNDS
        got = [value for _ in range(ROUNDS) for of_one in ask_all(forked, "at_once") for value in of_one]
        shift.require_counted(got, asked)
        _require_connections(shift, before, asked)
        _require_stopped(shift, 2, forked[1])
        shift.require_counted([worker.ask("handle", "home") for worker in (forked[0], forked[2])], 2)
        _require_later_worker(shift)
        left = shift.of(1), shift.of(3)
    return (
        f"The parent opened no connection. {WORKERS} workers answered {asked} requests on at most {LIMIT} connections "
        "each, and every connection had its worker's name. Worker 2 was stopped, and its connections were closed while "
        f"workers 1 and 3 kept theirs ({left[0]} and {left[1]}). Worker 4 came later and worked like the others."
    )


def _require_app(app: Any, lab: Lab) -> Any:
    missing = [name for name in METHODS if not callable(getattr(app, name, None))]
    if missing:
        raise Wrong(f"`{lab.name}(host, port)` gave {shown(app)}, which has no method `{missing[0]}`.")
    return app


def _require_quiet_parent(before: int, lab: Lab) -> None:
    opened = lab.server.opened() - before
    if opened:
        raise Wrong(
            f"In the parent `{lab.name}(host, port)` opened {so_many(opened, 'connection')}, before there was a "
            "worker. Which command does it send, and in which process will it be needed?"
        )


def _require_connections(shift: Shift, before: int, asked: int) -> None:
    opened, names = shift.lab.server.opened() - before, shift.names()
    if opened >= asked:
        raise Wrong(
            f"{asked} requests opened {opened} connections. How often does your code create a client, or close one?"
        )
    if opened > WORKERS * LIMIT:
        raise Wrong(
            f"{WORKERS} workers with {THREADS} threads each opened {opened} connections; with {LIMIT} for each worker "
            f"it would be {WORKERS * LIMIT}. Which limit does each worker's pool have?"
        )
    wanted = {f"worker-{number}" for number in range(1, WORKERS + 1)}
    ours = sum(names[name] for name in wanted)
    if ours < opened and set(names) & wanted:
        raise Wrong(
            f"The workers opened {opened} connections, and {ours} of them have a worker's name. A command is sent on "
            "one connection and names only that one. What names each connection when it opens?"
        )
    if not all(names[name] for name in wanted):
        raise Wrong(
            f"The server has connections called {shown(sorted(names))}; there should be some of each worker: "
            f"{', '.join(f'`{name}`' for name in sorted(wanted))}. In which process is the number known?"
        )


def _require_stopped(shift: Shift, number: int, worker: Worker) -> None:
    worker.ask("stop")
    until = monotonic() + 1
    while shift.of(number) and monotonic() < until:
        sleep(0.01)
    if shift.of(number):
        raise Wrong(
            f"A second after `stop()` in worker {number}, the server still has {shift.of(number)} of its connections. "
            "Its process may run for a long time. What closes them?"
        )


def _require_later_worker(shift: Shift) -> None:
    with workers(1, shift.functions()) as (later,):
        later.ask("start", 4)
        shift.require_counted(later.ask("at_once"), THREADS)
        if not shift.of(4):
            raise Wrong(
                f"A worker was forked later as number 4, and the server has connections called "
                f"{shown(sorted(shift.names()))}. Where does the name come from?"
            )


HINTS = (
    "What does the parent need a connection for? If it needs none, `__init__` only keeps the settings that a worker "
    "needs.",
    "`start` runs in the worker. There the number is known, so there the pool can get its name: `client_name`.",
    "Four threads and two connections: a plain pool raises at its limit. Which pool waits?",
    "`stop` runs in the worker, too. A pool has a method that disconnects all its connections.",
)
