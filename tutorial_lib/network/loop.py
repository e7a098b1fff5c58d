"""An event loop in a thread of its own, and one whose timers are right to a fraction of a millisecond."""

from __future__ import annotations

import asyncio
import select
import selectors
import threading
from collections.abc import Coroutine
from concurrent.futures import wait
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

LOOK_AT_THREAD_EVERY = 0.5
"""Seconds after which a caller that waits for the loop looks whether its thread still lives."""

SELECT_KNOWS = 1024
"""``select()`` takes no descriptors from here on."""

if hasattr(selectors, "EpollSelector"):

    class FineSelector(selectors.EpollSelector):
        """Waits as long as it is told to. epoll counts in whole milliseconds, and rounds up.

        An epoll is a descriptor itself, so select(), which counts in microseconds, can do the waiting.
        """

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout and timeout > 0 and self.fileno() < SELECT_KNOWS:
                select.select([self.fileno()], [], [], timeout)
                timeout = 0
            return super().select(timeout)

else:
    FineSelector = selectors.DefaultSelector  # type: ignore[misc, assignment]  # kqueue counts finely itself.


class LoopHasEnded(Exception):
    """The loop was closed before it could answer."""


class LoopThread:
    """Runs coroutines for other threads until it is closed. A daemon: it never keeps Python from ending.

    ``exact`` timers cost one more system call in each turn of the loop.
    """

    def __init__(self, name: str, *, exact: bool = False) -> None:
        self._loop = asyncio.SelectorEventLoop(FineSelector() if exact else None)
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        try:
            self._thread.start()
        except BaseException:  # This machine can start no more threads, or the learner interrupts.
            if self._thread.ident is None:
                self._loop.close()
            else:
                self._loop.call_soon_threadsafe(self._loop.stop)
            raise

    def _live(self) -> None:
        # The loop itself fails only where a learner's code has replaced what it is made of, such as len(). Callers
        # of run() are then told that it has ended.
        with suppress(Exception):
            try:
                self._loop.run_forever()
            finally:
                self._loop.run_until_complete(_end_all())
                self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run ``coroutine`` in the loop and return what it returns. It needs a deadline of its own.

        LoopHasEnded if another thread closes the loop meanwhile.
        """
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise LoopHasEnded from None
        try:
            while not wait([future], LOOK_AT_THREAD_EVERY).done and self._thread.is_alive():
                pass
        except BaseException:
            future.cancel()  # The caller was interrupted, so the result is not needed any more.
            raise
        if not future.done() or future.cancelled():
            coroutine.close()
            raise LoopHasEnded
        return future.result()

    def close(self, last: Coroutine[Any, Any, object] | None = None, within: float | None = None) -> None:
        """Run ``last`` in the loop, end the loop and wait for its thread, ``within`` seconds at most.

        The loop ends itself, so that a learner who interrupts the waiting leaves nothing behind either.
        """

        async def end() -> None:
            try:
                if last:
                    await last
            finally:
                self._loop.stop()

        ending = end()
        try:
            asyncio.run_coroutine_threadsafe(ending, self._loop)
        except RuntimeError:  # It has ended already.
            for unused in (ending, last):
                if unused:
                    unused.close()
        self._thread.join(within)


async def _end_all() -> None:
    """Cancel every task that still runs, and wait until it has ended."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
