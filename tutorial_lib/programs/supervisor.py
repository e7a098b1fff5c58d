"""Run a program, and end it with all that it started: ``python -m tutorial_lib.programs.supervisor``.

The program's text comes as a line of JSON on the standard input. When the input ends, because the kernel wants it or
has gone, everything is ended. The program writes straight to this process's output, and its exit code is this one's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tutorial_lib.process_tree import adopt_orphans, descendants, end_all

_BY_SIGNAL = 128
"""A program that was ended by signal 9 has the exit code 137, as in a shell."""


def main() -> None:
    """Run the program of the first line until it has ended, or the input has."""
    adopt_orphans()
    text = json.loads(sys.stdin.buffer.readline())
    with tempfile.TemporaryDirectory(prefix="pool-program-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "program.py")
        file.write_text(text, encoding="utf-8")
        program = subprocess.Popen([sys.executable, str(file)], stdin=subprocess.DEVNULL)
        threading.Thread(target=_end_with_the_input, daemon=True).start()
        code = program.wait()
        end_all(descendants)
    sys.stdout.flush()
    os._exit(code if code >= 0 else _BY_SIGNAL - code)  # at once: a thread still reads the input


def _end_with_the_input() -> None:
    sys.stdin.buffer.read()
    end_all(descendants)  # the program is one of them, so wait() returns


if __name__ == "__main__":
    main()
