"""Another user of this computer, for the tests of who may connect to what. Needs root, as CI has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

needs_another_user = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("useradd") or not shutil.which("redis-cli"),
    reason="needs root on Linux, useradd and redis-cli, to come as another user",
)


class Stranger:
    """A user that useradd has made."""

    def __init__(self, name: str) -> None:
        import pwd  # Windows has none.

        user = pwd.getpwnam(name)
        self._become = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def redis_cli(self, host: str, port: int, *command: str) -> str:
        """Run redis-cli as this user, and return all that it prints."""
        program = shutil.which("redis-cli")
        assert program, "redis-cli comes with redis-server"
        done = subprocess.run(
            [program, "-h", host, "-p", str(port), *command],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
            **self._become,  # type: ignore[call-overload]
        )
        return str(done.stdout)


@contextmanager
def another_user() -> Iterator[Stranger]:
    """Make a user, and delete it at the end."""
    name = f"stranger-{os.getpid()}"  # Tests run side by side, and each needs its own.
    subprocess.run(["useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", name], check=True)
    try:
        yield Stranger(name)
    finally:
        subprocess.run(["userdel", name], check=True, stderr=subprocess.DEVNULL)
