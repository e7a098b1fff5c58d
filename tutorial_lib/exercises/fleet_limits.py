"""Workers that stay under the server's limit, also while one of them restarts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._full_server import refused
from tutorial_lib.exercises._parts import require_client
from tutorial_lib.exercises._words import named
from tutorial_lib.exercises._workers import Functions, Worker, ask_all, require_fork, workers
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "fleet-limits"
LESSON = "13"
TITLE = "Room for a restart"
NAME = "make_client"
SECONDS = 15

MAXCLIENTS, WORKERS, OTHERS = 20, 3, 8
THREADS = 8
SHARE = (MAXCLIENTS - OTHERS) // (WORKERS + 1)
OTHER_SHOP = (15, 4, 4)
OTHER_SHARE = 2
BUSY_SECONDS = 0.1
RUSHES = 4
GONE_WITHIN = 2.0
REFUSAL = "max number of clients reached"

PROMPT = """
**Given** a shop with **3** worker processes, each with **8** threads, and a server that accepts **20** connections.
**8** of those belong to others: listeners, monitoring, redis-cli. To deploy a new version, the workers are restarted
one by one: a new process starts, and when it works, an old one ends. Until then both answer requests.

**Write** `make_client(host, port, maxclients, workers, others)`. Each worker calls it once, after the fork. It returns
the `redis.Redis` that all threads of that worker use.

**It passes when**
- all threads ask at the same moment, the server doesn't answer for 0.1 s, and still no request gets an error, neither
  from the pool nor from the server;
- that also holds while a worker restarts;
- each worker opens as many connections as fit, and no fewer: here **3**;
- the same function works for other shops: calculate the limit from `maxclients`, `workers` and `others`.

The check forks, so it runs on Linux only.
"""


def starter(host, port, maxclients, workers, others):
    return ...  # your code here


def solution(host, port, maxclients, workers, others):
    limit = (maxclients - others) // (workers + 1)
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=limit, timeout=20)
    return redis.Redis(connection_pool=pool)


WHY = """
While a worker restarts, the old process and the new one are both connected, so the budget is for one process more than
there are workers: 4 times 3, plus 8 others, is 20. If all workers are replaced at the same time, count them twice. Each
process only knows its own pool, so the sum has to be right before the first one starts.
"""


class RunningFleet:
    """The learner's workers, what the server has of theirs, and how far the views were counted."""

    def __init__(self, answer: Callable[..., Any], lab: Lab) -> None:
        self._answer = answer
        self.lab = lab
        self._there = len(lab.server.clients())
        self._views = 0
        self._client: redis.Redis | None = None  # in each worker its own

    def functions(self) -> Functions:
        return {"start": self._start, "ask at once": self._ask_at_once}

    def _start(self, *numbers: int) -> None:
        server = self.lab.server
        made = self.lab.call(self._answer, server.host, server.port, *numbers)
        self._client = require_client(made, f"`{self.lab.name}` returned")

    def _ask_at_once(self) -> list[int | str]:
        client = self._client
        assert client
        got = run_threads(THREADS, lambda: client.incr("views:home"))
        return [named(value) if isinstance(value, Exception) else value for value in got]

    def connected(self) -> int:
        """Return how many connections of the workers the server has open."""
        return len(self.lab.server.clients()) - self._there

    def rush(self, asked: list[Worker], wanted: int, when: str) -> int:
        """Have all threads ask at once, and return how many connections the workers have then.

        Again until they are as many as wanted and no more than before: on a busy machine the threads may have come
        one after the other.
        """
        before = connected = -1
        for _ in range(RUSHES):
            self.lab.server.pause(BUSY_SECONDS)
            self._require_counted([value for of_one in ask_all(asked, "ask at once") for value in of_one], when)
            before, connected = connected, self.connected()
            if connected >= wanted and connected == before:
                break
        return connected

    def _require_counted(self, got: list[Any], when: str) -> None:
        errors = [value for value in got if isinstance(value, str)]
        if errors:
            raise Wrong(
                f"{when} {len(got)} requests came at once, and {len(errors)} got {errors[0]}. {_why(errors[0])}"
            )
        wanted = list(range(self._views + 1, self._views + len(got) + 1))
        if sorted(value if isinstance(value, int) else 0 for value in got) != wanted:
            raise Wrong(
                f"{when} {len(got)} requests called `incr` on your clients and got {shown(got)}; together they should "
                f"have got the numbers from {wanted[0]} to {wanted[-1]}. What does your client do to an answer?"
            )
        self._views = wanted[-1]


def check(answer: Callable[..., Any], lab: Lab) -> str:
    require_fork()
    fleet = RunningFleet(answer, lab)
    with ExitStack() as at_the_end:
        first = at_the_end.enter_context(workers(WORKERS, fleet.functions()))
        for worker in first:
            worker.ask("start", MAXCLIENTS, WORKERS, OTHERS)
        lab.doing("All workers are busy")
        connected = fleet.rush(first, SHARE * WORKERS, f"With {WORKERS} workers,")
        _require_share(connected, lab)
        lab.doing("A worker restarts")
        lab.server.set_limit(MAXCLIENTS)
        _connect_others(at_the_end, lab)
        (new,) = at_the_end.enter_context(workers(1, fleet.functions()))
        new.ask("start", MAXCLIENTS, WORKERS, OTHERS)
        at_the_peak = fleet.rush([*first, new], SHARE * (WORKERS + 1) + OTHERS, "While one worker restarted,")
        _require_gone(first[0], at_the_peak - SHARE, fleet)
        fleet.rush([*first[1:], new], 0, "After the restart,")
    _require_other_numbers(fleet)
    return (
        f"{WORKERS} workers with {SHARE} connections each and {OTHERS} others: {SHARE * WORKERS + OTHERS} of "
        f"{MAXCLIENTS}. While one worker restarted, the server had {at_the_peak}, as many as it accepts, and none of "
        f"{THREADS * (WORKERS + 1)} requests was refused. Then the old worker's connections were closed."
    )


def _why(error: str) -> str:
    if "MaxConnectionsError" in error:
        return "The pool itself refused, because it never waits. Which kind of pool does?"
    if "No connection available" in error:
        return f"The server answered after {BUSY_SECONDS} s. How long does your pool wait?"
    if REFUSAL in error:
        return f"The server refused: it accepts {MAXCLIENTS}. Which connections did you leave out?"
    return f"The server answered after {BUSY_SECONDS} s. Which of your settings gave up before that?"


def _require_share(connected: int, lab: Lab) -> None:
    each = -(-connected // WORKERS)
    if each > SHARE:
        raise Wrong(_too_many(each, lab))
    if each < SHARE:
        raise Wrong(
            f"No request was refused, but each worker opened {each} for its {THREADS} threads. With {SHARE} each it is "
            f"{_sum(WORKERS + 1, SHARE)} while one worker restarts, and the server accepts {MAXCLIENTS}. What do you "
            "keep free, and for which process?"
        )


def _sum(processes: int, each: int) -> str:
    return f"{processes} * {each} + {OTHERS} = {processes * each + OTHERS}"


def _too_many(each: int, lab: Lab) -> str:
    """Say how many that makes, and let the server refuse those for which it has no room."""
    lab.server.set_limit(MAXCLIENTS + WORKERS * each)  # the workers' own are open, and stay
    restarting = refused([OTHERS, *[each] * (WORKERS + 1)], lab)
    said = f"Each worker opened {each} connections for its {THREADS} threads. With the others"
    if WORKERS * each + OTHERS <= MAXCLIENTS:
        return (
            f"{said} that is {_sum(WORKERS, each)}, and the server accepts {MAXCLIENTS}. But while one worker restarts "
            f"it is {_sum(WORKERS + 1, each)}: tried out, the server refused {restarting}. How many processes are "
            "connected then?"
        )
    ideas = {
        MAXCLIENTS // (WORKERS + 1): "Which of the server's connections can't the workers have?",
        MAXCLIENTS // WORKERS: "Who else is connected, and how many processes are there while one restarts?",
        THREADS: "What is the limit of each worker's pool?",
    }
    return (
        f"{said} that is {_sum(WORKERS, each)}, and while one worker restarts {_sum(WORKERS + 1, each)}. The server "
        f"accepts {MAXCLIENTS}, and tried out, it refused {restarting}. "
        f"{ideas.get(each, 'From which numbers do you calculate the limit?')}"
    )


def _connect_others(at_the_end: ExitStack, lab: Lab) -> None:
    pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, client_name="others")
    at_the_end.callback(pool.disconnect)
    for _ in range(OTHERS):
        pool.get_connection()


def _require_gone(old: Worker, left: int, fleet: RunningFleet) -> None:
    """End the old worker's process, which closes its connections."""
    old.end()
    until = monotonic() + GONE_WITHIN
    while fleet.connected() > left and monotonic() < until:
        sleep(0.005)
    if fleet.connected() > left:
        raise Wrong(
            "The old worker's process ended, and the server still has its connections. Which other process did your "
            "code start, and what does it hold?"
        )


def _require_other_numbers(fleet: RunningFleet) -> None:
    """One worker of another fleet, on a server that has room for it."""
    fleet.lab.server.set_limit(100)
    before = fleet.connected()
    with workers(1, fleet.functions()) as (worker,):
        worker.ask("start", *OTHER_SHOP)
        opened = fleet.rush([worker], before + OTHER_SHARE, "In another shop,") - before
    if opened != OTHER_SHARE:
        maxclients, many, others = OTHER_SHOP
        raise Wrong(
            f"Right for this shop. Another one called `make_client(host, port, {maxclients}, {many}, {others})`, and "
            f"its worker opened {opened}. While one restarts, {many + 1} processes with {opened} each and {others} "
            f"others need {(many + 1) * opened + others}, and with {OTHER_SHARE} each they need "
            f"{(many + 1) * OTHER_SHARE + others}. Where do your numbers come from, and do you round up or down?"
        )


HINTS = (
    "How many processes have connections at the same time, at most? Think of the moment just before an old one ends.",
    "Subtract the others first: they count once, for the whole server. What is left is divided among the processes.",
    "8 threads share 3 connections, so a request may have to wait. Which pool lets it?",
    "A `BlockingConnectionPool` with this process's part of the budget as `max_connections`, where one process more "
    "than `workers` shares it, and with a `timeout` that is longer than the server may take.",
)
