"""Twenty callers, four connections, no error: a caller that finds none idle waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import redis
from redis.retry import Retry

from tutorial_lib.exercises._in_use import require_none_in_use
from tutorial_lib.exercises._parts import require_callable
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
**Given** a Redis server that does not answer for 0.6 s, and after that answers everything at once. Other programs count
in the same key.

**Write** `make_counter(host, port)`, which returns a function `count_view()`. The function adds 1 to the Redis key
`views:home` and returns the new value. It may use the variables of `make_counter`, such as `r`.

**It passes when**
- calls that come one after the other return the right count;
- **20** threads that call `count_view()` at the same moment, while the server does not answer, all get a number of
  their own, and no error;
- the server sees exactly **4** connections in total: no more, and no fewer, because four threads can be served at once.
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


WHY = """
A `BlockingConnectionPool` at its limit lets a caller wait until a connection is returned, for up to `timeout` seconds;
a plain `ConnectionPool` raises at once. A semaphore of 4 in front of a plain pool works too, and so do four
clients in a queue.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    made = lab.call(answer, lab.server.host, lab.server.port)
    count_view = require_callable(made, "count_view", returned_by=lab.name)
    with redis.Redis(host=lab.server.host, port=lab.server.port) as others:
        others.ping()
        crowd = _Crowd(count_view, lab, others)
        crowd.require_counting_alone()
        lab.server.pause(BUSY_SECONDS)
        results = run_threads(CALLERS, count_view)
        opened = crowd.opened()
        _require_no_errors([result for result in results if isinstance(result, redis.RedisError)], lab)
        if opened > LIMIT:
            raise Wrong(
                f"All {CALLERS} callers were served, but the server had to accept {opened} connections; {LIMIT} are "
                "allowed. What is the limit of your pool, and is there only one pool?"
            )
        crowd.require_counted(results)
    if opened < LIMIT:
        raise Wrong(
            f"All {CALLERS} callers were served, but through {opened} of {LIMIT} connections, so {opened} of them at a "
            f"time. Something in your code lets in fewer than {LIMIT}. What is it, and is it needed?"
        )
    return (
        f"{CALLERS} callers at once, 0 errors, {opened} connections: {LIMIT} callers were served, the others waited, "
        "and `views:home` has counted each of them."
    )


class _Crowd:
    """Calls of the learner's function, alone and together, on a server where another program counts as well."""

    def __init__(self, count_view: Callable[[], Any], lab: Lab, others: redis.Redis) -> None:
        self._count_view = count_view
        self._lab = lab
        self._others = others
        self._alone = LIMIT + 1

    def opened(self) -> int:
        """Return how many connections the learner's function has opened so far."""
        return self._lab.server.opened() - 1  # the other program has one

    def require_counting_alone(self) -> None:
        """Call it a few times, one call after the other, before there is any crowd."""
        got = [self._count_view(), self._count_view()]
        if got != [1, 2] or any(isinstance(number, bool) for number in got):
            raise Wrong(
                f"The first two calls returned {shown(got[0])} and {shown(got[1])}, and they should return 1 and 2."
            )
        idea = f"What is left for {CALLERS} callers to share?"
        require_none_in_use("After two calls, one after the other", idea, *self._lab.pools())
        pools = {ref(pool) for pool in self._lab.pools()}
        if not self._others.exists("views:home"):
            found = sorted(str(key, "utf-8") for key in self._others.scan_iter())
            where = f"It has `{found[0]}` instead." if found else "Nothing at all was counted there."
            raise Wrong(f"The first two calls returned 1 and 2, but Redis has no key `views:home`. {where} {_WHERE}")
        self._others.incr("views:home")
        got = [self._count_view() for _ in range(self._alone - 2)]
        if got[0] != 4:
            raise Wrong(
                f"After two calls another program counted as well, so the next count is 4; your next call returned "
                f"{shown(got[0])}. {_WHERE}"
            )
        if self.opened() > LIMIT:
            same_pools = bool(pools) and pools == {ref(pool) for pool in self._lab.pools()}
            raise Wrong(self._one_for_each_call(same_pools))

    def require_counted(self, results: list[Any]) -> None:
        """Raise Wrong unless each caller of the crowd got a number of its own, and Redis has counted them."""
        before = self._alone + 1
        counted = int(self._others.get("views:home") or 0) - before
        if lost := sum(not str(result).isdigit() for result in results):
            raise Wrong(
                f"{CALLERS} callers came, and {lost} of them got no number at all; `views:home` grew by {counted}. "
                "Your code catches the error and drops the view. Can you keep the error from happening?"
            )
        if counted != CALLERS or sorted(map(int, results)) != list(range(before + 1, before + 1 + CALLERS)):
            raise Wrong(
                f"{CALLERS} callers came, and some of them got the same number: they read it before one of them wrote "
                "the next. Which command reads and adds in one?"
            )

    def _one_for_each_call(self, same_pools: bool) -> str:
        idea = (
            "All of them belong to one pool, so its connection was closed each time. Which line closes it?"
            if same_pools
            else "Twenty callers would each come with their own. What is created inside `count_view`?"
        )
        return f"{self._alone} calls, one after the other, opened {self.opened()} connections. {idea}"


_WHERE = "Where is the count kept, and under which name?"


def _require_no_errors(errors: list[redis.RedisError], lab: Lab) -> None:
    if not errors:
        return
    error = errors[0]
    said = f"{len(errors)} of {CALLERS} callers got `{type(error).__name__}: {error}`"
    if isinstance(error, redis.MaxConnectionsError):
        tries = max(map(_tries, lab.pools()), default=0)
        retry = (
            f" Its `Retry` repeats a command {tries} times, and these callers never got to send one." if tries else ""
        )
        raise Wrong(f"{said}, at once: this kind of pool never waits.{retry} Which kind does?")
    if str(error) == "No connection available.":
        timeout = max((getattr(pool, "timeout", 0) or 0 for pool in lab.pools()), default=0)
        raise Wrong(
            f"{said}. They waited for {timeout:g} s, and the callers before them needed {BUSY_SECONDS} s. "
            "How long may a caller of your pool wait?"
        )
    raise Wrong(
        f"{said}. The server answered after {BUSY_SECONDS} s. Which of your settings is about waiting for a reply?"
    )


def _tries(pool: redis.ConnectionPool) -> int:
    retry = pool.connection_kwargs.get("retry")
    return retry.get_retries() if isinstance(retry, Retry) else 0


HINTS = (
    "In the lesson, ten requests shared four connections twice. What was different the second time?",
    "The pool has the limit, and the pool lets callers wait. Both are arguments of one class.",
    "Create pool and client once, outside of `count_view`, so that all callers share the same four connections.",
    "`redis.BlockingConnectionPool` takes what `redis.ConnectionPool` takes, and a `timeout` in seconds, which is "
    "20 if you leave it out.",
)
