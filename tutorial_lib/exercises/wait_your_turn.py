"""Twenty callers, four connections, no error: whoever finds none free waits."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import redis
from redis.retry import Retry

from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "wait-your-turn"
LESSON = "03"
TITLE = "Twenty callers, four connections"
NAME = "make_counter"

CALLERS = 20
LIMIT = 4
BUSY_SECONDS = 0.6

PROMPT = """
Write `make_counter(host, port)`. It returns a function `count_view()` that adds 1 to the counter `views:home`
and returns the new number. Made inside `make_counter`, it knows the `r` that was made there once for all calls.

**20** threads will call `count_view()` at the same moment, on a server that takes its time (0.6 s). All of
them must get their number, and the server may see **4** connections at most. It should see all four, too: whoever
can be served at once should be.
"""


def starter(host, port):
    r = ...  # your code here

    def count_view():
        return r.incr("views:home")

    return count_view


def solution(host, port):
    pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=4, timeout=20)
    r = redis.Redis(connection_pool=pool)

    def count_view():
        return r.incr("views:home")

    return count_view


def check(answer: Callable[..., Any], lab: Lab) -> str:
    count_view = _require_function(lab.call(answer, lab.server.host, lab.server.port), lab)
    _require_counting(count_view, lab)
    lab.server.pause(BUSY_SECONDS)
    results = run_threads(CALLERS, count_view)
    opened = lab.server.opened()
    _require_no_errors([result for result in results if isinstance(result, redis.RedisError)], lab)
    with redis.Redis(host=lab.server.host, port=lab.server.port) as r:
        counted = int(r.get("views:home") or 0) - 2  # two of them were counted before

    if opened > LIMIT:
        raise Wrong(
            f"All {CALLERS} were served, and for that the server had to accept {opened} connections; "
            f"{LIMIT} are allowed. What is the limit of your pool, and is there one pool only?"
        )
    if counted != CALLERS or sorted(map(str, results)) != sorted(map(str, range(3, 3 + CALLERS))):
        lost = sum(not str(result).isdigit() for result in results)
        if not lost:
            raise Wrong(
                f"{CALLERS} callers came, and `views:home` grew by {counted}: some got the same number. Two had "
                "read it before either wrote. Which command reads and adds in one?"
            )
        raise Wrong(
            f"{CALLERS} callers came, `views:home` grew by {counted}, and {lost} of them got no number at all. "
            "An error that is caught and dropped is a view that is lost; can it be made not to happen?"
        )
    if opened < LIMIT:
        raise Wrong(
            f"Everybody was served, through {opened} of {LIMIT} connections: {CALLERS} callers, "
            f"{opened} at a time. Something lets in fewer than {LIMIT} at a time. What is it, and does it need to?"
        )
    return (
        f"{CALLERS} callers at once, 0 errors, {opened} connections: four were served, the others waited, and "
        f"`views:home` has counted every one."
    )


def _require_function(value: Any, lab: Lab) -> Callable[[], Any]:
    if not callable(value):
        called = " Was it called, with parentheses, instead of being returned?" if isinstance(value, int) else ""
        raise Wrong(
            f"`{lab.name}` returned {shown(value)}. Asked for is a function that can be called again and again.{called}"
        )
    try:
        inspect.signature(value).bind()
    except TypeError:
        raise Wrong(f"What `{lab.name}` returned cannot be called without arguments, as `count_view()` is.") from None
    except ValueError:  # a builtin that does not tell its parameters
        pass
    function: Callable[[], Any] = value
    return function


def _require_counting(count_view: Callable[[], Any], lab: Lab) -> None:
    """Call it twice, one after the other, before there is any crowd."""
    got = [count_view(), count_view()]
    if got != [1, 2] or any(isinstance(number, bool) for number in got):
        raise Wrong(f"The first two calls returned {shown(got[0])} and {shown(got[1])}; a new counter counts 1 and 2.")
    opened = lab.server.opened()
    if opened > 1:
        raise Wrong(
            f"2 calls, one after the other, opened {opened} connections; one was enough. Twenty callers would each "
            "come with their own. What is built inside the function, and how often?"
        )


def _require_no_errors(errors: list[redis.RedisError], lab: Lab) -> None:
    if not errors:
        return
    error = errors[0]
    said = f"{len(errors)} of {CALLERS} callers got `{type(error).__name__}: {error}`"
    if isinstance(error, redis.MaxConnectionsError):
        tries = max(map(_tries, lab.pools()), default=0)
        retry = f" Its `Retry` has {tries} tries, for commands; these callers had none on its way." if tries else ""
        raise Wrong(f"{said}, at once: at its limit this kind of pool turns callers away.{retry} Which kind does not?")
    if str(error) == "No connection available.":
        patience = max((getattr(pool, "timeout", 0) or 0 for pool in lab.pools()), default=0)
        raise Wrong(
            f"{said}. They waited for {patience:g} s, and the four before them needed {BUSY_SECONDS} s. "
            "How long may a caller wait?"
        )
    raise Wrong(f"{said}. The server answered after {BUSY_SECONDS} s. Which of your settings did not wait for that?")


def _tries(pool: redis.ConnectionPool) -> int:
    retry = pool.connection_kwargs.get("retry")
    return retry.get_retries() if isinstance(retry, Retry) else 0


HINTS = (
    "Ten customers and four connections: the lesson did this twice. What was different the second time?",
    "The limit belongs to the pool, and so does the waiting. Both are arguments of one class.",
    "Make pool and client once, outside of `count_view`, so that all callers meet the same four connections.",
    "`redis.BlockingConnectionPool` takes what `redis.ConnectionPool` takes, and a `timeout` in seconds, which is "
    "20 if you leave it out.",
)
