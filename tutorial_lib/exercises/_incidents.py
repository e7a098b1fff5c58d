"""What the incidents share: the methods of a learner's program, the pools that it uses, and callers for a picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from time import sleep
from typing import Any

import redis

from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown


def method_of(program: Any, name: str, lab: Lab, *arguments: Any) -> Callable[..., Any]:
    """Return a method of the learner's program that can be called with such arguments; otherwise raise Wrong."""
    found = getattr(program, name, None)
    if found is None:
        raise Wrong(f"`{lab.name}` made {shown(program)}, which has no method `{name}`. The rest of the shop calls it.")
    return require_callable(found, name, *arguments)


def program_pools(lab: Lab, *own: redis.Redis) -> list[redis.ConnectionPool]:
    """Return the learner's pools: all but those of the check's own clients."""
    ours = [r.connection_pool for r in own]
    return [pool for pool in lab.pools() if pool not in ours]


def require_total_limit(pools: Iterable[redis.ConnectionPool], limit: int, idea: str) -> None:
    """Raise Wrong, with this idea, if these pools may together open more connections than ``limit``."""
    allowed = sum(pool.max_connections for pool in pools)
    if allowed > limit:
        raise Wrong(
            f"The limits of the program's pools are {allowed:,} connections in total, and its share of the server is "
            f"{limit}. {idea}"
        )


def ended(work: Callable[[], Any]) -> Any:
    """Return what the call returned, or the error that it raised, if that is one that a shop would log."""
    try:
        return work()
    except (redis.RedisError, OSError) as error:
        return error


def call_one_after_the_other(jobs: Iterable[tuple[str, Callable[[], Any]]], apart: float) -> None:
    """Call each job in a thread of its name, ``apart`` seconds after the one before; return when all have ended."""
    threads = [threading.Thread(target=partial(ended, job), name=name) for name, job in jobs]
    for thread in threads:
        thread.start()
        sleep(apart)
    for thread in threads:
        thread.join()
