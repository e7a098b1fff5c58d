"""A terminal of 80 columns to type a command in."""

from __future__ import annotations

import errno
import os
import pty
import re
import subprocess
import sys


def typed(*argv: str, **settings: str) -> str:
    """Run a command in a terminal of 80 columns, and return all that it shows, colours and errors included."""
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    environ |= {"COLUMNS": "80", "TERM": "xterm-256color", "TUTORIAL_SERVER": "fake", **settings}
    keyboard, terminal = pty.openpty()
    try:
        words = [sys.executable, "-m", "tutorial_lib", *argv]
        with subprocess.Popen(words, stdout=terminal, stderr=terminal, env=environ) as process:
            os.close(terminal)
            said = _all_of(keyboard)
            process.wait(timeout=60)
    finally:
        os.close(keyboard)
    return said.decode().replace("\r\n", "\n")


def _all_of(keyboard: int) -> bytes:
    said = b""
    while True:
        try:
            part = os.read(keyboard, 10_000)
        except OSError as error:
            if error.errno != errno.EIO:  # so says Linux when the other side is closed
                raise
            part = b""
        if not part:
            return said
        said += part


def plain(said: str) -> list[str]:
    """Return the lines without their colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", said).splitlines()
