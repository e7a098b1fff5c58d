"""Each recipe is started by the line that it names, loaded, and its connections are counted by the server.

One pool in each process, no connection for each request, none that two processes have, none left afterwards: as it is,
and once more under ``examine``, which finds nothing. ``pytest -rP tests/recipes`` prints what was counted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.examine.running import COMMANDS, LONG, ROOT, environment
from tests.recipes.recipe import ALL, RECIPES, Started, start_line, started
from tests.redis_for_tests import OwnersRedis, owners_redis
from tests.waiting import eventually

pytestmark = [pytest.mark.redis_server, pytest.mark.release]

REQUESTS = 240
BOTH_WAYS = pytest.mark.parametrize("under_examine", [False, True], ids=["as_it_is", "under_examine"])


@dataclass(frozen=True)
class Service:
    """A recipe with a web server: what it prints when it is ready, and the connections that it may open."""

    recipe: str
    ready: str
    name: str
    limit: int
    workers: int
    at_start: int = 0


SERVICES = [
    Service("fastapi_app", "startup complete", "fastapi", limit=10, workers=2),
    Service("flask_app", "Booting worker", "flask", limit=8, workers=2),
    Service("django_cache", "Booting worker", "django", limit=4, workers=2),
    Service("django_redis_app", "Booting worker", "django-redis", limit=4, workers=2),
    Service("gunicorn_forks", "Booting worker", "gunicorn", limit=4, workers=4, at_start=1),
]


def test_each_recipe_is_run() -> None:
    others = {"celery_app", "rq_jobs", "asyncio_worker"}
    assert {path.stem for path in ALL} == {service.recipe for service in SERVICES} | others


@BOTH_WAYS
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.recipe)
def test_a_web_service(service: Service, under_examine: bool, tmp_path: Path) -> None:
    words = start_line(RECIPES / f"{service.recipe}.py")
    with owners_redis() as server, started(words, server, tmp_path, service.ready, under_examine) as recipe:
        recipe.visit("/", REQUESTS)
        counted = no_more_than(recipe, {service.name: service.limit}, processes=service.workers)
        assert sum(counted.values()) <= recipe.opened() <= service.limit * service.workers + service.at_start
        assert_it_ends_well(recipe, service.name, under_examine)


@BOTH_WAYS
def test_django_by_itself_has_a_pool_for_each_thread(under_examine: bool, tmp_path: Path) -> None:
    words = start_line(RECIPES / "django_cache.py")
    with owners_redis() as server, started(words, server, tmp_path, "Booting worker", under_examine) as recipe:
        recipe.visit("/as-it-comes", REQUESTS)
        counted = no_more_than(recipe, {"as-it-comes": 4}, processes=2)
        assert recipe.program.end(signal.SIGTERM) == 0
        if under_examine:
            report = recipe.program.report()
            assert report["findings"] == []  # A few pools that stay are what Django wants.
            assert sum(pool["made"] for pool in named(report, "as-it-comes")) == sum(counted.values())


@BOTH_WAYS
def test_django_by_itself_has_a_pool_for_each_request_under_asgi(under_examine: bool, tmp_path: Path) -> None:
    words = [str(COMMANDS / "uvicorn"), "django_cache:asgi"]
    with owners_redis() as server, started(words, server, tmp_path, "startup complete", under_examine) as recipe:
        recipe.visit("/as-it-comes", REQUESTS)
        assert recipe.opened() == REQUESTS
        recipe.visit("/", REQUESTS, at_once=4)  # More at once would wait for a connection, and examine would say so.
        no_more_than(recipe, {"django": 4}, processes=1)
        assert recipe.opened() <= REQUESTS + 4
        recipe.program.end(signal.SIGTERM)
        if under_examine:
            assert [(found["kind"], found["count"]) for found in recipe.program.report()["findings"]] == [
                ("pool-per-thread", REQUESTS)
            ]


@BOTH_WAYS
def test_the_celery_worker(under_examine: bool, tmp_path: Path) -> None:
    words = start_line(RECIPES / "celery_app.py")
    # kombu makes a pool for each of its channels, ten at the time of writing. They have one connection each.
    limits = {"celery-broker": 20, "celery-results": 10, "celery-task": 1}
    ask = "import celery_app as c; print(max(r.get(timeout=60) for r in [c.count.delay('views') for _ in range(100)]))"
    with owners_redis() as server, started(words, server, tmp_path, "ready.", under_examine) as recipe:
        assert run_in_recipes(ask, server) == "100"
        no_more_than(recipe, limits, processes=3)
        before = recipe.opened()
        assert run_in_recipes(ask, server) == "200"
        no_more_than(recipe, limits, processes=3)
        assert recipe.opened() - before <= 20  # Four are those of the program that asked.
        assert_it_ends_well(recipe, "celery-task", under_examine)


def test_celerys_results_have_one_pool_only_because_the_recipe_says_so(tmp_path: Path) -> None:
    words = start_line(RECIPES / "celery_app.py")
    with owners_redis() as server, started(words, server, tmp_path, "ready.", under_examine=False) as recipe:
        as_in_the_recipe, without = (int(run_in_recipes(ask_in_ten_threads(safe), server)) for safe in (True, False))
        print(f"connections named celery-results: {as_in_the_recipe} as in the recipe, {without} without the setting")
        assert as_in_the_recipe <= 4  # Up to two of them are the worker's.
        assert without >= as_in_the_recipe + 4  # Celery closes some of them, sooner or later.
        assert recipe.program.end(signal.SIGTERM) == 0


def ask_in_ten_threads(safe: bool) -> str:
    """Return a program in which ten threads, one after the other, ask for a result, and which then counts."""
    return f"""
import os, threading, redis, celery_app as c
c.app.conf.result_backend_thread_safe = {safe}
for _ in range(10):
    thread = threading.Thread(target=lambda: c.count.delay("views").get(timeout=60))
    thread.start()
    thread.join()
with redis.Redis.from_url(os.environ["REDIS_URL"]) as r:
    print(sum(row["name"] == "celery-results" for row in r.client_list()))
"""


@BOTH_WAYS
def test_the_rq_worker(under_examine: bool, tmp_path: Path) -> None:
    words = start_line(RECIPES / "rq_jobs.py")
    with owners_redis() as server, started(words, server, tmp_path, "Listening on", under_examine) as recipe:
        opened = put_jobs_for_rq(recipe, server, 200)
        assert opened == 1
        no_more_than(recipe, {"rq-job": 1}, processes=1)
        assert_it_ends_well(recipe, "rq-job", under_examine)


def test_rqs_usual_worker_opens_connections_for_each_job(tmp_path: Path) -> None:
    words = [str(COMMANDS / "rq"), "worker"]
    with owners_redis() as server, started(words, server, tmp_path, "Listening on", under_examine=False) as recipe:
        assert put_jobs_for_rq(recipe, server, 10) == 2 * 10
        assert recipe.program.end(signal.SIGTERM) == 0


@BOTH_WAYS
def test_the_asyncio_worker(under_examine: bool, tmp_path: Path) -> None:
    words = start_line(RECIPES / "asyncio_worker.py")
    with owners_redis() as server, started(words, server, tmp_path, "Ready.", under_examine) as recipe:
        recipe.client.rpush("jobs", *["views"] * REQUESTS)
        assert eventually(lambda: recipe.client.get("views") == b"%d" % REQUESTS, within=LONG)
        no_more_than(recipe, {"worker-waits": 4, "worker-jobs": 4}, processes=1)
        assert recipe.opened() <= 8
        assert_it_ends_well(recipe, "worker-jobs", under_examine)


def no_more_than(recipe: Started, limits: dict[str, int], processes: int) -> Counter[tuple[str, int]]:
    """Check that each connection of these names is one process's, within its limit; return how many each has."""

    def each_has_one_holder() -> bool:
        return all(len(seen.holders) == 1 for seen in recipe.connections())

    assert eventually(each_has_one_holder, within=LONG), recipe.connections()
    counted = Counter((seen.name, *seen.holders) for seen in recipe.connections() if seen.name in limits)
    print(f"{recipe.opened()} connections opened, and open now by name and process: {dict(counted)}")
    assert {name for name, _ in counted} == set(limits)
    assert all(count <= limits[name] for (name, _), count in counted.items())
    assert len({pid for _, pid in counted}) <= processes
    return counted


def assert_it_ends_well(recipe: Started, name: str, under_examine: bool) -> None:
    """End it; examine has found nothing, and no pool for each request. ``started`` counts what is left."""
    assert recipe.program.end(signal.SIGTERM) == 0, recipe.program.printed
    if under_examine:
        report = recipe.program.report()
        assert report["findings"] == []
        [pool] = named(report, name)
        assert pool["made"] <= pool["processes"]  # Fewer, where it was created before the fork.


def named(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the pools of a report whose connections have this name."""
    return [pool for pool in report["pools"] if pool["settings"].get("client_name") == name]


def run_in_recipes(code: str, server: OwnersRedis) -> str:
    """Run a line of Python beside the recipes, as another program that uses one; return what it prints."""
    url = f"redis://127.0.0.1:{server.port}"
    path = os.pathsep.join([str(ROOT), str(RECIPES)])
    environ = environment(server.port, PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1", REDIS_URL=url)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=RECIPES, capture_output=True, text=True, timeout=2 * LONG
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def put_jobs_for_rq(recipe: Started, server: OwnersRedis, count: int) -> int:
    """Queue so many jobs, wait until rq has finished all; return how many connections the worker opened meanwhile."""
    before = recipe.opened()
    run_in_recipes(f"import rq_jobs; [rq_jobs.put('views') for _ in range({count})]", server)
    assert eventually(lambda: recipe.client.zcard("rq:finished:default") == count, within=LONG), recipe.program.printed
    assert recipe.client.get("views") == b"%d" % count
    return recipe.opened() - before - 1  # 1 is that of the program which put the jobs into the queue.
