"""A program that ends with this Python, however that ends, and whichever of the two is killed first."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

SECONDS_TO_END = 2.0

# The shell starts the program and then reads its own standard input, a pipe whose other end only this Python holds.
# When Python ends, the pipe does, and the shell kills its process group: the program and itself. A polite end is a
# line on that pipe, after the program was killed.
#
# If the shell is killed, Linux kills the program: setpriv asks for that, and the comparison with $PPID covers a shell
# that was killed before setpriv had asked. macOS cannot do that; there the shell dies of SIGKILL only.
#
# The program gets the write end of the shell's stderr pipe as its standard input, and no one else keeps that end. So
# our end of the pipe says whether the program runs. The first line on it is the program's process id.
#
# Its first argument is a folder, or nothing. When Python ends, the shell removes it after the program has gone, which
# might write to it; at a polite end that is left to Python, whose folder may serve several programs.
GUARDIAN = r"""
folder=$1; shift
if setpriv --pdeathsig KILL true 2>/dev/null; then
    set -- setpriv --pdeathsig KILL /bin/sh -c '[ "$PPID" = "$0" ] && exec "$@"' $$ "$@"
fi
"$@" <&2 2>&1 &
echo $! >&2
exec >/dev/null 2>&1
trap '' HUP INT QUIT TERM USR1 USR2 ALRM
if read -r goodbye; then wait; exit; fi
if [ "$folder" ]; then kill -KILL $!; wait; rm -rf -- "$folder"; fi
kill -KILL 0
"""


class GuardedProcess:
    """Runs ``command`` until ``end()``, or until this Python ends. OSError if this system cannot run a shell.

    If this Python ends without ``end()``, ``folder`` is removed, with all that is in it.
    """

    def __init__(self, command: Sequence[str], folder: Path | None = None) -> None:
        self._guardian = subprocess.Popen(
            ["/bin/sh", "-c", GUARDIAN, "sh", str(folder or ""), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd="/",
            # A session of its own: the Ctrl-C that interrupts a notebook's cell must not reach the program.
            start_new_session=True,
        )
        assert self._guardian.stderr
        self._lives = self._guardian.stderr.fileno()
        os.set_blocking(self._lives, False)
        self._first_line = b""
        self._has_let_go = False

    def wait_for(self, words: str, seconds: float) -> str | None:
        """Wait until the program writes ``words``; return None then, or its last lines if it ended or took longer."""
        output = self._guardian.stdout
        assert output
        last_lines: deque[str] = deque(maxlen=8)
        hung = threading.Timer(seconds, self._kill_all)
        hung.daemon = True
        try:
            hung.start()
            for line in output:  # Ends when the program ends, because it holds the other end of this pipe.
                last_lines.append(line.rstrip())
                if words in line.lower():
                    output.close()  # The program goes on without it; a pipe that no one reads would fill.
                    return None
        finally:
            hung.cancel()
        return "\n".join(last_lines) or "(it wrote nothing)"

    @property
    def is_running(self) -> bool:
        """False as soon as the program has ended. In a forked child it stays True: the child cannot tell."""
        if self._has_let_go:
            return True
        try:
            while said := os.read(self._lives, 4096):
                self._first_line += said
        except BlockingIOError:
            return True
        return False

    def kill(self) -> None:
        """Kill the program, and return when it has gone. ``end()`` is still to be called."""
        if self.is_running and b"\n" in self._first_line:
            # It runs, so this number is still its own.
            with suppress(ProcessLookupError):
                os.kill(int(self._first_line.split()[0]), signal.SIGKILL)
            self._wait_until_gone()

    def _wait_until_gone(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_END
        while self.is_running and time.monotonic() < deadline:
            time.sleep(0.001)

    def end(self) -> None:
        """Kill the program, and return when it has gone. Nothing in it is worth saving."""
        self.kill()
        if not self.is_running:
            self._say_goodbye()
        self._close(self._guardian.stdin, self._guardian.stdout)
        try:
            self._guardian.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:  # A forked child that knows nothing of us may hold the pipe.
            self._kill_all()
            self._guardian.wait()
        self._wait_until_gone()
        self.let_go()

    def _say_goodbye(self) -> None:
        assert self._guardian.stdin
        with suppress(OSError):  # The guardian was killed.
            self._guardian.stdin.write("goodbye\n")
            self._guardian.stdin.flush()

    def _kill_all(self) -> None:
        if self._guardian.poll() is None:  # Otherwise the number of its group may be another's by now.
            os.killpg(self._guardian.pid, signal.SIGKILL)

    def let_go(self) -> None:
        """Close our pipes. In a forked child, so that the program still ends with the parent."""
        self._has_let_go = True
        self._close(self._guardian.stdin, self._guardian.stdout, self._guardian.stderr)

    @staticmethod
    def _close(*pipes: object) -> None:
        for pipe in pipes:
            with suppress(OSError):  # Something unsent to a guardian that was killed.
                pipe.close()  # type: ignore[attr-defined]
