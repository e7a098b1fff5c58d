"""``--ask-server``: the sum of the limits that a program chose, against what its server takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.examine.running import LONG, environment, examine, kinds
from tests.redis_for_tests import OwnersRedis, make_certificates, owners_redis
from tutorial_lib.examination import asking
from tutorial_lib.examination.asking import ask_once
from tutorial_lib.examination.evidence import Evidence, PoolEvidence, ServerSaid, SourceLine
from tutorial_lib.examination.program_evidence import put_together
from tutorial_lib.examination.rules.limits import most_at_once, over_maxclients

PASSWORD = "hunter2"
SERVER = ServerSaid("localhost:6379", maxclients=100, clients=7)
LINE = SourceLine("/app/app.py", 3, "<module>", "pool = redis.ConnectionPool(max_connections=30)")


def process(began: float, duration: float, *, limit: int = 30, **pool: Any) -> Evidence:
    settings = {"host": "localhost", "port": 6379, "max_connections": limit}
    of_pool = {"made": 1, "opened": 1, "most_in_use": 2, "limit_chosen": True, **pool}
    pools = [PoolEvidence("ConnectionPool", False, LINE, settings, **of_pool)]
    return Evidence(int(began), 1, "app.py", "8.1.0", began, duration, pools)


def test_limits_of_processes_that_run_together_are_added_up() -> None:
    [finding] = over_maxclients(put_together([process(0, 100) for _ in range(4)], [SERVER]))
    assert finding.message == (
        "The pools of 4 processes may open 120 connections to localhost:6379 together. Its maxclients is 100, and "
        "7 were connected when it was asked, those of other programs among them."
    )
    assert finding.lines == (LINE,)


@pytest.mark.parametrize(
    ("processes", "why"),
    [
        ([process(0, 100) for _ in range(3)], "90 is not more than 100"),
        ([process(start, 9) for start in range(0, 100, 10)], "workers that came one after the other"),
        ([process(0, 100, limit_chosen=False) for _ in range(9)], "redis-py's own limit, which nobody chose"),
        ([process(0, 100, opened=0) for _ in range(9)], "pools that were not used"),
        ([process(0, 100, limit=10, made=50)], "a client per call is another finding"),
    ],
)
def test_what_is_no_trouble(processes: list[Evidence], why: str) -> None:
    assert list(over_maxclients(put_together(processes, [SERVER]))) == [], why


def test_processes_that_overlap_are_those_that_count() -> None:
    seen = put_together([process(0, 10), process(5, 10), process(12, 10)], [SERVER])
    assert most_at_once(seen, SERVER) == ({LINE: 60}, 2)


def test_a_server_that_was_not_asked_has_no_such_finding() -> None:
    assert list(over_maxclients(put_together([process(0, 100) for _ in range(9)]))) == []


@pytest.fixture(scope="module")
def server() -> Iterator[OwnersRedis]:
    with owners_redis("--maxclients", "200", password=PASSWORD) as server:
        yield server


def asked(program: str, folder: Path, server: OwnersRedis, *options: str) -> tuple[dict[str, Any], str]:
    file, report = folder / "program.py", folder / "report.json"
    file.write_text(program)
    command = examine("--json", report, *options, sys.executable, file)
    done = subprocess.run(command, capture_output=True, text=True, env=environment(server.port), timeout=LONG)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in report.read_text() + done.stderr
    return json.loads(report.read_text()), " ".join(done.stderr.split())


SYNC = """
import os, redis
r = redis.Redis(port=int(os.environ["PORT"]), password="hunter2", max_connections=300)
r.get("key")
"""
ASYNC = """
import asyncio, os, redis.asyncio
async def main():
    async with redis.asyncio.Redis(port=int(os.environ["PORT"]), password="hunter2", max_connections=300) as r:
        await r.get("key")
asyncio.run(main())
"""


@pytest.mark.redis_server
@pytest.mark.parametrize("program", [SYNC, ASYNC], ids=["sync", "asyncio"])
def test_the_server_is_asked_with_the_programs_own_settings(program: str, server: OwnersRedis, tmp_path: Path) -> None:
    before = server.client().info("commandstats")
    report, printed = asked(program, tmp_path, server, "--ask-server")
    after = server.client().info("commandstats")
    [said] = report["servers"]
    assert said["maxclients"] == 200
    assert f"localhost:{server.port}: maxclients 200, " in printed
    assert kinds(report) == {"over-maxclients"}
    asked_for = {name for name in after if after[name]["calls"] > before.get(name, {"calls": 0})["calls"]}
    assert {"cmdstat_config|get", "cmdstat_info"} <= asked_for
    assert after["cmdstat_config|get"]["calls"] - before.get("cmdstat_config|get", {"calls": 0})["calls"] == 1


OVER_TLS = """
import os, redis
r = redis.Redis(
    port=int(os.environ["PORT"]), password="hunter2", ssl=True, ssl_ca_certs=os.environ["AUTHORITY"], max_connections=99
)
r.get("key")
"""


@pytest.mark.redis_server
@pytest.mark.parametrize(
    "attempt", range(3)
)  # A process that ended while its thread asked crashed in OpenSSL at times.
def test_a_server_is_asked_over_tls(attempt: int, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with owners_redis("--maxclients", "70", password=PASSWORD, tls=certificates) as server:
        program, report = tmp_path / "program.py", tmp_path / "report.json"
        program.write_text(OVER_TLS)
        done = subprocess.run(
            examine("--ask-server", "--json", report, sys.executable, program),
            capture_output=True,
            text=True,
            env=environment(server.tls_port, AUTHORITY=str(certificates.authority)),
            timeout=LONG,
        )
    assert done.returncode == 0, done.stderr
    [said] = json.loads(report.read_text())["servers"]
    assert (said["maxclients"], said["trouble"]) == (70, "")
    assert PASSWORD not in report.read_text() + done.stderr


@pytest.mark.redis_server
def test_nothing_is_asked_without_the_option(server: OwnersRedis, tmp_path: Path) -> None:
    before = server.client().info("commandstats").get("cmdstat_config|get")
    report, _ = asked(SYNC, tmp_path, server)
    assert server.client().info("commandstats").get("cmdstat_config|get") == before
    assert (report["servers"], report["findings"]) == ([], [])


@pytest.mark.redis_server
def test_a_user_who_may_not_ask_is_told(server: OwnersRedis, tmp_path: Path) -> None:
    server.client().acl_setuser("app", enabled=True, passwords=["+hunter2"], keys=["*"], commands=["+get", "+client"])
    program = SYNC.replace("password=", "username='app', password=")
    report, printed = asked(program, tmp_path, server, "--ask-server")
    assert f"localhost:{server.port} could not be asked for its maxclients: " in printed
    assert "permission" in report["servers"][0]["trouble"]
    assert report["findings"] == []


@pytest.mark.redis_server
def test_a_server_without_config_tells_it_in_info(server: OwnersRedis, tmp_path: Path) -> None:
    server.client().acl_setuser(
        "guest", enabled=True, passwords=["+hunter2"], keys=["*"], commands=["+get", "+client", "+info"]
    )
    pool = redis.ConnectionPool(port=server.port, username="guest", password=PASSWORD)
    ask_once(pool, tmp_path)
    ask_once(pool, tmp_path)
    [said] = tmp_path.glob("*.server")
    assert json.loads(said.read_text())["maxclients"] == 200


def test_a_process_that_ends_before_the_answer_leaves_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(pool: object) -> list[Any]:
        raise SystemExit

    monkeypatch.setattr(asking, "_replies", ends)
    with pytest.raises(SystemExit):
        ask_once(redis.ConnectionPool(), tmp_path)
    [said] = tmp_path.glob("*.server")
    assert json.loads(said.read_text())["trouble"] == "the process that asked ended before the answer came"
