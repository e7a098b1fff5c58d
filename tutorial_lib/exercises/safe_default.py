"""One pool for all weathers: cut, silent, gone for a moment, full."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import Call, best_of, call_within, lent_out, one_back_after
from tutorial_lib.exercises._pools import borrow, made_pool, require_places
from tutorial_lib.exercises._weather import (
    GREETING,
    became,
    outage,
    silence,
    store_greeting,
    tries_of,
)
from tutorial_lib.faults import FaultProxy
from tutorial_lib.pools.snapshot import snapshot
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "safe-default"
LESSON = "08"
TITLE = "A pool for all weathers"
NAME = "make_pool"
SECONDS = 10.0

LIMIT = 4
AWAY = 0.25
BACK_AFTER = 0.05
TOLD_WITHIN = 0.7
# What comes a little late is given a second chance: perhaps the machine was busy with something else.
GRACE = 0.4

PROMPT = """
Write `make_pool(host, port)`. It returns a pool of at most **4** connections. A client on it sends one `get` in each
of these weathers, one after the other:

| weather | what the `get` gives |
|---|---|
| all connections are cut while they are idle | the greeting |
| a reply is cut | the greeting |
| Redis is gone for **0.25 s**, and nobody listens | the greeting |
| all four are lent, and one comes back after 0.05 s | the greeting |
| all four are lent, and none comes back | an error of redis-py **within 0.7 s** |
| the line takes everything and answers nothing | an error of redis-py **within 0.7 s** |

Afterwards no connection is in use, and the pool works as before. `redis.retry.Retry(…)` and what stands in
`redis.backoff` need no further import.
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


def check(answer: Callable[..., Any], lab: Lab) -> str:
    store_greeting(lab)
    proxy = lab.proxy()
    pool = made_pool(answer, lab, proxy.host, proxy.port)
    pool.release(borrow(pool))
    weather = _Weather(pool, proxy)
    weather.expect_greeting("Redis was well", weather.ask, "In Redis the greeting is a text.")
    require_places(pool, LIMIT)
    weather.expect_greeting("All connections were cut while idle", weather.cut_idle, "")
    weather.expect_greeting(
        "A reply was cut", weather.cut_reply, "Redis was well, and nobody asked it again. Who is told to try again?"
    )
    weather.expect_greeting(f"Redis was gone for {AWAY} s", weather.gone, weather.why_not_bridged())
    weather.expect_patience()
    full = weather.expect_error(
        f"All {LIMIT} connections were lent, and none came back", weather.full, weather.patience
    )
    silent = weather.expect_error("The line was silent", weather.silent, weather.longest_silence)
    weather.expect_greeting("The weather was fair again", weather.ask, "What has been left behind?")
    kept = snapshot(pool).in_use
    if kept:
        raise Wrong(f"It came through, and afterwards in_use is {kept}. Nobody else can have those.")
    return (
        f"Cut while idle, cut in flight, gone for {AWAY} s, full for a moment: the greeting, each time. Full: "
        f"{full.seconds:.2f} s; silent: {silent.seconds:.2f} s. A colleague may have this pool as it is."
    )


class _Weather:
    """Sends one GET in each weather, on the same pool."""

    def __init__(self, pool: redis.ConnectionPool, proxy: FaultProxy) -> None:
        self._pool = pool
        self._proxy = proxy

    # -- weathers

    def ask(self) -> Call:
        return call_within(TOLD_WITHIN + GRACE, self._get)

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
            with one_back_after(BACK_AFTER, self._pool, borrowed):
                return self._get()

        with lent_out(self._pool, LIMIT) as borrowed:
            return call_within(TOLD_WITHIN + GRACE, ask_and_see_one_come_back)

    def full(self) -> Call:
        with lent_out(self._pool, LIMIT):
            return self.ask()

    def silent(self) -> Call:
        self.ask()  # so that a line is open
        with silence(self._proxy):
            return self.ask()

    # -- what is expected

    def expect_greeting(self, situation: str, attempt: Callable[[], Call], idea: str) -> None:
        call = best_of(3, attempt, lambda call: bool(call.result == GREETING))
        if call.result != GREETING:
            raise Wrong(f"{situation}, and `get` {became(call)} after {call.seconds:.2f} s. {idea}")

    def expect_error(self, situation: str, attempt: Callable[[], Call], idea: Callable[[], str]) -> Call:
        call = best_of(3, attempt, lambda call: call.seconds <= TOLD_WITHIN)
        if not call.returned or call.seconds > TOLD_WITHIN:
            raise Wrong(f"{situation}, and after {TOLD_WITHIN:g} s `get` had said nothing. {idea()}")
        if call.error is None:
            raise Wrong(f"{situation}, and `get` {became(call)}. Asked for is redis-py's error.")
        return call

    def expect_patience(self) -> None:
        situation = f"All {LIMIT} connections were lent, and one came back after {BACK_AFTER} s"
        self.expect_greeting(situation, self.one_comes_back, self.who_waits())
        if self.gives_up_after() < BACK_AFTER:  # On a busy machine even that may be long enough.
            raise Wrong(f"{situation}. `get` was there in time by luck. {self.who_waits()}")

    def gives_up_after(self) -> float:
        timeout = getattr(self._pool, "timeout", None)
        return math.inf if timeout is None else float(timeout)

    def why_not_bridged(self) -> str:
        return (
            f"It tries {tries_of(self._pool)} times at the most, and a closed door is told at once. "
            "How long is it from the first try to the last?"
        )

    def who_waits(self) -> str:
        if isinstance(self._pool, redis.BlockingConnectionPool):
            return f"How long does this pool wait for it? {self.patience()}"
        return "Which kind of pool waits for it?"

    def patience(self) -> str:
        patience = self.gives_up_after()
        return f"Its `timeout` is {'`None`: for ever' if math.isinf(patience) else f'{patience:g} s'}."

    def longest_silence(self) -> str:
        limit = self._pool.connection_kwargs.get("socket_timeout", 5)
        each = "without end" if limit is None else f"for {limit:g} s"
        return (
            f"It tries {tries_of(self._pool)} times, and each try may be silent {each}; "
            "pauses come on top. What is the sum?"
        )


HINTS = (
    "Each weather needs one argument, and some of them two. The lesson has a pool that comes near; its pauses are "
    "for shorter outages.",
    "Two limits are for waiting: one for the loan, one for each silence. A `retry` is for what is cut, and its pauses "
    "are for a Redis that is gone.",
    "For a silent line add up: tries times silence, and the pauses between them. It has to be below 0.7 s; and the "
    "pauses alone above 0.25 s.",
    "A blocking pool of 4, with a `timeout` of 0.2 s, 0.1 s for the other limits, and a `retry` with a "
    "`ConstantBackoff` of 0.3 s and one more try: two silences and a pause make 0.5 s.",
)
