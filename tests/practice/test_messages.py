"""What the engine itself says of a mistake, whichever exercise it is made in."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis
import redis.asyncio

import tutorial_lib
from tests.practice.one_ping import TASK, solution
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.verdict import Wrong, named_type, shown


@pytest.fixture(autouse=True)
def _fallback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")


def ask(answer: Callable[..., Any], lab: Lab) -> str:
    """Ask what the answer returns, a pool or a client, for a greeting."""
    value = lab.call(answer, lab.server.host, lab.server.port)
    r = redis.Redis(connection_pool=value) if isinstance(value, redis.ConnectionPool) else value
    if r.get("greeting") is None:
        raise Wrong("No greeting.")
    return "A greeting."


# As a check of the course: its lines are not the learner's.
ask.__code__ = ask.__code__.replace(co_filename=tutorial_lib.__file__)

ASK = replace(TASK, check=ask, name="connect")


def said(answer: Callable[..., Any], status: str = "wrong") -> str:
    verdict = judge(ASK, answer)
    assert verdict.status == status, verdict
    return verdict.message


# -- an argument that redis-py cannot use


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ({"retry": 3}, "`retry=3` is an `int`"),
        ({"retry": 3}, "redis-py expects a `redis.retry.Retry` object there."),
        ({"retry": 3}, "It met that with `AttributeError: 'int' object has no attribute"),
        ({"retry": 3}, "of test_messages.py, `assert words in said(lambda host, port: kind(host=host"),
        ({"retry_on_error": redis.TimeoutError}, "redis-py expects a list of exception classes there."),
        ({"socket_timeout": "5"}, "`socket_timeout='5'` is a `str`"),
        ({"health_check_interval": "5"}, "expects a number of seconds"),
    ],
)
@pytest.mark.parametrize("kind", [redis.Redis, redis.ConnectionPool])
def test_an_argument_that_redis_py_cannot_use_is_named(kind: Any, argument: dict[str, Any], words: str) -> None:
    assert words in said(lambda host, port: kind(host=host, port=port, **argument))


def test_an_argument_without_a_name_is_told_what_it_became() -> None:
    message = said(lambda host, port: redis.ConnectionPool(host, port))
    assert "`ConnectionPool` was given arguments without names (at line " in message
    assert "it took `'127.0.0.1'` as its `connection_class`" in message
    assert "as its `max_connections`. redis-py takes these by name: `ConnectionPool(host=host, port=port)`." in message


def test_so_are_four_of_them_and_those_of_a_blocking_pool() -> None:
    assert "`5` as its `maint_notifications_config`" in said(lambda host, port: redis.ConnectionPool(host, port, 0, 5))
    assert "`'127.0.0.1'` as its `max_connections`" in said(lambda host, port: redis.BlockingConnectionPool(host, port))


@pytest.mark.parametrize(
    ("answer", "called"),
    [
        (lambda host, port: redis.ConnectionPool(host, port, 0, 5, True), "ConnectionPool"),
        (lambda host, port: redis.ConnectionPool(host, port, max_connections=5), "ConnectionPool"),
        (lambda host, port: redis.BlockingConnectionPool(host, port, 0, 5, 6, 7), "BlockingConnectionPool"),
        (lambda host, port: redis.Redis(host, port, 0, host=host), "Redis"),
    ],
)
def test_what_python_refuses_to_call_is_told_by_name_too(answer: Callable[..., Any], called: str) -> None:
    message = said(answer)
    assert f"redis-py takes these by name: `{called}(host=host, port=port)`. It met that with `TypeError: " in message
    assert "(at line " in message


def test_a_url_as_a_pools_first_argument_is_asked_about() -> None:
    message = said(lambda host, port: redis.ConnectionPool(f"redis://{host}:{port}"))
    assert message.partition(" It met")[0].endswith("Which method of this class takes a whole URL?")


def test_an_argument_that_a_client_does_not_have_gets_the_name_that_comes_nearest() -> None:
    message = said(lambda host, port: redis.Redis(hots=host, port=port))
    assert message.startswith("`Redis` has no argument `hots` (at line ")
    assert "Did you mean `host`?" in message


def test_a_type_error_of_the_learners_own_is_not_put_down_to_redis_py() -> None:
    def connect(host: str, port: int) -> Any:
        try:
            redis.Redis(hots=host)
        except TypeError:
            return int(None)  # type: ignore[call-overload]

    assert "It was raised at line " in said(connect, "error")


def test_a_misspelled_argument_gets_the_name_that_comes_nearest() -> None:
    message = said(lambda host, port: redis.ConnectionPool(host=host, port=port, max_conections=5))
    assert "passes `max_conections` (at line " in message
    assert "Did you mean `max_connections`?" in message


# -- an argument that a client ignores


def with_a_pool(host: str, port: int, **others: Any) -> redis.Redis:
    return redis.Redis(connection_pool=redis.ConnectionPool(host=host, port=port), **others)


def test_a_client_that_has_a_pool_ignores_the_rest_and_that_is_told() -> None:
    message = said(lambda host, port: with_a_pool(host, port, db=5, decode_responses=True))
    assert message.startswith("No greeting. A client that is given a pool ignores its other arguments, here ")
    assert "`db`, `decode_responses` (at line " in message


def test_it_is_not_told_where_nothing_is_ignored_or_nothing_is_wrong() -> None:
    assert said(with_a_pool) == "No greeting."
    assert said(lambda host, port: with_a_pool(host, port, single_connection_client=True)) == "No greeting."
    assert said(lambda host, port: redis.Redis(host, port, db=5)) == "No greeting."

    def greets(host: str, port: int) -> redis.Redis:
        r = with_a_pool(host, port, decode_responses=True)
        r.set("greeting", "hello")
        return r

    assert said(greets, "passed") == "A greeting."


def test_the_checks_own_clients_are_nobodys_mistake() -> None:
    def check(answer: Callable[..., Any], lab: Lab) -> None:
        redis.Redis(connection_pool=lab.call(answer, lab.server.host, lab.server.port), db=3)
        raise Wrong("No.")

    check.__code__ = check.__code__.replace(co_filename=tutorial_lib.__file__)
    assert judge(replace(ASK, check=check), solution).message == "No."


# -- errors that cannot be explained


def test_an_error_inside_redis_py_shows_the_line_that_built_the_pool() -> None:
    message = said(lambda host, port: redis.ConnectionPool(host=host, port=port, parser_class=7), "error")
    assert "`TypeError: 'int' object is not callable`\n\nredis-py raised it while it used what line " in message
    assert "parser_class=7" in message


def test_an_error_over_what_was_returned_says_so() -> None:
    assert said(lambda host, port: 7, "error").endswith(
        "It was raised while the check used what your function returned. Try that yourself."
    )


# -- what is left of the starter


def test_dots_that_are_still_there_are_not_attempted() -> None:
    def connect(host: str, port: int) -> Any:
        r: Any = ...
        return r.get("greeting")

    assert "Your code still has a `...` in it, which line " in said(connect, "not attempted")


def returns_dots(host: str, port: int) -> Any:
    "Not the starter, and not begun either."
    return ...


def uses_dots(host: str, port: int) -> Any:
    r: Any = ...
    return r.get("greeting")


def ends_python(host: str, port: int) -> Any:
    os._exit(3)


def checks_itself(host: str, port: int) -> Any:
    raise Wrong(judge(ASK, solution).message)


@pytest.mark.parametrize(
    "answer",
    [
        ...,
        ASK.starter,
        returns_dots,
        uses_dots,
        pytest.param(
            ends_python, marks=pytest.mark.skipif(sys.platform != "linux", reason="it would end these tests, too")
        ),
        checks_itself,
        lambda host, port: 7,
    ],
)
def test_outside_a_notebook_no_message_speaks_of_one(answer: Any) -> None:
    verdict = judge(ASK, answer)
    assert verdict.status != "passed"
    assert re.findall(r"\b(?:cell|notebook)\b", verdict.message) == []


# -- values and kinds in words


def test_a_value_with_dots_in_it_reads_as_it_was_written() -> None:
    assert shown([..., 1]) == "`[..., 1]`"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7, "an `int`"),
        (redis.ConnectionPool(), "a `redis.ConnectionPool`"),
        (redis.asyncio.ConnectionPool(), "a `redis.asyncio.ConnectionPool`"),
        (redis.asyncio.Redis(), "a `redis.asyncio.Redis`"),
    ],
)
def test_what_a_value_is_says_which_redis_it_comes_from(value: Any, words: str) -> None:
    assert named_type(value) == words
