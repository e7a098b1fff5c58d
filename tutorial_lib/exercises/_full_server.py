"""A practice server that lets in few connections, and a fleet of a learner's workers on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue
from typing import Any

import redis

from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab

FLEET = "fleet"


def refused(sizes: Iterable[int], lab: Lab) -> int:
    """Open on the practice server what pools of these sizes would, and return how many were refused. All are closed."""
    count = 0
    with ExitStack() as opened:
        for size in sizes:
            pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, client_name=FLEET)
            opened.callback(pool.disconnect)
            for _ in range(size):
                try:
                    pool.get_connection()
                except redis.ConnectionError:
                    count += 1
    while any(client.name == FLEET for client in lab.server.clients()):
        pass
    return count


class Shop:
    """The learner's workers on the practice server. ``r`` is the check's own connection, which no count includes."""

    def __init__(self, answer: Callable[..., Any], lab: Lab, r: redis.Redis) -> None:
        self._answer = answer
        self.lab = lab
        self._r = r
        r.ping()

    def opened(self) -> int:
        return self.lab.server.opened() - 1

    def set_limit(self, clients: int) -> None:
        self.lab.server.set_limit(clients + 1)

    def counted(self) -> int:
        return int(self._r.get("views:home") or 0)

    def worker(self, server_limit: int, workers: int) -> Callable[[], Any]:
        server = self.lab.server
        value = self.lab.call(self._answer, server.host, server.port, server_limit, workers)
        return require_callable(value, "count_view", returned_by=self.lab.name)

    def rush(self, callers: list[Callable[[], Any]], busy_seconds: float) -> list[Any]:
        """Let all of them call at once, on a server that takes its time. Return what came back, errors too."""
        turns: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        for count_view in callers:
            turns.put(count_view)
        self.lab.server.pause(busy_seconds)
        return run_threads(len(callers), partial(_take_a_turn, turns))


def _take_a_turn(turns: SimpleQueue[Callable[[], Any]]) -> Any:
    return turns.get()()
