"""Wait for jobs without holding up the shop: a blocking command needs a client and a pool of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tutorial_lib.exercises._calls import Call, became, call_within
from tutorial_lib.exercises._in_use import reply_timeouts
from tutorial_lib.exercises._parts import require_callable
from tutorial_lib.exercises._pools import Untouched, require_one_opened
from tutorial_lib.exercises._words import named
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "long-poll"
LESSON = "06"
TITLE = "Waiting for a job"
NAME = "make_worker"

SOCKET_TIMEOUT = 0.2
ARRIVES_AFTER = 0.4
WAITS = 2
NO_JOB = 0.2
LOOK_UNTIL = 1.0
A_MINUTE = 60

PROMPT = """
**Given** `make_worker(web, host, port)`, which returns a function `next_job(seconds)`. That function returns the text
of the next job in the list `jobs`, or `None` if no job comes within that many seconds. It uses `web`, the client that
answers web requests. `web` has **1** connection and a `socket_timeout` of **0.2** s, and both are right for requests.

**Write** a `make_worker` whose `next_job` can wait as long as it likes. Redis is at `host` and `port`.

**It passes when**
- `next_job(2)` returns a job that comes after 0.4 s, and `next_job(0.2)` returns `None` if none comes;
- while the worker waits, a request gets its reply from `web` at once, and the settings of `web` are as before;
- each call sends **1** `BLPOP`, and all calls together open **1** connection;
- `next_job(60)` can wait for the whole minute.
"""


def starter(web, host, port):
    def next_job(seconds):
        reply = web.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_job


def solution(web, host, port):
    worker = redis.Redis(host=host, port=port, socket_timeout=None)

    def next_job(seconds):
        reply = worker.blpop("jobs", timeout=seconds)
        return reply[1].decode() if reply else None

    return next_job


WHY = """
The worker has a pool of its own, so it never borrows the connection that requests need. With `socket_timeout=None` only
`BLPOP` decides how long to wait; a timeout that is longer than any wait, such as 90 s, would also notice a server that
is gone.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    web = redis.Redis(
        host=lab.server.host,
        port=lab.server.port,
        max_connections=1,
        socket_timeout=SOCKET_TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )
    web.set("greeting", "hello")
    pool, shared = web.connection_pool, Untouched(web.connection_pool)
    other = redis.Redis(host=lab.server.host, port=lab.server.port)
    other.ping()
    opened_before = lab.server.opened()
    made = lab.call(answer, web, lab.server.host, lab.server.port)
    next_job = require_callable(made, "next_job", WAITS, returned_by=lab.name)
    waited, request, reconnected = _job_comes(lab, web, other, next_job)
    shared.require("next_job")
    if web.connection_pool is not pool:
        raise Wrong("You gave `web` another pool, but requests need the one it had. What could the worker use instead?")
    _require_some_timeout(lab)
    _require_blpop(lab)
    _require_request(request)
    _require_job(waited, reconnected)
    _require_one_blpop_a_call(lab, 1)
    _require_none(call_within(LOOK_UNTIL, lambda: next_job(NO_JOB)))
    _require_one_blpop_a_call(lab, 2)
    opened = lab.server.opened() - opened_before
    require_one_opened(opened, "Two calls", "Which line of code opens one, and how often does it run?")
    _require_a_minute(lab, other, next_job)
    return (
        f"The job came {ARRIVES_AFTER} s after the call and was returned, for one `BLPOP`, and meanwhile a request got "
        "its reply. The worker, which waits, and the requests, which must not wait, have a pool each."
    )


def _job_comes(
    lab: Lab, web: redis.Redis, other: redis.Redis, next_job: Callable[[float], Any]
) -> tuple[Call, Call, bool]:
    """Let a job come while the worker waits, and a request be asked for before that.

    Return what became of the worker's call and of the request's, and whether the worker had to connect again.
    """
    opened = lab.server.opened()
    requests: list[Call] = []

    def meanwhile() -> None:
        _until(lambda: lab.server.opened() > opened or any(client.blocked for client in lab.server.clients()))
        begun = monotonic()
        requests.append(call_within(LOOK_UNTIL, lambda: web.get("greeting")))
        sleep(max(0.0, begun + ARRIVES_AFTER - monotonic()))
        other.rpush("jobs", "send-mail")

    beside = threading.Thread(target=meanwhile, daemon=True)
    beside.start()
    try:
        waited = call_within(WAITS + 1, lambda: next_job(WAITS))
    finally:
        beside.join()
    other.delete("jobs")
    return waited, requests[0], lab.server.opened() - opened > 1


def _until(seen: Callable[[], bool]) -> None:
    deadline = monotonic() + 0.3
    while not seen() and monotonic() < deadline:
        sleep(0.01)


def _require_some_timeout(lab: Lab) -> None:
    if any(pool.connection_kwargs.get("socket_timeout") == 0 for pool in lab.pools()):
        raise Wrong(
            "The worker's client has a `socket_timeout` of 0. To redis-py that isn't the same as no limit: the client "
            "waits for no reply at all. Which value sets no limit?"
        )


def _require_blpop(lab: Lab) -> None:
    sent = lab.server.commands()
    if sent["BLPOP"]:
        return
    for name in ("BLMPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH"):
        if sent[name]:
            raise Wrong(
                f"The worker asked with `{name}`, which waits too, but not as `BLPOP` does. What is the difference?"
            )
    polled = next((name for name in ("LPOP", "RPOP", "LRANGE", "LLEN") if sent[name] > 1), None)
    if polled:
        raise Wrong(
            f"The worker sent `{polled}` again and again, and no `BLPOP`. Asking in a loop keeps Redis busy and "
            "learns of a job late. Which command waits in Redis until a job comes?"
        )
    raise Wrong("The worker sent no `BLPOP` to the server. Which command waits in Redis until a job comes?")


def _require_request(request: Call) -> None:
    if request.error or not request.returned:
        got = f"got {named(request.error)}" if request.error else "got no reply"
        raise Wrong(
            f"While the worker waited, a request {got}: the worker was using the one connection of `web`. A client "
            "that is given a pool borrows from that pool. Which pool does your worker borrow from?"
        )


def _require_job(waited: Call, reconnected: bool) -> None:
    again = (
        " Each time when its `socket_timeout` was over, the client gave up, connected again and sent its `BLPOP` again."
        if reconnected
        else ""
    )
    idea = f"How long may a client wait for a reply that can take {WAITS} s?"
    if waited.error:
        raise Wrong(
            f"A job came after {ARRIVES_AFTER} s, and `next_job({WAITS})` raised {named(waited.error)}.{again} {idea}"
        )
    if not waited.returned:
        raise Wrong(
            f"A job came after {ARRIVES_AFTER} s, and after {WAITS + 1} s `next_job({WAITS})` was still waiting."
            f"{again} What is it waiting for?"
        )
    if waited.result is None:
        raise Wrong(
            f"A job came after {ARRIVES_AFTER} s, but `next_job({WAITS})` had returned `None` before that, and "
            f"the job was left. {idea}"
        )
    if waited.result != "send-mail":
        raise Wrong(
            f"The job was the text `send-mail`, and `next_job` returned {shown(waited.result)}. `BLPOP` replies with "
            "the name of the list and the job, both in bytes. Which part of that is asked for?"
        )
    if again:
        raise Wrong(f"The job was returned in the end.{again} {idea}")


def _require_one_blpop_a_call(lab: Lab, calls: int) -> None:
    if lab.server.commands()["BLPOP"] != calls:
        raise Wrong(
            f"{'One call' if calls == 1 else 'Two calls'} sent more than {calls} `BLPOP`. Redis can wait for the whole "
            "time in one command. How does `BLPOP` know how long to wait?"
        )


def _require_none(silence: Call) -> None:
    if not silence.returned:
        raise Wrong(
            f"No job came, and {LOOK_UNTIL} s after `next_job({NO_JOB})` it was still waiting. What tells "
            "`BLPOP` how long it may wait?"
        )
    if silence.error or silence.result is not None:
        raise Wrong(f"No job came within {NO_JOB} s. `next_job` {became(silence)}. It should return `None`.")


def _require_a_minute(lab: Lab, other: redis.Redis, next_job: Callable[[float], Any]) -> None:
    """Let the worker begin to wait for a minute, and see how long its connection would wait for the reply."""
    short: list[float] = []

    def waits_long_enough() -> bool:
        timeouts = [timeout for pool in lab.pools() for timeout in reply_timeouts(pool)]
        short[:] = [timeout for timeout in timeouts if timeout is not None and timeout <= A_MINUTE]
        return bool(timeouts) and not short

    def meanwhile() -> None:
        _until(waits_long_enough)
        other.rpush("jobs", "resize-photo")

    beside = threading.Thread(target=meanwhile, daemon=True)
    beside.start()
    try:
        call_within(WAITS, lambda: next_job(A_MINUTE))
    finally:
        beside.join()
    other.delete("jobs")
    if short:
        raise Wrong(
            f"`next_job({A_MINUTE})` waits on a connection whose `socket_timeout` is {min(short):g} s. If no job "
            "comes by then, the client gives up before Redis has replied, and the `BLPOP` fails or is sent again. How "
            "long may a client wait for a reply that can take a minute?"
        )


HINTS = (
    "Two settings of `web` are right for requests and wrong for a worker: how many connections there are, and how long "
    "a reply may take.",
    "The settings of a socket belong to the pool. So a client that waits needs a pool of its own, which `redis.Redis` "
    "creates if it is given none.",
    "Create that client once, beside `next_job`. Which `socket_timeout` lets it wait for as long as `BLPOP` takes?",
    "`redis.Redis` with `host`, `port` and a `socket_timeout` of `None` waits for a reply as long as it takes. `BLPOP` "
    "itself says when to stop.",
)
