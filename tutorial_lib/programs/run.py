"""``run_program``: a function of a notebook as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from tutorial_lib.arguments import positive
from tutorial_lib.errors import ProgramFailed
from tutorial_lib.programs.source import program_text
from tutorial_lib.servers.base import Server, checked_server

LONGEST_PROGRAM = 600
"""The most seconds that a program may be given."""

MOST_PRINTED = 100_000
"""Bytes that a program may print."""

NO_FORK = "Windows has no os.fork(), so this program doesn't run here."

_TO_END = 15.0


def run_program(function: Callable[..., object], server: Server, *arguments: object, seconds: float = 20) -> str:
    """Run ``function(server.host, server.port, *arguments)`` as a program of its own, and return what it printed.

    The function is written into a file, with the imports, functions and classes that it uses, and Python runs this
    file. So it may fork and spawn, which would be unsound in a notebook's kernel, whose threads may hold locks.
    What the program started ends with it, and all of it after ``seconds``. ProgramFailed if it raises.

    Where there is no ``os.fork``, a program that calls it is not run: the text that is returned says so.
    """
    checked_server(server, "Give what start_server() returned: run_program(work, server).")
    seconds = positive("seconds", seconds, "seconds", at_most=LONGEST_PROGRAM)
    text = program_text(function, (server.host, server.port, *arguments))
    if "os.fork(" in text and not hasattr(os, "fork"):
        return NO_FORK
    process = subprocess.Popen(
        [sys.executable, "-m", "tutorial_lib.programs.supervisor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUTF8": "1"},
        start_new_session=True,  # the notebook's stop button is for the kernel, which then closes the pipe
    )
    try:
        printed, in_time = _read(process, text, seconds)
    finally:
        _end(process)
    name = function.__name__
    if not in_time:
        raise ProgramFailed(f"`{name}` was still running after {seconds:g} s, and was ended. It printed:\n{printed}")
    if len(printed) >= MOST_PRINTED:
        raise ProgramFailed(f"`{name}` printed more than {MOST_PRINTED:,} characters, and was ended.")
    if process.returncode:
        raise ProgramFailed(f"`{name}` ended with exit code {process.returncode}. It printed:\n{printed}")
    return printed


def _read(process: subprocess.Popen[bytes], text: str, seconds: float) -> tuple[str, bool]:
    """Send the program's text, and return what it prints within ``seconds``, and whether it ended in that time."""
    assert process.stdin
    assert process.stdout
    printed = bytearray()
    reader = threading.Thread(target=_fill, args=(printed, process.stdout), daemon=True)
    reader.start()
    with suppress(BrokenPipeError):  # it could not even start, which its exit code tells
        process.stdin.write(json.dumps(text).encode() + b"\n")
        process.stdin.flush()
    reader.join(seconds)
    return bytes(printed).decode(errors="replace").replace("\r\n", "\n").rstrip("\n"), not reader.is_alive()


def _fill(printed: bytearray, pipe: IO[bytes]) -> None:
    while len(printed) < MOST_PRINTED and (more := os.read(pipe.fileno(), 65_536)):
        printed += more


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    assert process.stdout
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
