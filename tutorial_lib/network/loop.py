"""An event loop whose timers are right to a fraction of a millisecond."""

from __future__ import annotations

import asyncio
import select
import selectors

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


def new_loop() -> asyncio.SelectorEventLoop:
    """Make a loop that is not running yet."""
    return asyncio.SelectorEventLoop(FineSelector())


def run(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop until it is stopped, and close it: for a thread that has nothing else to do."""
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(_end_all())
        loop.close()


async def _end_all() -> None:
    """End what is still under way, and let it know."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
