"""One pool for every fault: connections that break, a Redis that is down or silent, a pool that is exhausted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, became, best_of, borrowed_from, call_within, one_returned_after
from tutorial_lib.exercises._pools import borrow, borrowable, left_in_use, made_pool, require_limit
from tutorial_lib.exercises._weather import (
    GREETING,
    outage,
    silence,
    store_greeting,
    tries_after,
)
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.network.fault_proxy import FaultProxy
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "safe-default"
LESSON = "11"
TITLE = "A pool for every fault"
NAME = "make_pool"
SECONDS = 10.0

LIMIT = 4
AWAY = 0.25
BACK_AFTER = 0.05
TOLD_WITHIN = 0.7
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
GRACE = 0.2

PROMPT = """
**Given** a Redis whose key `greeting` holds a text, and the six faults below.

**Write** `make_pool(host, port)`, which returns a pool of at most **4** connections. You can use
`redis.retry.Retry(…)` and the classes in `redis.backoff` without another import.

**It passes when** a client on this pool sends one `get` during each fault, one after the other, and

| fault | the `get` |
|---|---|
| all connections break while they're idle | returns the greeting |
| a reply gets lost | returns the greeting |
| Redis is down for **0.25 s**, and new connections are refused | returns the greeting |
| all 4 connections are in use, and one is returned after **0.05 s** | returns the greeting |
| all 4 connections are in use, and none is returned | raises an error of redis-py within **0.7 s** |
| Redis is silent | raises an error of redis-py within **0.7 s** |

Afterwards no connection is in use, 4 can be borrowed again, and the `get` gets over a second outage of 0.25 s, too.
"""


def starter(host, port):
    pool = ...  # your code here
    return pool


def solution(host, port):
    return redis.BlockingConnectionPool(
        host=host,
        port=port,
        max_connections=4,
        timeout=0.2,
        socket_connect_timeout=0.1,
        socket_timeout=0.1,
        retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.3), 1),
    )


WHY = """
`timeout` limits the wait for a connection, and `socket_timeout` each wait for a reply. The only retry comes after a
pause of 0.3 s, which is longer than the outage, and even if Redis is silent the sum is 0.1 + 0.3 + 0.1 = 0.5 s. A
`Retry` that only retries after `redis.ConnectionError` may have more and shorter pauses.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    store_greeting(lab)
    proxy = lab.proxy()
    pool = made_pool(answer, lab, proxy.host, proxy.port)
    pool.release(borrow(pool))
    trial = _Situations(pool, proxy)
    trial.expect_greeting("Redis was up", trial.ask, "The key `greeting` in database 0 holds a text.")
    _require_four(pool)
    trial.expect_greeting("All connections broke while they were idle", trial.cut_idle, "What opens new ones?")
    trial.expect_greeting("A reply got lost", trial.cut_reply, "Redis worked again at once. What retries?")
    lab.doing("Redis is down for a moment")
    trial.expect_greeting(f"Redis was down for {AWAY} s", trial.gone, trial.why_not_bridged())
    lab.doing("All connections are in use")
    trial.expect_wait()
    exhausted = trial.expect_error(
        f"All {LIMIT} connections were in use, and none was returned", trial.exhausted, trial.about_timeout
    )
    lab.doing("Redis is silent")
    silent = trial.expect_error("Redis was silent", trial.silent, trial.longest_silence)
    trial.expect_greeting("After all faults Redis worked again", trial.ask, "What did the faults leave behind?")
    kept = left_in_use(pool)
    if kept:
        raise Wrong(
            f"The pool passed every fault, but afterwards it has in_use={kept}, although no caller has a connection. "
            "Which path through your code doesn't return it?"
        )
    given = borrowable(pool, LIMIT)
    if given < LIMIT:
        raise Wrong(
            f"The pool passed every fault, but afterwards only {so_many(given, 'connection')} of {LIMIT} can be "
            "borrowed. Where did the others go?"
        )
    lab.doing("Redis is down once more")
    trial.expect_greeting(
        f"Then Redis was down for {AWAY} s again", trial.gone, "What is different from the first time?"
    )
    return (
        f"The `get` returned the greeting although connections broke, Redis was down for {AWAY} s, twice, and the pool "
        f"was exhausted for a moment. When no connection was returned it raised after {exhausted.seconds:.2f} s, and "
        f"when Redis was silent after {silent.seconds:.2f} s. You can give this pool to a colleague."
    )


def _require_four(pool: redis.ConnectionPool) -> None:
    try:
        require_limit(pool, LIMIT)
    except (Wrong, redis.RedisError):
        raise
    except Exception as error:
        raise _not_of_redis_py(f"All {LIMIT} connections were in use, and the pool", error) from error


def _not_of_redis_py(who: str, error: Exception) -> Wrong:
    return Wrong(
        f"{who} raised {named(error)}, which isn't an error of redis-py. Which errors do the callers of a pool catch?"
    )


class _Situations:
    """Sends one GET in each situation, on the same pool."""

    def __init__(self, pool: redis.ConnectionPool, proxy: FaultProxy) -> None:
        self._pool = pool
        self._proxy = proxy

    # -- situations

    def ask(self) -> Call:
        return call_within(TOLD_WITHIN + GRACE, self._get, Exception)

    def _get(self) -> Any:
        answer = redis.Redis(connection_pool=self._pool).get("greeting")
        return answer.decode() if isinstance(answer, bytes) else answer

    def cut_idle(self) -> Call:
        self._proxy.reset_connections()
        return self.ask()

    def cut_reply(self) -> Call:
        self._proxy.reset_after(0)
        return self.ask()

    def gone(self) -> Call:
        with outage(self._proxy, AWAY):
            return self.ask()

    def one_comes_back(self) -> Call:
        def ask_and_see_one_come_back() -> Any:
            with one_returned_after(BACK_AFTER, self._pool, borrowed):
                return self._get()

        with borrowed_from(self._pool, LIMIT) as borrowed:
            return call_within(TOLD_WITHIN + GRACE, ask_and_see_one_come_back, Exception)

    def exhausted(self) -> Call:
        with borrowed_from(self._pool, LIMIT):
            return self.ask()

    def silent(self) -> Call:
        self.ask()  # so that a connection is open
        with silence(self._proxy):
            return self.ask()

    # -- what is expected

    def expect_greeting(self, situation: str, attempt: Callable[[], Call], idea: str) -> None:
        call = best_of(3, attempt, lambda call: bool(call.result == GREETING))
        if call.result != GREETING:
            raise Wrong(f"{situation}, and `get` {became(call)}. {idea}")

    def expect_error(self, situation: str, attempt: Callable[[], Call], idea: Callable[[], str]) -> Call:
        call = best_of(3, attempt, lambda call: call.seconds <= TOLD_WITHIN)
        if not call.returned or call.seconds > TOLD_WITHIN:
            raise Wrong(f"{situation}, and after {TOLD_WITHIN:g} s `get` had not returned. {idea()}")
        if call.error is None:
            raise Wrong(f"{situation}, and `get` {became(call)}. It should raise redis-py's error.")
        if not isinstance(call.error, redis.RedisError):
            raise _not_of_redis_py(f"{situation}, and `get`", call.error)
        return call

    def expect_wait(self) -> None:
        situation = f"All {LIMIT} connections were in use, and one was returned after {BACK_AFTER} s"
        self.expect_greeting(situation, self.one_comes_back, self.who_waits())
        if self.gives_up_after() <= BACK_AFTER:  # On a busy machine even that may be long enough.
            raise Wrong(f"{situation}. `get` was in time by luck. {self.who_waits()}")

    # -- what is said

    def gives_up_after(self) -> float:
        timeout = getattr(self._pool, "timeout", None)
        return math.inf if timeout is None else float(timeout)

    def why_not_bridged(self) -> str:
        tries = tries_after(redis.ConnectionError, self._pool)
        if tries < 0:
            return "It retries for ever. How many retries are enough?"
        return (
            f"It makes {so_many(tries, 'attempt')} at most, and a refused connection fails at once. How long are the "
            "pauses between the attempts in total?"
        )

    def who_waits(self) -> str:
        if isinstance(self._pool, redis.BlockingConnectionPool):
            return f"How long does this pool wait for a connection? {self.about_timeout()}"
        return "Which kind of pool waits for a connection?"

    def about_timeout(self) -> str:
        seconds = self.gives_up_after()
        if math.isinf(seconds):
            return "Its `timeout` is `None`, so it waits for ever."
        return f"Its `timeout` is {seconds:g} s."

    def longest_silence(self) -> str:
        limit = self._pool.connection_kwargs.get("socket_timeout", 5)
        each = "for ever" if limit is None else f"{limit:g} s"
        tries = tries_after(redis.TimeoutError, self._pool)
        if tries == 1:
            return f"It waits {each} for a reply. Which argument limits that?"
        often = "It retries for ever" if tries < 0 else f"It makes {tries} attempts"
        return f"{often}, each attempt waits {each} for a reply, and the pauses are added. How long is that in total?"


HINTS = (
    "Each fault needs one argument, and some of them need two. The safe default of the lesson is close, but its pauses "
    "are for shorter outages.",
    "Two arguments limit waits: one the wait for a connection, one the wait for each reply. A `retry` helps when a "
    "reply gets lost, and its pauses help when Redis is down.",
    "For a silent Redis, add up the attempts, each with its timeout, and the pauses between them. The sum has to be "
    "below 0.7 s, and the pauses alone above 0.25 s.",
    "A blocking pool of 4, with a `timeout` of 0.2 s, the two socket timeouts of 0.1 s, and a `retry` with a "
    "`ConstantBackoff` of 0.3 s and one retry: two timeouts and a pause make 0.5 s.",
)
