"""A recipe as a test sees it: what its docstring says, its running processes, and their connections at the server."""

from __future__ import annotations

import ast
import http.client
import os
import re
import shlex
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from tests.examine.running import COMMANDS, LONG, ROOT, Running, examining, running
from tests.redis_for_tests import OwnersRedis, free_ports
from tests.waiting import eventually

RECIPES = ROOT / "recipes"
ALL = sorted(RECIPES.glob("*.py"))


def docstring(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert text, path
    return text


def said(path: Path, word: str) -> str:
    """Return what a recipe's docstring says after ``Start:`` or ``Run with:``."""
    found = re.search(rf"(?m)^{word}: +(.+)$", docstring(path))
    assert found, f"{path.name} does not say {word!r}"
    return found[1]


def start_line(path: Path) -> list[str]:
    """Return the words with which a recipe says that it is started."""
    program, *words = shlex.split(said(path, "Start"))
    return [sys.executable if program == "python" else str(COMMANDS / program), *words]


@dataclass(frozen=True)
class Seen:
    """A connection as the server and the system see it: its name, and the processes that have its socket."""

    name: str
    holders: frozenset[int]


@dataclass
class Started:
    """A recipe that runs, and the server that counts for it."""

    program: Running
    client: redis.Redis
    web: int
    """The port of its web server, where it has one."""
    received: int
    """Connections that the server had received before the recipe started."""

    def opened(self) -> int:
        """Return how many connections the recipe has opened until now."""
        return int(self.client.info("stats")["total_connections_received"]) - self.received

    def connections(self) -> list[Seen]:
        """Return the connections that the recipe has now."""
        own = self.client.client_id()
        rows = [row for row in self.client.client_list() if int(row["id"]) != own]
        server = self.client.connection_pool.connection_kwargs["port"]
        holders: dict[int, set[int]] = {}
        for process in processes(self.program.process.pid):
            for port in local_ports(process, server):
                holders.setdefault(port, set()).add(process.pid)
        return [Seen(row["name"], frozenset(holders.get(int(row["addr"].rpartition(":")[2]), ()))) for row in rows]

    def names(self) -> Counter[str]:
        return Counter(seen.name for seen in self.connections())

    def visit(self, path: str, times: int, at_once: int = 8) -> None:
        """Ask the recipe's web server so often, from so many threads."""

        def ask(share: int) -> None:
            for _ in range(share):  # A connection for each, so that any worker may get it.
                connection = http.client.HTTPConnection("127.0.0.1", self.web, timeout=LONG)
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                connection.close()
                assert answer.status == 200, (path, answer.status, self.program.printed)

        # uvicorn says that the application has started before it listens.
        assert eventually(self._listens, within=LONG), self.program.printed
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(ask, [times // at_once] * at_once))

    def _listens(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.web)) == 0


def processes(root: int) -> list[psutil.Process]:
    return [psutil.Process(root), *psutil.Process(root).children(recursive=True)]


def local_ports(process: psutil.Process, server: int) -> list[int]:
    """Return the ports of the process's connections to the server."""
    try:
        return [entry.laddr.port for entry in process.net_connections() if entry.raddr and entry.raddr.port == server]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def started(words: list[str], server: OwnersRedis, folder: Path, ready: str, under_examine: bool) -> Iterator[Started]:
    """Run a recipe by its start line, in its folder, while the block lasts; wait until it prints ``ready``."""
    (web,) = free_ports(1)
    url = f"redis://127.0.0.1:{server.port}"
    variables = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(RECIPES)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "REDIS_URL": url,
        "RQ_REDIS_URL": url,
        "UVICORN_PORT": str(web),
        "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{web}",
    }
    run = examining if under_examine else running
    with server.client() as client:
        received = int(client.info("stats")["total_connections_received"])
        with run(folder, *words, port=server.port, cwd=RECIPES, **variables) as program:
            program.says(ready)
            yield Started(program, client, web, received)
        assert eventually(lambda: len(client.client_list()) == 1, within=LONG), client.client_list()
