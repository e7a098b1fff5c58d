"""The referee: ordinary verdicts, answers of the wrong kind, and what an answer may reach and print."""

from __future__ import annotations

import builtins
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis

from tests.practice.one_ping import IMPATIENT, TASK, assert_next_check_passes, solution, starter
from tutorial_lib.errors import ServerStartFailed
from tutorial_lib.exercises import load_task
from tutorial_lib.practice import deadline, referee
from tutorial_lib.practice.lab import Lab, pools_to
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.replaced_names import names_now, replaced_since
from tutorial_lib.practice.verdict import Verdict


@pytest.fixture(
    params=["fake, process", pytest.param("redis, process", marks=pytest.mark.redis_server), "fake, thread"],
    autouse=True,
)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """On each server in a process of its own, where the system has that, and once in a thread of this one."""
    kind, _, place = str(request.param).partition(", ")
    monkeypatch.setenv("TUTORIAL_SERVER", kind)
    if place == "thread":
        monkeypatch.setattr(deadline, "can_fork", lambda: False)
    return place


# -- ordinary verdicts


def test_the_starter_is_not_attempted_and_needs_no_server() -> None:
    def no_server() -> Any:
        raise AssertionError("a server was started")

    assert judge(TASK, starter, start=no_server).status == "not attempted"


@pytest.mark.parametrize(("name", "to_do"), [("first-pool", "Write it"), ("the-friday-leak", "Change it")])
def test_a_starter_that_is_a_whole_program_is_to_be_changed(name: str, to_do: str) -> None:
    task = load_task(name)
    assert to_do in judge(task, task.starter).message


def test_a_starter_in_another_file_with_comments_is_still_the_starter() -> None:
    names: dict[str, Any] = {}
    exec("def make_pool(host, port):\n    # a pool?\n\n    return ...   # later", names)
    assert judge(TASK, names["make_pool"]).status == "not attempted"


def test_half_a_starter_is_not_attempted() -> None:
    def make_pool(host: str, port: int) -> Any:
        redis.ConnectionPool(host=host)
        return ...

    verdict = judge(TASK, make_pool)
    assert verdict.status == "not attempted"
    assert "still returns the `...`" in verdict.message


def test_the_solution_passes_with_what_the_check_saw() -> None:
    assert_next_check_passes()


def test_a_verdict_of_wrong_is_the_checks_own_message() -> None:
    assert judge(TASK, lambda host, port: 7) == Verdict("wrong", "got 7", "one-ping")


def test_an_error_shows_the_learners_line_and_not_ours() -> None:
    def make_pool(host: str, port: int) -> Any:
        return redis.ConectionPool(host=host)

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert "has no attribute 'ConectionPool'" in verdict.message
    assert "of test_referee.py, `return redis.ConectionPool(host=host)`" in verdict.message
    assert "referee.py" not in verdict.message.replace("test_referee.py", "")


def test_an_error_deep_in_redis_py_shows_the_learners_line() -> None:
    def make_pool(host: str, port: int) -> Any:
        return redis.ConnectionPool.from_url("http://localhost")

    verdict = judge(TASK, make_pool)
    assert verdict.status == "error"
    assert '`return redis.ConnectionPool.from_url("http://localhost")`' in verdict.message


# -- answers of the wrong kind


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "given `None`"),
        (7, "given an `int`"),
        ("make_pool", "given a `str`"),
        (redis.ConnectionPool(), "given a `redis.ConnectionPool`"),
        (lambda: 1, "Yours is `<lambda>()`"),
        (lambda url: 1, "calls your function as `make_pool(host, port)`"),
        (lambda host, port, db: 1, "Yours is `<lambda>(host, port, db)`"),
    ],
)
def test_an_answer_of_the_wrong_kind_gets_a_sentence(answer: Any, said: str) -> None:
    verdict = judge(TASK, answer)
    assert verdict.status == "wrong"
    assert said in verdict.message


def test_more_parameters_with_defaults_are_welcome() -> None:
    assert judge(TASK, lambda host, port, db=0: solution(host, port)).status == "passed"


def test_an_async_answer_gets_a_sentence() -> None:
    async def make_pool(host: str, port: int) -> Any:
        return None

    verdict = judge(TASK, make_pool)
    assert verdict.status == "wrong"
    assert "async def" in verdict.message


def test_a_check_inside_an_answer_gets_a_sentence_and_blocks_nothing() -> None:
    verdict = judge(TASK, lambda host, port: judge(TASK, solution))
    assert "`check` was called inside a function that is being checked itself" in verdict.message
    assert verdict.message.startswith("got ")


# -- answers that go elsewhere, or talk too much


def test_an_answer_that_connects_elsewhere_is_stopped_before_it_gets_there() -> None:
    accepted = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        elsewhere = somebody.getsockname()[1]
        somebody.settimeout(0.1)

        def make_pool(host: str, port: int) -> Any:
            try:
                redis.Redis(port=elsewhere).set("greeting", "mine")
            except Exception:
                accepted.set()

        verdict = judge(TASK, make_pool)
        with pytest.raises(TimeoutError):
            somebody.accept()
    assert not accepted.is_set()
    assert verdict.status == "wrong"
    assert f"tried to connect to localhost:{elsewhere}" in verdict.message
    assert_next_check_passes()


def test_a_proxy_that_the_check_puts_before_its_server_is_not_elsewhere() -> None:
    def one_ping_from_afar(answer: Callable[..., Any], lab: Lab) -> str:
        with lab.proxy(round_trip=0.001) as proxy:
            redis.Redis(connection_pool=lab.call(answer, proxy.host, proxy.port)).ping()
            return f"{proxy.traffic().connections} came through the proxy"

    verdict = judge(replace(TASK, check=one_ping_from_afar), solution)
    assert verdict == Verdict("passed", "1 came through the proxy", "one-ping")
    assert_next_check_passes()


def test_no_host_name_is_looked_up() -> None:
    verdict = judge(TASK, lambda host, port: redis.Redis(host="redis.example.com").ping())
    assert "tried to connect to redis.example.com:6379" in verdict.message


def test_outside_a_check_anybody_may_connect() -> None:
    assert_next_check_passes()
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        socket.create_connection(somebody.getsockname()).close()


def test_what_an_answer_prints_is_shown_and_limited(capsys: pytest.CaptureFixture[str]) -> None:
    def make_pool(host: str, port: int) -> Any:
        print("first line")
        for _ in range(10_000):
            print("and again")
        return solution(host, port)

    assert judge(TASK, make_pool).status == "passed"
    shown = capsys.readouterr().out
    assert shown.startswith("first line\nand again\n")
    assert shown.endswith("(your code printed more; the rest is left out)\n")
    assert len(shown) < 6_000


def test_a_check_sees_what_was_printed_and_which_pools_there_are() -> None:
    def look(answer: Callable[..., Any], lab: Lab) -> str:
        lab.call(answer, lab.server.host, lab.server.port)
        return f"{lab.printed()!r} {[pool.max_connections for pool in lab.pools()]}"

    kept = []

    def make_pool(host: str, port: int) -> None:
        print("hello")
        kept.append(redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port, max_connections=7)))

    assert judge(replace(TASK, check=look), make_pool).message == "'hello\\n' [7]"


def test_what_goes_to_stderr_is_shown_there(capsys: pytest.CaptureFixture[str]) -> None:
    def make_pool(host: str, port: int) -> Any:
        print("a warning", file=sys.stderr)
        return solution(host, port)

    assert judge(TASK, make_pool).status == "passed"
    assert capsys.readouterr() == ("", "a warning\n")


def test_an_endless_answer_ends_the_check_and_says_where_it_was() -> None:
    release = threading.Event()

    def make_pool(host: str, port: int) -> Any:
        release.wait()

    verdict = judge(IMPATIENT, make_pool)
    assert "still running after 0.3 s" in verdict.message
    assert "`release.wait()`" in verdict.message
    release.set()
    assert_next_check_passes()


def test_a_replaced_name_is_told_and_put_back() -> None:
    def make_pool(host: str, port: int) -> Any:
        redis.Redis.get = len  # type: ignore[method-assign, assignment]
        builtins.len = time.sleep = None  # type: ignore[assignment]
        redis.BlockingConnectionPool.__init__.__kwdefaults__ = {"timeout": 1}
        return solution(host, port)

    before = names_now()
    verdict = judge(TASK, make_pool)
    assert replaced_since(before) == []
    assert verdict.status == "error"  # redis-py cannot do without `len`
    for name in ("builtins.len", "time.sleep", "Redis.get", "BlockingConnectionPool.__init__"):
        assert f"`{name}`" in verdict.message


def test_a_check_that_breaks_down_says_so_and_blames_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referee, "_listens", None)
    verdict = judge(TASK, solution)
    assert verdict.status == "error"
    assert "The check of `make_pool` itself failed, so there is no verdict: `TypeError: " in verdict.message


def test_a_server_that_does_not_start_is_the_notebooks_error() -> None:
    def broken() -> Any:
        raise ServerStartFailed("It did not start.")

    with pytest.raises(ServerStartFailed, match="It did not start"):
        judge(TASK, solution, start=broken)


def test_a_pool_whose_constructor_raised_is_not_looked_into() -> None:
    half_built = redis.ConnectionPool.__new__(redis.ConnectionPool)
    assert half_built not in pools_to([6379], redis.ConnectionPool)


def test_a_borrowed_server_is_not_used_for_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert_next_check_passes()


def test_exercises_of_the_course_come_out_as_their_module_says() -> None:
    task = load_task("first-pool")
    assert judge(task, task.solution).status == "passed"
