"""Have notebooks judged, a few at a time, each by a supervisor of its own."""

from __future__ import annotations

import json
import os
import secrets
import site
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import IO, Any

import psutil

from tutorial_lib.checking.folder import Notebook
from tutorial_lib.checking.limits import LIMITS, Limits
from tutorial_lib.checking.scratch import scratch_folder
from tutorial_lib.practice.verdict import MARKS, Status
from tutorial_lib.process_tree import MARK_VARIABLE, end_all, marked

SPARE_SECONDS = 80.0  # what a supervisor may take beside its notebook's time, until it counts as hung: a slow start too
_TO_END = 20.0
_MOST_SAID = 1_000_000  # bytes of results that are read
_PACKAGES = Path(__file__).parent.parent.parent
_HANDED_ON = (
    *("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "TUTORIAL_SERVER", "TZ", "LANG", "LC_ALL", "LC_CTYPE"),
    *("SYSTEMROOT", "PATHEXT", "COMSPEC"),  # without these Python does not start on Windows
)

_KILLED = (
    "The process that watched this notebook was killed or stopped, most likely by the notebook's own code. "
    "None of its exercises counts."
)


@dataclass(frozen=True)
class Result:
    """What became of one exercise of one learner. ``exercise`` is empty if the notebook itself could not be run."""

    learner: str
    notebook: Path
    exercise: str
    status: Status
    message: str


def run(
    notebooks: Sequence[Notebook],
    wanted: set[str],
    limits: Limits = LIMITS,
    *,
    in_order: bool = False,
    at_once: int | None = None,
) -> Iterator[tuple[Notebook, list[Result]]]:
    """Run the notebooks, as many at once as there are cores, and yield each with its results when it is done.

    ``in_order`` yields them in the order they came in. Never raises for what a notebook is or does. Leaving the
    iteration, as Ctrl-C does, ends everything that is running.
    """
    stop = threading.Event()
    pool = ThreadPoolExecutor(at_once or os.cpu_count() or 1)
    try:
        futures: dict[Future[list[Result]], Notebook] = {
            pool.submit(partial(_judge, notebook, wanted, limits, stop)): notebook for notebook in notebooks
        }
        for future in futures if in_order else as_completed(futures):
            yield futures[future], future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _judge(notebook: Notebook, wanted: set[str], limits: Limits, stop: threading.Event) -> list[Result]:
    def failed(message: str) -> list[Result]:
        return [Result(notebook.learner, notebook.path, "", "error", message)]

    if notebook.trouble:
        return failed(notebook.trouble)
    mark = secrets.token_hex(16)
    try:
        with scratch_folder() as scratch, tempfile.TemporaryFile() as said:
            clean = _supervise(_order(notebook, wanted, limits, scratch), _environment(scratch, mark), said, stop)
            said.seek(0)
            rows = _parse(said.read(_MOST_SAID), wanted) if clean else None
            if rows is None:
                end_all(partial(marked, mark))
    except OSError as error:
        return failed(f"This notebook could not be run: {error}.")
    if rows is None:
        return failed(_KILLED)
    return [Result(notebook.learner, notebook.path, *row) for row in rows]


def _order(notebook: Notebook, wanted: set[str], limits: Limits, scratch: str) -> bytes:
    order = {
        "path": str(notebook.path.absolute()),
        "scratch": scratch,
        "expected": notebook.exercises,
        "wanted": sorted(wanted),
        "limits": asdict(limits),
    }
    return json.dumps(order).encode() + b"\n"


def _environment(scratch: str, mark: str) -> dict[str, str]:
    """Make the notebook's home, and return its environment: nothing of the teacher's but what Python needs."""
    folders = {name: str(Path(scratch, name)) for name in ("home", "work", "tmp")}
    for folder in folders.values():
        Path(folder).mkdir()
    return {
        **{name: os.environ[name] for name in _HANDED_ON if name in os.environ},
        **dict.fromkeys(("HOME", "USERPROFILE"), folders["home"]),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folders["tmp"]),
        "PYTHONUSERBASE": site.getuserbase(),  # or what is installed for this user alone is lost with HOME
        "TUTORIAL_PROGRESS": "off",
        "MPLBACKEND": "agg",
        # A cell's ``%pip install`` is for the learner's computer. Here it would change what the teacher has installed.
        **dict.fromkeys(("PIP_DRY_RUN", "PIP_NO_INDEX"), "1"),
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        MARK_VARIABLE: mark,
    }


def _supervise(order: bytes, environment: dict[str, str], said: IO[bytes], stop: threading.Event) -> bool:
    """Run a supervisor to its end, and return whether it ended by itself. ``stop`` ends it early."""
    limit = monotonic() + json.loads(order)["limits"]["notebook"] + SPARE_SECONDS
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "tutorial_lib.checking.supervisor"],
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=subprocess.DEVNULL,
        cwd=_PACKAGES,  # where -m finds this package, installed or not, and no file of a learner's
        env=environment,
        start_new_session=True,  # Ctrl-C is for check alone, which then closes the supervisor's input
    )
    assert supervisor.stdin
    try:
        supervisor.stdin.write(order)
        supervisor.stdin.flush()
        process = psutil.Process(supervisor.pid)
        while supervisor.poll() is None and monotonic() < limit and not stop.wait(0.05):
            if process.status() == psutil.STATUS_STOPPED:  # by the notebook: no key that is pressed here reaches it
                break
        if stop.is_set():
            supervisor.stdin.close()
            supervisor.wait(_TO_END)
    except (OSError, psutil.Error, subprocess.TimeoutExpired):  # it was killed at once, or does not answer
        pass
    finally:
        if supervisor.poll() is None:
            supervisor.kill()
        code = supervisor.wait()
        with suppress(OSError):
            supervisor.stdin.close()
    return code == 0


def _parse(text: bytes, wanted: set[str]) -> list[tuple[str, Status, str]] | None:
    """Return what a supervisor said, or None if that cannot be: exercise, status, message."""
    try:
        rows: Any = json.loads(text)
        for exercise, status, message in rows:
            if not (exercise == "" or exercise in wanted) or status not in MARKS or not isinstance(message, str):
                return None
    except (ValueError, TypeError, RecursionError):
        return None
    return [(exercise, status, message) for exercise, status, message in rows]
