"""Real servers, workers and test runs under ``examine``: each process is seen, and the user's own line is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.examine.running import APPS, COMMANDS, LONG, ROOT, environment, examining, kinds, lines
from tests.examine.test_web_shop import WORST_FIRST
from tests.redis_for_tests import OwnersRedis, free_ports, owners_redis
from tests.waiting import eventually

pytestmark = [pytest.mark.redis_server, pytest.mark.release]


@pytest.fixture(scope="module")
def server() -> Iterator[OwnersRedis]:
    with owners_redis() as server:
        yield server


@pytest.fixture
def web() -> int:
    """A port for a web server."""
    return free_ports(1)[0]


def visit(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LONG) as page:
        text: str = page.read().decode()
        return text


def test_each_of_gunicorns_workers_is_seen(server: OwnersRedis, web: int, tmp_path: Path) -> None:
    words = (COMMANDS / "gunicorn", "-w", "4", "-b", f"127.0.0.1:{web}", "client_per_request:app")
    with examining(tmp_path, *words, port=server.port, cwd=APPS) as running:
        running.says("Booting worker", 4)
        workers: set[str] = set()

        def each_has_answered() -> bool:
            with ThreadPoolExecutor(8) as threads:
                workers.update(page.split()[-1] for page in threads.map(visit, [web] * 24))
            return len(workers) == 4

        assert eventually(each_has_answered, within=LONG), workers
        assert running.end(signal.SIGTERM) == 0
        report = running.report()
    assert lines(report) == {
        ("client-per-call", "client_per_request.py", 'r = redis.Redis(port=int(os.environ["PORT"]))')
    }
    assert report["processes"] == 4
    assert [pool["processes"] for pool in report["pools"]] == [4]


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_a_fastapi_service_that_is_well(
    server: OwnersRedis, web: int, tmp_path: Path, ended_by: signal.Signals
) -> None:
    words = (COMMANDS / "uvicorn", "--port", str(web), "fast_right:app")
    with examining(tmp_path, *words, port=server.port, cwd=APPS) as running:
        running.says("Uvicorn running")
        for _ in range(5):
            visit(web)
        # uvicorn shuts down, and then ends itself by the signal that it got.
        assert running.end(ended_by) == (0 if ended_by == signal.SIGINT else 128 + signal.SIGTERM)
        report = running.report()
    assert report["findings"] == []
    [pool] = report["pools"]
    assert (pool["made"], pool["borrows"], pool["processes"]) == (1, 5, 1)


def test_a_fastapi_service_that_exhausts_its_pool(server: OwnersRedis, web: int, tmp_path: Path) -> None:
    words = (COMMANDS / "uvicorn", "--port", str(web), "fast_burst:app")
    with examining(tmp_path, *words, port=server.port, cwd=APPS) as running:
        running.says("Uvicorn running")
        assert visit(web) == '{"failed":8}'
        running.end(signal.SIGTERM)
        report = running.report()
    assert lines(report) == {("exhausted", "fast_burst.py", 'return await app.state.redis.get(f"price:{product}")')}
    assert report["findings"][0]["count"] == 8


def test_the_web_shop_of_lesson_15_as_a_fastapi_service(server: OwnersRedis, web: int, tmp_path: Path) -> None:
    words = (COMMANDS / "uvicorn", "--port", str(web), "web_shop_api:app")
    url = f"redis://127.0.0.1:{server.port}"
    with examining(tmp_path, *words, port=server.port, cwd=ROOT / "notebooks", REDIS_URL=url) as running:
        running.says("Uvicorn running")
        for number in range(20):
            ask(web, "POST", f"visit/{number}"), ask(web, "GET", "price/tea"), ask(web, "POST", "buy/tea")
            if number == 0:
                ask(web, "GET", "next-order"), ask(web, "GET", "offers")
        running.end(signal.SIGTERM)
        report = running.report()
    assert kinds(report) == set(WORST_FIRST)


def ask(port: int, method: str, path: str) -> None:
    with suppress(urllib.error.HTTPError):  # What fails in the shop is an error 409 or 500.
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/{path}", method=method), timeout=LONG)


def test_a_celery_worker_that_is_well(server: OwnersRedis, tmp_path: Path) -> None:
    words = (COMMANDS / "celery", "-A", "celery_app", "worker", "--pool", "prefork", "-c", "2", "-l", "info")
    with examining(tmp_path, *words, port=server.port, cwd=APPS) as running:
        running.says("ready.")
        ask = "import celery_app as c; print([r.get(timeout=30) for r in [c.count.delay('views') for _ in range(20)]])"
        subprocess.run([sys.executable, "-c", ask], env=environment(server.port), cwd=APPS, timeout=LONG, check=True)
        assert running.end(signal.SIGTERM) == 0
        report = running.report()
    assert report["findings"] == []  # Neither the user's pool nor those of kombu, which keeps connections on purpose.
    [own] = [pool for pool in report["pools"] if pool["made_at"]["file"].endswith("celery_app.py")]
    assert (own["processes"], own["borrows"]) == (3, 20)
    assert any("kombu" in pool["made_at"]["file"] for pool in report["pools"])


def test_an_rq_worker_that_is_well(server: OwnersRedis, tmp_path: Path) -> None:
    put = (
        "import redis, rq; [rq.Queue(connection=redis.Redis(port=%d)).enqueue('jobs.count', 'views') for _ in range(5)]"
    )
    subprocess.run([sys.executable, "-c", put % server.port], cwd=APPS, timeout=LONG, check=True)
    url = f"redis://127.0.0.1:{server.port}"
    words = (COMMANDS / "rq", "worker", "--burst", "--url", url, "--worker-class", "rq.SimpleWorker")
    with examining(tmp_path, *words, port=server.port, cwd=APPS, PYTHONPATH=f"{ROOT}{os.pathsep}{APPS}") as running:
        assert running.process.wait(LONG) == 0
        report = running.report()
    assert report["findings"] == []
    assert {Path(pool["made_at"]["file"]).name: pool["borrows"] for pool in report["pools"]}["jobs.py"] == 5


def test_a_shell_script_that_starts_python_and_python_m(server: OwnersRedis, tmp_path: Path) -> None:
    with examining(tmp_path, APPS / "run_me.sh", port=server.port, cwd=APPS) as running:
        assert running.process.wait(LONG) == 0
        report = running.report()
    assert report["processes"] == 2
    assert lines(report) == {("leak", "run_me.py", "kept = [pool.get_connection() for _ in range(2)]")}
    assert report["findings"][0]["count"] == 4


def test_dash_m_is_a_command(server: OwnersRedis, tmp_path: Path) -> None:
    with examining(tmp_path, "-m", "run_me", port=server.port, cwd=APPS) as running:
        assert running.process.wait(LONG) == 0
        assert kinds(running.report()) == {"leak"}
