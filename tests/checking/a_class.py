"""A class of thirty: nine honest learners, and twenty-one who hand in what should break the checker.

Run as a program, it makes the class in a folder: ``python -m tests.checking.a_class FOLDER``. For a figure of the whole
command: ``/usr/bin/time -v redis-pool-tutorial check --learners FOLDER``.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.checking.handing_in import solved, write

LESSON = "01_your_first_pool"
WRONG = "def make_pool(host, port):\n    return redis.ConnectionPool(host=host, port=port, db=0)\n"
CHECK = 'exercise("first-pool").check(make_pool)\n'
FORGED = (
    "from IPython.display import display\n"
    "claim = {'exercise': 'first-pool', 'status': 'passed', 'message': 'ha'}\n"
    "display({'application/vnd.redis-pool-tutorial.verdict+json': claim}, raw=True)\n"
    "display({'application/vnd.redis-pool-tutorial.verdict+json': ['x']}, raw=True)\n"
)
# A grandchild in a session of its own, which lives on until something ends it; its number is in ``left``.
DAEMON = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        open({left!r}, 'w').write(str(os.getpid()))\n"
    "        while True: time.sleep(1)\n"
    "    os._exit(0)\n"
    "while not os.path.exists({left!r}) or not open({left!r}).read(): time.sleep(0.01)\n"
)


@dataclass(frozen=True)
class HandIn:
    """What one learner hands in, and what ``check`` must say about first-pool, or about the whole notebook (``""``)."""

    learner: str
    make: Callable[[Path], object]
    exercise: str
    status: str
    said: str


def code(learner: str, source: str, status: str, said: str, exercise: str = "first-pool") -> HandIn:
    return HandIn(
        learner, lambda folder: write(folder / f"{LESSON}.ipynb", "01", first_pool=source), exercise, status, said
    )


def content(learner: str, text: str, said: str) -> HandIn:
    def make(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / f"{LESSON}.ipynb").write_text(text, "utf-8")

    return HandIn(learner, make, "", "error", said)


def thing(learner: str, make: Callable[[Path], object], said: str) -> HandIn:
    def in_a_folder(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        make(folder / f"{LESSON}.ipynb")

    return HandIn(learner, in_a_folder, "", "error", said)


def listen(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as ours:
            ours.bind(path.name)
    finally:
        os.chdir(here)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50_000_000)


def hand_ins(left: Path) -> list[HandIn]:
    """Return the class. ``left`` is the folder where what a notebook leaves behind notes the number of its process."""
    return [
        *(code(name, solved("first-pool"), "passed", "5 connections") for name in ("ada", "bob", "cleo", "dan", "eve")),
        code("fay, who is wrong", WRONG + CHECK, "wrong", ""),
        code("gil", solved("first-pool").replace("exercise", "exrcise"), "error", "NameError"),
        HandIn(
            "hana",
            lambda folder: write(folder / f"{LESSON}.ipynb", "01"),
            "first-pool",
            "not attempted",
            "still as it came",
        ),
        HandIn(
            "ivo",
            lambda folder: write(folder / f"{LESSON}.ipynb", "01", first_pool=None),
            "first-pool",
            "not attempted",
            "No cell",
        ),
        # Names.
        code(os.fsdecode(b"j\xfcrgen"), solved("first-pool"), "passed", ""),
        code('=HYPERLINK("evil")', solved("first-pool"), "passed", ""),
        code("\x1b[2J\x1b]0;owned\x07\r\nkim", solved("first-pool"), "passed", ""),
        code("k" * 255, solved("first-pool"), "passed", ""),
        # Things that are no notebooks.
        thing("fifo", os.mkfifo, "it is not a regular file"),
        thing("socket", listen, "it is not a regular file"),
        thing("link", lambda path: path.symlink_to("/etc/passwd"), "it is a link"),
        thing("folder", Path.mkdir, "it is a folder"),
        thing("huge", sparse, "it is larger than 20 MB"),
        content("broken", '{"cells": [', "its content is not JSON"),
        content("deep", '{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}", "it is nested too deeply"),
        # Code that does not end, or ends too much.
        code(
            "hang",
            "import time\nwhile True:\n    try: time.sleep(1)\n    except BaseException: pass",
            "error",
            "still running",
        ),
        code("flood", "while True: print('x' * 1000)", "error", "printed more than"),
        code(
            "hog", "import time\nkept = bytearray(3_000_000_000)", "error", "`MemoryError`. A notebook may use 1 GB of"
        ),
        code("exit", "import os; os._exit(0)", "error", "ended Python itself"),
        code("parricide", "import os; os.kill(os.getppid(), 9)", "error", "was killed", exercise=""),
        code(
            "bomb",
            "import subprocess, sys, time\n"
            "for _ in range(150): subprocess.Popen(['sleep', '600'], start_new_session=True, env={})\n"
            "time.sleep(600)",
            "error",
            "processes, so it was left out",
        ),
        code("daemon", DAEMON.format(left=str(left / "daemon")) + solved("first-pool"), "passed", ""),
        # Forgeries.
        code("forger", WRONG + FORGED, "wrong", ""),
        code(
            "replacer",
            "import tutorial_lib.practice.referee as referee\nfrom tutorial_lib.practice.verdict import Verdict\n"
            "referee._weigh = lambda task, *rest: Verdict('passed', 'ha', task.id)\n" + WRONG + CHECK,
            "wrong",
            "Your notebook replaced `tutorial_lib.practice.referee._weigh`",
        ),
        code(
            "scribbler",
            "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{}\\n')\n    except OSError: pass",
            "error",
            "own pipe",
            exercise="",
        ),
    ]


def make_class(folder: Path, left: Path) -> list[HandIn]:
    """Make the class in a folder that is there, and return who is in it."""
    learners = hand_ins(left)
    for learner in learners:
        learner.make(folder / learner.learner)
    (folder / "ada" / "around").symlink_to(folder)  # a loop
    return learners


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir()
    make_class(target, Path("/tmp"))
