"""Run a program so that every Python process of it is watched, and collect what they saw."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tutorial_lib.errors import BadSetting
from tutorial_lib.examination.evidence import Evidence
from tutorial_lib.examination.seen import Seen, put_together

HOOK = Path(__file__).parent / "hook"
FOLDER_VARIABLE = "REDIS_POOL_EXAMINE"


@dataclass
class Program:
    """A program that runs under examine, or has run."""

    process: subprocess.Popen[bytes]
    folder: Path

    def exit_code(self) -> int:
        """Wait for the program's end. A signal that ended it is told as a shell does, by 128 and its number."""
        code = self.process.wait()
        return code if code >= 0 else 128 - code

    def seen(self) -> Seen:
        """Return what its processes have seen so far."""
        return put_together(_evidence(self.folder))

    def troubles(self) -> list[str]:
        """Return why some of its processes could not be watched."""
        return sorted(path.read_text("utf-8") for path in self.folder.glob("*.trouble"))


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
def started(command: Sequence[str], folder: Path) -> Iterator[Program]:
    """Start a program that is watched; its evidence comes into ``folder``. Signals that end us reach the program."""
    words = words_of(command)
    paths = [str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), FOLDER_VARIABLE: str(folder)}
    try:
        process = subprocess.Popen(words, env=environment)
    except OSError as error:
        raise BadSetting(f"{words[0]} cannot be started: {error.strerror}.") from None
    program = Program(process, folder)
    with _signals_reach(process):
        yield program


@contextmanager
def _signals_reach(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand on what asks us to end. Ctrl-C reaches the program by itself: a terminal sends it to both."""

    def hand_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT or not sys.stdin.isatty():
            process.send_signal(number)

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), hand_on) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _evidence(folder: Path) -> Iterator[Evidence]:
    for path in sorted(folder.glob("*.json")):
        try:
            yield Evidence.from_json(json.loads(path.read_text("utf-8")))
        except (ValueError, KeyError, TypeError):  # Not ours, or of another version.
            continue
