"""Every exercise keeps the rules, on both kinds of server, and passes what is right in other words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tutorial_lib import exercises
from tutorial_lib.practice import verify, verify_course
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.task import Task
from tutorial_lib.practice.verdict import Verdict, shown

SERVERS = ["fake", pytest.param("redis", marks=pytest.mark.redis_server)]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TUTORIAL_SERVER", request.param)
    return str(request.param)


@pytest.mark.parametrize("name", exercises.all_exercises())
def test_an_exercise_keeps_the_rules(name: str, server: str) -> None:
    assert verify_course.problems([name]) == []


# -- right in other words: each exercise in at least two ways that are not its solution


class PoolWithACount(redis.ConnectionPool):
    """Somebody's own pool."""

    borrowed = 0

    def get_connection(self, *args: Any, **options: Any) -> redis.Connection:
        self.borrowed += 1
        return super().get_connection(*args, **options)


def blocking_pool(host: str, port: int) -> Any:
    return redis.BlockingConnectionPool(host=host, port=port, max_connections=5)


def pool_of_a_client(host: str, port: int) -> Any:
    r = redis.Redis(host=host, port=port, max_connections=5)
    r.ping()
    return r.connection_pool


def greets_with_a_pipeline(pool: Any) -> Any:
    with redis.Redis(connection_pool=pool) as r, r.pipeline() as pipe:
        return pipe.set("greeting", "hello").get("greeting").execute()[1].decode()


def greets_by_hand(pool: Any) -> Any:
    connection = pool.get_connection()
    try:
        connection.send_command("SET", "greeting", b"hello")
        connection.read_response()
        connection.send_command("GET", "greeting")
        return str(connection.read_response(), "utf-8")
    finally:
        pool.release(connection)


def greets_with_two_clients(pool: Any) -> Any:
    redis.Redis(connection_pool=pool).mset({"greeting": "hello"})
    (greeting,) = redis.Redis(connection_pool=pool).mget("greeting")
    return greeting.decode()


def greets_with_a_retry(pool: Any) -> Any:
    r = redis.Redis(connection_pool=pool, retry=Retry(NoBackoff(), 3))
    if r.ping() and not r.exists("greeting"):
        r.set("greeting", "hello", ex=60)
    return r.get("greeting").decode("utf-8")


def a_pool_with_everything(url: str) -> Any:
    return redis.BlockingConnectionPool.from_url(
        url, max_connections=4, timeout=1, decode_responses=True, health_check_interval=10, client_name="me"
    )


def settings_in_the_url(url: str) -> Any:
    return redis.ConnectionPool.from_url(f"{url}?max_connections=4&decode_responses=True")


def url_by_hand(url: str) -> Any:
    address, database = url.removeprefix("redis://").split("/")
    host, port = address.split(":")
    return PoolWithACount(host=host, port=int(port), db=int(database), max_connections=4, decode_responses=True)


ALSO_RIGHT: dict[str, list[Callable[..., Any]]] = {
    "pool-party": [
        lambda: ("Zoë", "Jean Luc", "李", "o'Hara", "%"),
        lambda: [name.title() for name in ("ada",)],
        lambda: ["Ada"] * 5,
    ],
    "first-pool": [
        blocking_pool,
        pool_of_a_client,
        lambda host, port: redis.ConnectionPool.from_url(f"redis://{host}:{port}/0", max_connections=5),
        lambda host, port: redis.ConnectionPool(max_connections=5, port=port, host="localhost"),
        lambda host, port: PoolWithACount(host=host, port=port, db=0, max_connections=5, decode_responses=True),
        lambda *where: redis.ConnectionPool(**dict(zip(("host", "port"), where, strict=True)), max_connections=5),
    ],
    "greeting": [greets_with_a_pipeline, greets_by_hand, greets_with_two_clients, greets_with_a_retry],
    "remote-pool": [
        lambda: redis.ConnectionPool.from_url("redis://redis.example.com/1", max_connections=20),
        lambda: redis.ConnectionPool.from_url("redis://redis.example.com:6379?db=1&max_connections=20"),
        lambda: redis.BlockingConnectionPool(host="redis.example.com", db=1, max_connections=20, timeout=None),
        lambda: redis.Redis(host="redis.example.com", db="1", max_connections=20).connection_pool,
        lambda: PoolWithACount(max_connections=20, db=1, port="6379", host="redis.example.com", password="secret"),
    ],
    "pool-from-url": [
        a_pool_with_everything,
        settings_in_the_url,
        url_by_hand,
        lambda url: redis.Redis.from_url(url, max_connections=4, decode_responses=True).connection_pool,
        lambda url: PoolWithACount.from_url(url, db=0, decode_responses=True, max_connections=4),
    ],
}

for path in sorted(Path(__file__).parent.glob("also_right_*.py")):
    ALSO_RIGHT |= import_module(f"tests.{path.stem}").ALSO_RIGHT


def test_every_exercise_is_also_solved_in_two_other_ways() -> None:
    assert sorted(ALSO_RIGHT) == sorted(exercises.all_exercises())
    assert min(map(len, ALSO_RIGHT.values())) >= 2


@pytest.mark.parametrize(
    ("name", "answer"),
    [(name, answer) for name, answers in ALSO_RIGHT.items() for answer in answers],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_is_right_in_other_words_passes(name: str, answer: Callable[..., Any], server: str) -> None:
    verdict = judge(exercises.load_task(name), answer)
    assert verdict.status == "passed", verdict.message


# -- wrong in ways that are not listed: no verdict may be an error of ours


def repr_of(value: object) -> str:
    """Name a value in a test's name: Python refuses to write out a number of 5,000 digits."""
    return shown(value)[:20]


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 10**5000, "", b"hello", [], [0] * 50_000, {}, object(), ValueError, redis.Redis, len],
    ids=repr_of,
)
@pytest.mark.parametrize("name", exercises.all_exercises())
def test_whatever_comes_back_gets_a_sentence(name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    verdict = judge(exercises.load_task(name), lambda *arguments: value)
    assert verdict.status == "wrong", verdict.message
    assert 0 < len(verdict.message) < 1000


def judge_by_name(name: str, answer: Callable[..., Any]) -> Verdict:
    return judge(exercises.load_task(name), answer)


def test_a_pool_that_is_used_up_is_told(server: str) -> None:
    def make_pool(host: str, port: int) -> Any:
        pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=5, timeout=60)
        make_pool.kept = [pool.get_connection() for _ in range(5)]  # type: ignore[attr-defined]
        return pool

    assert "in_use is already 5" in judge_by_name("first-pool", make_pool).message


def test_a_builder_that_swallows_its_refusal_is_told_all_the_same(server: str) -> None:
    def remote_pool() -> Any:
        pool = redis.ConnectionPool(host="redis.example.com", db=1, max_connections=20)
        try:  # noqa: SIM105
            redis.Redis(connection_pool=pool).ping()
        except:  # noqa: E722
            pass
        return pool

    assert "tried to connect to redis.example.com:6379" in judge_by_name("remote-pool", remote_pool).message


# -- the rules themselves, broken one at a time


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    return exercises.load_task("remote-pool")


def just_one(task: Task) -> dict[Any, str]:
    return {next(iter(task.wrong)): "tried to connect"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda task: {"prompt": " "}, "its prompt is empty"),
        (lambda task: {"hints": task.hints[:2]}, "it has 2 hints"),
        (lambda task: {"hints": ("", *task.hints)}, "hint 1 is empty"),
        (
            lambda task: {
                "hints": (*task.hints, 'redis.ConnectionPool(host="redis.example.com", port=6379, db=1)', "`x`")
            },
            "",
        ),
        (
            lambda task: {"hints": (*task.hints, f"Write `{task.solution_text.splitlines()[1]}`.")},
            "hint 5 holds a line of the solution",
        ),
        # Whoever writes the solution then is told that nothing has been done yet.
        (lambda task: {"starter": task.solution}, "the solution is not attempted, and should be passed"),
        (lambda task: {"solution": task.starter}, "the solution is not attempted, and should be passed"),
        (lambda task: {"wrong": just_one(task)}, "it has 1 wrong answers"),
        (lambda task: {"wrong": {**task.wrong, task.solution: ""}}, "solution is passed, and should be wrong"),
        (lambda task: {"wrong": dict.fromkeys(task.wrong, "Eureka")}, "its message does not hold 'Eureka'"),
        (lambda task: {"wrong": {**task.wrong, lambda: None: "", lambda: [][:0] or None: ""}}, "get the same message"),
    ],
)
def test_a_broken_rule_is_told(task: Task, change: Callable[[Task], dict[str, Any]], said: str) -> None:
    found = verify.problems(replace(task, **change(task)))
    assert any(said in line for line in found) if said else not found, found


def test_the_course_knows_each_of_its_modules_and_notebooks() -> None:
    assert list(verify_course.order_problems()) == []
    assert list(verify_course.notebook_problems()) == []


def test_a_notebook_imports_what_its_solutions_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    task = exercises.load_task("leak-detective")
    assert task.uses == ("record",)
    names: dict[str, Any] = {}
    exec(verify_course.lesson_notebook(exercises.lesson_of(task.id)).cells[1].source, names)
    exec(task.solution_text, names)
    assert judge(task, names[task.name]).status == "passed"


def test_places_in_a_progress_code_do_not_move() -> None:
    """A learner has written a code down. Add at the end of a lesson; never change a number here."""
    assert dict(exercises.places()) == {
        "pool-party": 0,
        "one-connection": 8,
        "break-even": 9,
        "lean-handshake": 10,
        "first-pool": 16,
        "greeting": 17,
        "remote-pool": 18,
        "pool-from-url": 19,
        "wait-your-turn": 24,
        "fail-fast": 25,
        "which-exception": 26,
        "shared-client": 32,
        "decode-on-the-pool": 33,
        "two-databases": 34,
        "who-closes": 35,
        "give-it-back": 40,
        "quiet-listener": 41,
        "watch-and-release": 42,
        "long-poll": 43,
        "leak-detective": 44,
        "name-your-connections": 48,
        "count-my-clients": 49,
        "fleet-budget": 50,
        "trim-idle": 51,
        "fit-the-server": 52,
        "littles-law": 56,
        "size-a-service": 57,
        "find-the-knee": 58,
        "pipeline-instead": 59,
        "survive-a-restart": 64,
        "bounded-wait": 65,
        "health-check": 66,
        "count-once": 67,
        "safe-default": 68,
    }
