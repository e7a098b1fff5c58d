"""Execute a notebook so that Ctrl-C ends it: nbclient, in the main thread, would take the signal for itself."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from nbclient import NotebookClient


class _Execution(threading.Thread):
    def __init__(self, client: NotebookClient, options: dict[str, Any]) -> None:
        super().__init__(name="notebook", daemon=True)
        self.error: BaseException | None = None
        self.finished = threading.Event()
        self._client = client
        self._options = options
        self._begun = threading.Event()

    def run(self) -> None:
        try:
            asyncio.run(self._execute())
        except BaseException as error:  # handed to the thread that waits
            self.error = error
        finally:
            self._begun.set()
            self.finished.set()

    async def _execute(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._begun.set()
        await self._client.async_execute(**self._options)

    def cancel(self) -> None:
        """End the kernel, and return when it has ended."""
        self._begun.wait()
        if self._task and not self.finished.is_set():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self.finished.wait()


def execute(client: NotebookClient, **options: Any) -> None:
    """Run the client's notebook. ``options`` are those of the kernel's start. Ctrl-C ends the kernel first."""
    execution = _Execution(client, options)
    execution.start()
    try:
        while not execution.finished.wait(0.2):  # in short steps: on Windows a long wait lets no Ctrl-C through
            pass
    except KeyboardInterrupt:
        execution.cancel()
        raise
    if execution.error:
        raise execution.error
