"""Each exercise has all its parts, and the built notebooks are made of them."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
import redis

import tutorial_lib
from tests.every_day import one_in
from tests.exercises.test_answers import SERVERS, each_exercise, lines_given_away
from tools.build_notebooks import lesson_notebook
from tutorial_lib import course, exercises
from tutorial_lib.exercises import all_exercises, load_task
from tutorial_lib.practice.notebook import differs
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.verdict import shown

FEWEST_HINTS = 3


@pytest.mark.parametrize("name", all_exercises())
def test_an_exercise_has_its_parts(name: str) -> None:
    task = load_task(name)

    assert task.id == name
    assert task.lesson == exercises.lesson_of(name).number
    assert all(part.strip() for part in (task.title, task.name, task.prompt))
    if task.parameters:
        assert f"`{task.name}(" in task.prompt, "the prompt says how the function is called"
    assert inspect.signature(task.solution).parameters.keys() == inspect.signature(task.starter).parameters.keys()


@pytest.mark.parametrize("name", all_exercises())
def test_hints_lead_to_the_solution_and_do_not_give_it(name: str) -> None:
    task = load_task(name)

    assert len(task.hints) >= FEWEST_HINTS
    assert all(hint.strip() for hint in task.hints)
    assert [line for hint in task.hints for line in lines_given_away(task, hint)] == []


@pytest.mark.parametrize("name", all_exercises())
def test_a_call_of_the_courses_helpers_in_a_hint_works(name: str) -> None:
    task = load_task(name)
    for text in (task.prompt, task.why, *task.hints):
        for call, helper, given in re.findall(r"`((\w+)\(([^`]*)\))`", text):
            if helper not in tutorial_lib.__all__ or "…" in given:
                continue
            (parsed,) = (node for node in ast.walk(ast.parse(call)) if isinstance(node, ast.Call))
            inspect.signature(getattr(tutorial_lib, helper)).bind(*parsed.args, **{w.arg: w for w in parsed.keywords})
            if helper in ("PoolView", "record", "snapshot", "hold"):
                assert "pool" in ast.unparse(parsed.args[0]), f"{call}: these take a pool, not its client"


def test_every_module_is_in_the_order_of_the_course() -> None:
    modules = {path.stem for path in Path(exercises.__file__).parent.glob("[a-z]*.py")}
    listed = {name.replace("-", "_") for name in all_exercises()}
    assert modules == listed, f"{modules ^ listed}: an exercise is a module here and an id in COURSE, in __init__.py"
    assert max(len(lesson.exercises) for lesson in exercises.COURSE) <= exercises.PLACES_PER_LESSON


@pytest.mark.parametrize("lesson", exercises.COURSE, ids=lambda lesson: lesson.name)
def test_the_built_notebook_is_what_its_exercises_say(lesson: exercises.Lesson) -> None:
    path = course.carried() / "exercises" / lesson.exercise_file
    assert not differs(nbformat.read(path, as_version=4), lesson_notebook(lesson)), "run: make notebooks"


def test_a_notebook_imports_what_its_solutions_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    task = load_task("leak-detective")
    assert task.uses == ("record",)
    names: dict[str, Any] = {}
    exec(lesson_notebook(exercises.lesson_of(task.id)).cells[1].source, names)
    exec(task.solution_text, names)
    assert judge(task, names[task.name]).status == "passed"


# -- whatever an answer gives back: no verdict may be an error of ours


def repr_of(value: object) -> str:
    """Name a value in a test's name: Python refuses to write out a number of 5,000 digits."""
    return shown(value)[:20]


VALUES = [None, True, 0, 10**5000, "", b"hello", [], [0] * 50_000, {}, ValueError, redis.Redis, len, object()]


@pytest.mark.parametrize("value", one_in(6, VALUES), ids=repr_of)
@pytest.mark.parametrize(("name", "server"), each_exercise())
def test_whatever_comes_back_gets_a_sentence(
    name: str, server: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", server)
    verdict = judge(load_task(name), lambda *arguments: value)
    assert verdict.status == "wrong", verdict.message
    assert 0 < len(verdict.message) < 1000


@pytest.mark.parametrize("server", SERVERS)
def test_a_pool_that_is_used_up_is_told(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", server)

    def make_pool(host: str, port: int) -> Any:
        pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=5, timeout=60)
        make_pool.kept = [pool.get_connection() for _ in range(5)]  # type: ignore[attr-defined]
        return pool

    assert "in_use is 5 although no call is under way" in judge(load_task("first-pool"), make_pool).message


@pytest.mark.parametrize("server", SERVERS)
def test_a_builder_that_swallows_its_refusal_is_told_all_the_same(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", server)

    def remote_pool() -> Any:
        pool = redis.ConnectionPool(host="redis.example.com", db=1, max_connections=20)
        try:  # noqa: SIM105
            redis.Redis(connection_pool=pool).ping()
        except:  # noqa: E722
            pass
        return pool

    assert "tried to connect to redis.example.com:6379" in judge(load_task("remote-pool"), remote_pool).message


def test_places_in_a_progress_code_do_not_move() -> None:
    """A learner has written a code down. Add at the end of a lesson; never change a number here."""
    written = {
        "pool-party": 0,
        "warm-up": 8,
        "first-pool": 9,
        "greeting": 10,
        "remote-pool": 11,
        "pool-from-url": 12,
        "one-connection": 16,
        "break-even": 17,
        "lean-handshake": 18,
        "wait-your-turn": 24,
        "fail-fast": 25,
        "which-exception": 26,
        "shared-client": 32,
        "decode-on-the-pool": 33,
        "two-databases": 34,
        "who-closes": 35,
        "give-it-back": 40,
        "leak-detective": 41,
        "quiet-listener": 48,
        "watch-and-release": 49,
        "long-poll": 50,
        "name-your-connections": 56,
        "count-my-clients": 57,
        "fleet-budget": 58,
        "trim-idle": 59,
        "fit-the-server": 60,
        "littles-law": 64,
        "size-a-service": 65,
        "find-the-knee": 66,
        "pipeline-instead": 72,
        "survive-a-restart": 80,
        "count-once": 81,
        "bounded-wait": 88,
        "health-check": 89,
        "safe-default": 90,
        "burst": 96,
        "one-loop": 97,
        "cancelled": 98,
        "stream-it": 99,
        "async-retry": 100,
        "fork-safe": 104,
        "pickle-it": 105,
        "worker-lifecycle": 106,
        "fleet-limits": 107,
        "tls-by-pool": 112,
        "one-master": 113,
        "read-the-failover": 114,
        "cluster-budget": 115,
        "the-friday-leak": 120,
        "the-quiet-upgrade": 121,
        "eleven-retries": 122,
        "ten-replicas": 123,
        "the-slow-consumer": 124,
        "after-the-failover": 125,
    }
    new = {name: place for name, place in exercises.places().items() if name not in written}
    assert not new, f"add {new} to the table in this test"
    assert dict(exercises.places()) == written
