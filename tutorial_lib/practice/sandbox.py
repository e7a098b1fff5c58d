"""A process of its own for a learner's function, whose death cleans up after it.

The process is forked from the notebook's kernel, so the function sees the notebook's variables. What it changes,
opens or starts ends with it, and no code is needed that would put it back:

    kernel ── supervisor ── parent ── answer ── whatever the function starts

The supervisor adopts processes whose parent has died (a *subreaper*), so a daemon cannot get away from it, and it ends
them all when the kernel says so or when the kernel itself has gone. The parent only waits for the answer and tells how
it ended; a function that kills its parent process meets this one.
"""

from __future__ import annotations

import faulthandler
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep
from typing import IO, Any, NoReturn

import psutil

from tutorial_lib.errors import TutorialError
from tutorial_lib.notebook.lines import Line
from tutorial_lib.notebook.own_line import from_dump
from tutorial_lib.practice.inside import leave_the_notebook
from tutorial_lib.process_tree import adopt_orphans, descendants, end_all, end_group

Tell = Callable[[str, Any], None]
"""Tells the kernel something: a kind of message, and its content, which JSON can carry."""

Job = Callable[[Tell], Any]

_OUT_OF_REACH = 500  # descriptors from here on are not met by a loop that closes 3 to 40
_CHUNK = 64 * 1024
_LOOK = 0.005
_TO_ANSWER = 0.5

UNHEARD = 74
"""The exit code of a process that could not say how it ended."""

_this_is_one = False


def can_fork() -> bool:
    """True on Linux. On macOS a process that had threads may crash inside Apple's libraries once it is forked."""
    return sys.platform == "linux"


def in_a_sandbox() -> bool:
    """True in the process that runs a learner's function."""
    return _this_is_one


class Sandbox:
    """Runs ``job`` in a process of its own from now on. ``hear`` what it says, and ``close`` it."""

    def __init__(self, job: Job) -> None:
        self._heard = b""
        self._answer = 0
        self._thread = threading.get_ident()  # a forked thread keeps its number
        self._dump = tempfile.TemporaryFile()  # noqa: SIM115
        self._ears, mouth = os.pipe()
        life, self._life = os.pipe()
        try:
            self._supervisor = _fork()
        except OSError as error:
            for descriptor in (self._ears, mouth, life, self._life):
                os.close(descriptor)
            self._dump.close()
            raise TutorialError(f"No process could be started for the check: {error.strerror}.") from None
        if self._supervisor == 0:
            try:
                os.close(self._ears)
                os.close(self._life)
                _supervise(job, mouth, life, self._dump)
            finally:
                os._exit(1)
        os.close(mouth)
        os.close(life)

    def hear(self, until: float) -> tuple[str, Any] | None:
        """Return the next message, or None when it is ``until`` on the monotonic clock and there was none.

        The last message is ``"ended"``, with the exit code of the process, or None if that cannot be told.
        """
        ears = select.poll()
        ears.register(self._ears, select.POLLIN)
        while b"\n" not in self._heard:
            if not ears.poll(max(0.0, until - monotonic()) * 1000):
                return None
            arrived = os.read(self._ears, _CHUNK)
            if not arrived:
                return "ended", None
            self._heard += arrived
        line, _, self._heard = self._heard.partition(b"\n")
        try:
            kind, content = json.loads(line)
        except ValueError:  # two processes of the learner's wrote at once
            return "", None
        if kind == "begun" and not self._answer:
            self._answer = content
        if kind == "ended":
            self._answer = 0
        return kind, content

    def line(self) -> Line | None:
        """Return the learner's line that the process is in now, or crashed in; None if it cannot be told.

        It is asked with a signal, and answers in C, so it can tell even inside a long step that lets no Python run.
        """
        dump = self._read_dump()
        if self._answer and not dump:
            with suppress(ProcessLookupError):
                os.kill(self._answer, signal.SIGUSR2)
            dump = self._whole_dump(monotonic() + _TO_ANSWER)
        return from_dump(dump.decode(errors="replace"), self._thread, __file__)

    def _whole_dump(self, until: float) -> bytes:
        # It is written in many small pieces, the one about our thread last.
        mark, before, dump = f"0x{self._thread:016x} ".encode(), b"", b""
        while monotonic() < until and not (mark in dump and dump == before):
            sleep(_LOOK)
            before, dump = dump, self._read_dump()
        return dump

    def _read_dump(self) -> bytes:
        return os.pread(self._dump.fileno(), _CHUNK, 0)

    def close(self) -> None:
        """End the process and all that it started. When this returns they are gone."""
        os.close(self._life)
        _reap(self._supervisor)
        os.close(self._ears)
        self._dump.close()
        if self._answer and psutil.pid_exists(self._answer):  # only if somebody killed the supervisor
            end_group(self._answer)


def _fork() -> int:
    with warnings.catch_warnings():
        # Python warns of locks that another thread may hold for ever over there.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _reap(process: int) -> int | None:
    """Wait until a child has ended, and return its exit code: -9 if signal 9 ended it. None if it is nobody's child."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    except ChildProcessError:
        return None


# -- in the forked processes


def _supervise(job: Job, mouth: int, life: int, dump: IO[bytes]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()  # Ctrl-C in a terminal, and the notebook's stop button, go to the kernel alone
    adopt_orphans()
    # Whatever the check and the answer put into temporary files goes with them: what would remove it is killed here.
    scratch = tempfile.tempdir = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="redis-pool-tutorial-")
    if os.fork() == 0:
        os.close(life)
        _be_its_parent(job, mouth, dump)
    os.close(mouth)
    try:
        os.read(life, 1)  # returns when the kernel closes its end, or is no more
    finally:
        end_all(descendants)
        shutil.rmtree(scratch, ignore_errors=True)


def _be_its_parent(job: Job, mouth: int, dump: IO[bytes]) -> NoReturn:
    answer = os.fork()
    if answer == 0:
        _run(job, mouth, dump)
    _send(mouth, "ended", _reap(answer))
    os._exit(0)


def _run(job: Job, mouth: int, dump: IO[bytes]) -> NoReturn:
    global _this_is_one
    _this_is_one = True
    os.setsid()
    mouth, trace = _out_of_reach(mouth), _out_of_reach(dump.fileno())
    faulthandler.enable(trace)
    faulthandler.register(signal.SIGUSR2, trace)
    leave_the_notebook()
    one_at_a_time = threading.Lock()

    def say(kind: str, content: Any) -> None:
        with one_at_a_time:
            _send(mouth, kind, content)

    try:
        say("begun", os.getpid())
        say("value", job(say))
    except TutorialError as error:
        say("failed", [type(error).__name__, str(error)])
    except Exception as error:
        say("broken", f"{type(error).__name__}: {error}")
    finally:
        os._exit(UNHEARD)  # if all was said, nobody listens to this any more


def _out_of_reach(descriptor: int) -> int:
    import fcntl  # Windows has none

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_REACH)
    except OSError:  # this machine allows fewer
        return descriptor


def _send(mouth: int, kind: str, content: Any) -> None:
    rest = json.dumps([kind, content]).encode() + b"\n"
    while rest:
        rest = rest[os.write(mouth, rest) :]
