"""A learner's own Redis for a test: a real redis-server with a password, ACL users, TLS or a unix socket."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

STARTS = 5


@dataclass
class OwnersRedis:
    """A running redis-server, and what is needed to look into it behind the tutorial's back."""

    process: subprocess.Popen[bytes]
    port: int
    """The plain port, there for the test whatever the tutorial uses."""
    folder: Path
    password: str
    tls_port: int = 0

    @property
    def socket_file(self) -> Path:
        return self.folder / "redis.sock"

    def client(self, db: int = 0) -> redis.Redis:
        """A new client of the owner's, past everything that the tutorial put up."""
        return redis.Redis(port=self.port, password=self.password or None, db=db, protocol=2)

    def contents(self) -> dict[tuple[int, bytes], bytes | None]:
        """Every key of every database with its serialised value, to compare."""
        found: dict[tuple[int, bytes], bytes | None] = {}
        for db in range(16):
            with self.client(db) as client:
                for key in client.scan_iter():
                    found[db, key] = client.dump(key)
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def owners_redis(*options: str, password: str = "", tls: Certificates | None = None) -> Iterator[OwnersRedis]:
    """Start a redis-server with these options of its own, and stop it at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = _start(folder, options, password, tls)
        try:
            yield server
        finally:
            server.stop()


def _start(folder: Path, options: tuple[str, ...], password: str, tls: Certificates | None) -> OwnersRedis:
    for _ in range(STARTS):  # Somebody else may take a port between our choice and the server's start.
        port, tls_port = free_ports(2)
        arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        arguments += ["--unixsocket", str(folder / "redis.sock"), *options]
        if password:
            arguments += ["--requirepass", password]
        if tls:
            arguments += ["--tls-port", str(tls_port), "--tls-auth-clients", "optional", *tls.server_options()]
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        assert program
        process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server = OwnersRedis(process, port, folder, password, tls_port if tls else 0)
        try:
            _wait_until_up(server)
        except (redis.RedisError, AssertionError):
            server.stop()
            continue
        return server
    raise AssertionError(f"redis-server did not start with {arguments}")


def _wait_until_up(server: OwnersRedis) -> None:
    retry = Retry(ConstantBackoff(0.02), 250)
    with redis.Redis(port=server.port, password=server.password or None, retry=retry) as client:
        # A server that was quicker on the same port would answer as well.
        assert client.info("server")["process_id"] == server.process.pid


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


@dataclass
class Certificates:
    """A certificate authority of its own, and what it has signed for 127.0.0.1 and localhost."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"

    def server_options(self) -> list[str]:
        return [
            *("--tls-ca-cert-file", str(self.authority)),
            *("--tls-cert-file", str(self.certificate)),
            *("--tls-key-file", str(self.key)),
        ]


def make_certificates(folder: Path, names: str = "IP:127.0.0.1,DNS:localhost", *, strict: bool = True) -> Certificates:
    """Make them with the openssl program; not ``strict``: as Python 3.13 no longer takes them."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    signs = ("-addext", "keyUsage=critical,keyCertSign") if strict else ()
    openssl("req", "-x509", *curve, *signs, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=A test's authority")
    openssl("req", *curve[:-2], "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=a test")
    (folder / "names.txt").write_text(f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names.txt")
    openssl("x509", "-req", "-in", "server.csr", *signing, "-out", "server.pem")
    return Certificates(folder)
