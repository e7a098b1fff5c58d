"""Run a program so that every Python process of it is watched, and collect what they saw."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tutorial_lib.errors import BadSetting
from tutorial_lib.examination.evidence import Evidence, ServerSaid
from tutorial_lib.examination.program_evidence import ProgramEvidence, put_together

HOOK = Path(__file__).parent / "hook"
FOLDER_VARIABLE = "REDIS_POOL_EXAMINE"
ASK_VARIABLE = "REDIS_POOL_EXAMINE_ASK"
HANDED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


@dataclass
class Program:
    """A program that runs under examine, or has run."""

    process: subprocess.Popen[bytes]
    folder: Path

    def exit_code(self) -> int:
        """Wait for the program's end. A signal that ended it is told as a shell does, by 128 and its number."""
        code = self.process.wait()
        return code if code >= 0 else 128 - code

    def evidence(self) -> ProgramEvidence:
        """Return what its processes have seen so far."""
        servers = [ServerSaid(**json.loads(path.read_text("utf-8"))) for path in sorted(self.folder.glob("*.server"))]
        return put_together(_evidence(self.folder), servers)

    def troubles(self) -> list[str]:
        """Return why some of its processes could not be watched."""
        return sorted({path.read_text("utf-8") for path in self.folder.glob("*.trouble")})


def words_of(command: Sequence[str]) -> list[str]:
    """Return the words to start: a script and ``-m module`` run with this Python, anything else as it stands.

    BadSetting if there is no such program.
    """
    if not command:
        raise BadSetting("Which program? Give its command: redis-pool-tutorial examine python app.py")
    first = command[0]
    if first == "-m" or (first.endswith(".py") and not os.access(first, os.X_OK)):
        if first != "-m" and not Path(first).is_file():
            raise BadSetting(f"There is no file {first}. Give a script, -m MODULE or a command.")
        return [sys.executable, *command]
    if shutil.which(first) is None:
        raise BadSetting(f"There is no program {first} on PATH. Give a script, -m MODULE or a command.")
    return list(command)


@contextmanager
def started(command: Sequence[str], folder: Path, ask: bool = False) -> Iterator[Program]:
    """Start a program that is watched; its evidence comes into ``folder``. Signals that end us reach the program.

    With ``ask`` the servers that it uses are asked for their maxclients.
    """
    words = words_of(command)
    paths = [str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), FOLDER_VARIABLE: str(folder)}
    environment[ASK_VARIABLE] = "1" if ask else ""
    with _signals_handed_on() as reach:
        try:
            process = subprocess.Popen(words, env=environment)
        except OSError as error:
            raise BadSetting(f"{words[0]} cannot be started: {error.strerror}.") from None
        reach(process)
        yield Program(process, folder)


@contextmanager
def _signals_handed_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Hand on what asks us to end, to the process that the block names; what comes before is handed on then.

    A signal that we ignore, as under nohup, the program ignores, too.
    """
    processes: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and _is_in_the_foreground():
            return  # The terminal sends Ctrl-C to the program, too.
        if processes:
            processes[0].send_signal(number)
        else:
            early.append(number)

    def reach(process: subprocess.Popen[bytes]) -> None:
        processes.append(process)
        for number in early:
            process.send_signal(number)

    numbers = [getattr(signal, name) for name in HANDED_ON if hasattr(signal, name)]
    before = {
        number: signal.signal(number, hand_on) for number in numbers if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield reach
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_in_the_foreground() -> bool:
    """Say whether a terminal's Ctrl-C comes to us and to the program."""
    try:
        with open("/dev/tty") as terminal:  # noqa: PTH123
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (OSError, AttributeError):  # No terminal, or Windows.
        return not hasattr(os, "tcgetpgrp") and sys.stdin.isatty()


def _evidence(folder: Path) -> Iterator[Evidence]:
    for path in sorted(folder.glob("*.json")):
        try:
            yield Evidence.from_json(json.loads(path.read_text("utf-8")))
        except (ValueError, KeyError, TypeError):  # Not ours, or of another version.
            continue
