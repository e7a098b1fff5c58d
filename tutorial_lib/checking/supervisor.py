"""Watch over the run of one notebook: a process of its own, ``python -m tutorial_lib.checking.supervisor``.

It stands between ``check`` and the learner's code, which may kill the process that started it. It reads its order from
its standard input and writes the results to its standard output, as JSON. When its input ends, because ``check`` has
gone or was interrupted, it ends everything that the notebook started.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import IO, Any

from tutorial_lib.checking.hand_in import Unreadable, copy_helpers, read_notebook
from tutorial_lib.checking.limits import Limits
from tutorial_lib.checking.scratch import remove
from tutorial_lib.process_tree import MARK_VARIABLE, adopt_orphans, descendants, end_all, end_group, marked, memory_of

START_SECONDS = 60.0  # only imports happen here, so a process that needs this long has a busy computer
_LONGEST_LINE = 50_000  # bytes of one thing that a worker says
_TICK = 0.2

_INTRUDED = "Something in the notebook wrote to the checker's own pipe, so nothing that it says is counted."


_TOO_BUSY = (
    "This notebook was not run: after {:g} s its first cell had not begun. Check it again on a less busy computer."
)


class _Trouble(Exception):
    """The worker ended, or must be ended, before it was done. The message says what it did: "ended Python itself"."""


class _OutOfTime(Exception):
    """The notebook as a whole has used up its time."""


class _Unusable(Exception):
    """Nothing that the notebook says can be counted."""


@dataclass
class _Story:
    """What is known about a notebook so far. It is kept when the worker is started again."""

    expected: list[str]
    verdicts: dict[str, list[str]] = field(default_factory=dict)
    """Exercise, status and message, by exercise; what belongs to no exercise, by its message."""
    left_out: dict[int, str] = field(default_factory=dict)
    """Why a cell is not run again, by its number."""
    cell: int = 0
    deadline: float = inf
    """When the notebook as a whole must be done. Its time begins with its first cell."""
    judging: str = ""
    done: bool = False

    def rows(self, missing: str) -> list[list[str]]:
        named = [self.verdicts.get(name, [name, "error", missing]) for name in self.expected]
        return named + [row for name, row in self.verdicts.items() if name not in self.expected]


class _Worker:
    """One run of the notebook, from its first cell on."""

    def __init__(self, scratch: Path, story: _Story, wanted: list[str], limits: Limits) -> None:
        self.story = story
        self.limits = limits
        self.key = secrets.token_hex(16)
        self.said: queue.Queue[dict[str, Any] | Exception] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tutorial_lib.checking.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        order = {
            "key": self.key,
            "scratch": str(scratch),
            "expected": story.expected,
            "wanted": wanted,
            "verdicts": story.verdicts,
            "left_out": story.left_out,
            "memory": limits.memory,
        }
        self._listener = threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True)
        self._listener.start()
        threading.Thread(target=self._drain, args=(self.process.stderr,), daemon=True).start()
        with suppress(OSError), self.process.stdin as pipe:  # it has ended already, which is noticed below
            pipe.write(json.dumps(order).encode())

    def _listen(self, pipe: IO[bytes]) -> None:
        left = self.limits.output
        while left > 0 and (line := pipe.readline(_LONGEST_LINE)):
            left -= len(line)
            try:
                message = json.loads(line)
                genuine = message.pop("key") == self.key
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                genuine = False
            self.said.put(message if genuine else _Unusable(_INTRUDED))
        if left <= 0:
            self.said.put(_Unusable(_INTRUDED))

    def _drain(self, pipe: IO[bytes]) -> None:
        left = self.limits.output
        while left > 0 and (text := pipe.read1(65_536)):  # type: ignore[attr-defined]
            left -= len(text)
        if left <= 0:
            self.said.put(_Trouble(f"printed more than {self.limits.output / 1e6:g} MB"))

    def watch(self, gone: threading.Event) -> None:
        """Follow the worker until it is done. Raises _Trouble, _OutOfTime or _Unusable where that does not happen."""
        self._allow(START_SECONDS)
        next_look = monotonic()
        while not self.story.done:
            try:
                self._take(self.said.get(timeout=_TICK))
            except queue.Empty:
                if self._has_ended():
                    raise _Trouble("ended Python itself") from None
            now = monotonic()
            if gone.is_set() or now > self.story.deadline:
                raise _OutOfTime
            if now > self._step_ends and not (self.story.cell or self.story.judging):
                raise _Unusable(_TOO_BUSY.format(START_SECONDS))
            if now > self._step_ends:
                raise _Trouble(f"was still running after {self._step_seconds:g} s")
            if now > next_look:
                self._look_at_processes()
                next_look = monotonic() + _TICK

    def _has_ended(self) -> bool:
        if self.process.poll() is None:
            return False
        self._listener.join(1.0)  # it may not have read the last words yet; a process left behind may keep the pipe
        return self.said.empty()

    def _allow(self, seconds: float) -> None:
        self._step_seconds = seconds
        self._step_ends = monotonic() + seconds

    def _take(self, message: dict[str, Any] | Exception) -> None:
        story = self.story
        if isinstance(message, Exception):
            raise message
        if "unreadable" in message:
            raise _Unusable(f"This notebook cannot be read: {message['unreadable']}.")
        if "expected" in message:
            story.expected = message["expected"]
        elif "cell" in message:
            story.cell, story.judging = message["cell"], ""
            story.deadline = min(story.deadline, monotonic() + self.limits.notebook)
            self._allow(self.limits.cell)
        elif "judged" in message:
            story.judging = ""
            self._allow(self.limits.cell)
        elif "judging" in message:
            story.judging = message["judging"]
            self._allow(message["seconds"])
        elif "verdict" in message:
            row = message["verdict"]
            story.verdicts[row[0] or row[2]] = row
        elif "done" in message:
            story.done = True

    def _look_at_processes(self) -> None:
        running = descendants(self.process.pid)
        if len(running) > self.limits.processes:
            raise _Trouble(f"started more than {self.limits.processes} processes")
        if memory_of(running) > self.limits.memory:
            raise _Trouble(f"used more than {self.limits.memory / 1e9:g} GB of memory")


def judge_notebook(order: dict[str, Any], gone: threading.Event) -> list[list[str]]:
    """Run a notebook as often as it takes, and return its results: exercise, status, message."""
    path, scratch, limits = Path(order["path"]), Path(order["scratch"]), Limits(**order["limits"])
    try:
        content = read_notebook(path)
    except Unreadable as error:
        return [["", "error", f"This notebook cannot be read: {error}."]]
    if not order["expected"] and b'"redis_pool_tutorial"' not in content:
        return []  # some other notebook
    (scratch / "notebook.ipynb").write_bytes(content)
    copy_helpers(path.parent, scratch / "work")
    story = _Story(order["expected"])
    while not story.done:
        story.cell, story.judging = 0, ""
        worker = _Worker(scratch, story, order["wanted"], limits)
        try:
            worker.watch(gone)
        except _Trouble as trouble:
            if story.judging:
                said = f"Your function {trouble}, so its check was ended."
                story.verdicts[story.judging] = [story.judging, "error", said]
            elif story.cell and story.cell not in story.left_out:
                story.left_out[story.cell] = f"The cell {trouble}, so it was left out."
            else:
                return [["", "error", f"This notebook could not be run: its process {trouble}."]]
        except _Unusable as error:
            return [["", "error", str(error)]]
        except _OutOfTime:
            break
        finally:
            end_group(worker.process.pid)
            end_all(descendants)
            end_all(lambda: marked(os.environ[MARK_VARIABLE]))
            worker.process.wait()
    return story.rows(f"The notebook was still running after {limits.notebook:g} s, before this exercise was checked.")


def main() -> None:
    """Carry out the order that stands in the first line of the input."""
    order = json.loads(sys.stdin.buffer.readline())
    gone = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.buffer.read()
        gone.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    adopt_orphans()
    rows = judge_notebook(order, gone)
    if gone.is_set():  # check itself cannot tidy up if it was killed
        remove(Path(order["scratch"]))
    sys.stdout.write(json.dumps(rows))
    sys.stdout.flush()
    os._exit(0)  # at once: a thread still reads the input


if __name__ == "__main__":
    main()
