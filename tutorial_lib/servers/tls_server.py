"""start_tls(): a private redis-server that can be reached with TLS, without TLS, and through a Unix socket."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tutorial_lib.servers.certificates import Certificates, lacks_tls
from tutorial_lib.servers.private_process import free_port, make_folder, program_for, remove_folder
from tutorial_lib.servers.redis_process import RedisProcess

LONGEST_SOCKET_PATH = 100
"""Characters. Linux allows 107 in the name of a socket file, macOS 103."""


def start_tls() -> TlsServer:
    """Start a private redis-server with a certificate of its own, and return the handle.

    ``host`` and ``port`` are its plain port, as on every server of this course. ``tls_port`` and ``tls_url`` are the
    port that speaks TLS, and ``unix_socket`` is the path of its socket file. A client trusts it with
    ``ssl_ca_data=server.ca_data``; nothing on this computer is made to trust it, and no client needs a file.

    It is always private, also where REDIS_URL names your own. ServerNotFound where there is no redis-server.
    """
    return TlsServer()


class TlsServer(RedisProcess):
    """A private redis-server with three ways in: a plain port, a TLS port, and a Unix socket.

    Its authority and key are made when it starts. They are in files only until the server has read them.
    """

    start = "start_tls()"

    def __init__(self) -> None:
        program = program_for("A TLS server")
        folder = make_folder()
        if len(str(folder)) > LONGEST_SOCKET_PATH - len("/redis.sock"):
            folder.rmdir()
            folder = Path(tempfile.mkdtemp(prefix="redis-pool-tutorial-", dir="/tmp"))
        self.folder = folder
        try:
            self._certificates = Certificates(folder)
            self.ca_data = self._certificates.ca_data
            """The certificate of its authority as PEM text, for ``ssl_ca_data``."""
            super().__init__(program, folder)
        except BaseException:
            remove_folder(folder)
            raise

    @property
    def tls_url(self) -> str:
        """``rediss://host:port/0``, for ``from_url(server.tls_url, ssl_ca_data=server.ca_data)``."""
        return f"rediss://{self.host}:{self.tls_port}/0"

    @property
    def unix_socket(self) -> str:
        """The path of its socket file, for ``unix_socket_path`` or a ``UnixDomainSocketConnection``."""
        return str(self.folder / "redis.sock")

    def _command(self, port: int) -> list[str]:
        self.tls_port = free_port()
        return [
            *super()._command(port),
            *self._certificates.options(self.tls_port),
            *("--unixsocket", self.unix_socket, "--unixsocketperm", "700"),
        ]

    def _why_not(self, last_lines: str) -> str:
        if lacks_tls(last_lines):
            return (
                f"{self.program} was built without TLS, so start_tls() cannot use it. Install a build that has it, as "
                "the packages of Debian, Ubuntu, Fedora and Homebrew do."
            )
        return super()._why_not(last_lines)

    def _set_up(self) -> None:
        self._certificates.forget()
        super()._set_up()

    def close(self) -> None:
        if os.getpid() == self._owner:
            remove_folder(self.folder)  # First: as long as the server's guardian lives, it would do it too.
        super().close()

    def describe(self) -> str:
        if not self.is_running:
            return super().describe()
        return f"{super().describe().rstrip('.')}; TLS on port {self.tls_port}."
