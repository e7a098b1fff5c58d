"""Many callers at once: threads that begin together, and a caller that keeps a connection for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.arguments import in_short, not_negative, whole
from tutorial_lib.errors import BadSetting
from tutorial_lib.load.target import check_pool_for_threads

MOST_THREADS = 500
LONGEST_HOLD = 3600


def run_threads(number: int, function: Callable[[], Any]) -> list[Any]:
    """Call ``function`` in ``number`` threads that begin together, and return what each call returned.

    A call that ended in an error of redis-py has that error in its place. Any other error is raised here, when all
    have ended. The threads are called ``caller 1``, ``caller 2`` and so on; at most MOST_THREADS.
    """
    whole("number", number, "threads", at_least=1, at_most=MOST_THREADS)
    if not callable(function):
        raise BadSetting(
            f"function is {in_short(function)}. Give a function to call: run_threads(3, work), not work()."
        )
    together = threading.Barrier(number)
    results: list[Any] = [None] * number
    mistakes: list[BaseException] = []

    def call(place: int) -> None:
        try:
            together.wait()
        except threading.BrokenBarrierError:
            return  # The cell was interrupted before all were there.
        try:
            results[place] = function()
        except redis.RedisError as error:
            results[place] = error
        except BaseException as error:
            mistakes.append(error)

    # Daemons, so that a cell that is interrupted leaves nothing that keeps Python from ending.
    threads = [
        threading.Thread(target=call, args=(place,), name=f"caller {place + 1}", daemon=True) for place in range(number)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        together.abort()
        raise
    if mistakes:
        raise mistakes[0]
    return results


def hold(pool: redis.ConnectionPool, seconds: float) -> None:
    """Borrow a connection, keep it for ``seconds`` as a slow command would, and return it."""
    not_negative("seconds", seconds, "seconds", at_most=LONGEST_HOLD)
    check_pool_for_threads(pool)
    connection = pool.get_connection()
    try:
        time.sleep(seconds)
    finally:
        pool.release(connection)
