"""Where no process can be forked (Windows, macOS): the same work in a thread of this one, without the cleaning."""

from __future__ import annotations

import queue
import sys
import threading
from time import monotonic
from typing import Any

from tutorial_lib.errors import TutorialError
from tutorial_lib.notebook.lines import Line
from tutorial_lib.notebook.own_line import from_thread
from tutorial_lib.practice.sandbox import Job


class OwnThread:
    """Runs ``job`` in a thread from now on; otherwise like a Sandbox. A thread that does not end cannot be ended."""

    def __init__(self, job: Job) -> None:
        self._messages: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._output = sys.stdout, sys.stderr
        self._thread = _Thread(job, self._messages)
        self._thread.start()

    def hear(self, until: float) -> tuple[str, Any] | None:
        """Return the next message, or None when it is ``until`` on the monotonic clock and there was none."""
        try:
            return self._messages.get(timeout=max(0.0, until - monotonic()))
        except queue.Empty:
            return None

    def line(self) -> Line | None:
        """Return the learner's line that the thread is in now."""
        return from_thread(sys._current_frames().get(self._thread.ident or 0))

    def close(self) -> None:
        """Take the output back. The thread ends with the function, or with the kernel."""
        self._thread.is_over = True
        sys.stdout, sys.stderr = self._output


class _Thread(threading.Thread):
    def __init__(self, job: Job, messages: queue.SimpleQueue[tuple[str, Any]]) -> None:
        super().__init__(name="answer", daemon=True)
        self._job = job
        self._messages = messages
        self.is_over = False

    def _say(self, kind: str, content: Any) -> None:
        if self.is_over:
            raise SystemExit  # it was given up at the deadline, and another check may be under way
        self._messages.put((kind, content))

    def run(self) -> None:
        try:
            self._say("begun", 0)
            self._say("value", self._job(self._say))
        except TutorialError as error:
            self._say("failed", [type(error).__name__, str(error)])
        except SystemExit:
            pass
        except Exception as error:
            self._say("broken", f"{type(error).__name__}: {error}")


def in_own_thread() -> bool:
    """True in a thread that runs a learner's function."""
    return isinstance(threading.current_thread(), _Thread)
