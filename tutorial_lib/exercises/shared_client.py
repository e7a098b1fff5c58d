"""One client, or many on one pool, whichever caller asks first: also when twenty ask at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._in_use import total_in_use
from tutorial_lib.exercises._parts import require_callable, require_client, slow_building
from tutorial_lib.exercises._words import named
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "shared-client"
LESSON = "04"
TITLE = "One client for every caller"
NAME = "share_client"

CALLERS = 20
OVERTAKEN = 0.25

PROMPT = """
**Given** a shop with many parts. Each part calls `get_client()` when it needs Redis, and no one knows which part is
first.

**Write** `share_client(host, port)`, which returns that function, `get_client`. Every call of `get_client()` returns a
client of one and the same pool: the same client each time, or a new client on the same pool.

**It passes when**
- **20** threads call `get_client()` at the same moment, before any other call, and all get clients of **one** pool;
- the server sees **0** connections until a client sends its first command;
- each of the 20 threads counts a view at the same time, and all **20** views arrive;
- a part uses its client and drops it, and the next part's command opens **no** new connection.
"""


def starter(host, port):
    def get_client():
        return ...  # your code here

    return get_client


def solution(host, port):
    client = redis.Redis(host=host, port=port)  # opens nothing until its first command

    def get_client():
        return client

    return get_client


WHY = """
`share_client` runs once, so the client is created once, before any thread can race for it, and creating it opens no
connection. If you create it later, hold a lock while you check whether it exists and store it.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    made = lab.call(answer, lab.server.host, lab.server.port)
    get_client = require_callable(made, "get_client", returned_by=lab.name)
    _require_nothing_opened(lab, "No part has asked for a client yet")
    with slow_building(OVERTAKEN):
        got = run_threads(CALLERS, get_client)
    clients = [require_client(client, "`get_client()` returned") for client in got]
    _require_nothing_opened(lab, f"{CALLERS} callers have a client, and none has sent a command")
    counted = run_threads(CALLERS, _each(clients))
    _require_one_pool(get_client, clients)
    errors = [result for result in counted if isinstance(result, redis.RedisError)]
    if errors:
        limit = clients[0].connection_pool.max_connections
        raise Wrong(
            f"There is one pool, and when {CALLERS} callers counted a view at the same time, some of them got "
            f"{named(errors[0])}. The limit of the pool is {limit}. Should it be higher, or "
            "should a caller wait?"
        )
    got.clear()  # All parts drop their clients: whatever lives on is what `get_client` keeps.
    clients.clear()
    _require_kept_open(get_client, lab)
    return (
        f"{CALLERS} threads asked at the same moment, and all got clients of 1 pool. No connection was open before the "
        f"first command, and all {CALLERS} views were counted."
    )


def _require_nothing_opened(lab: Lab, when: str) -> None:
    opened = lab.server.opened()
    if not opened:
        return
    why = (
        "It is still in use: your client borrows a connection when it is created, and keeps it. Which argument asks "
        "for that?"
        if total_in_use(lab.pools())
        else "Creating a client opens no connection; its first command does. Which command is sent so early?"
    )
    raise Wrong(
        f"{when}, and the server has already accepted {'1 connection' if opened == 1 else 'connections'}. {why}"
    )


def _each(clients: list[redis.Redis]) -> Callable[[], Any]:
    """Return a function that counts a view with the next of the clients."""
    left = list(clients)
    return lambda: left.pop().incr("views:home")


def _require_one_pool(get_client: Callable[[], Any], clients: list[redis.Redis]) -> None:
    pools = len({id(client.connection_pool) for client in clients})
    if pools == 1:
        return

    def pool_now() -> Any:
        return require_client(get_client(), "`get_client()` returned").connection_pool

    if pool_now() is not pool_now():
        raise Wrong(
            f"{CALLERS} callers got clients of {pools} pools, and two more calls got two different pools again. A pool "
            "cannot use another pool's idle connections. Which line creates the clients, and how often does it run?"
        )
    # Two threads at once: they have different names, and different numbers too.
    first, second = run_threads(2, pool_now)
    if first is not second:
        raise Wrong(
            f"{CALLERS} threads got clients of {CALLERS} pools, one for each thread. Threads do not need that: in the "
            "lesson 20 threads used one client, and no view was lost. What could all of them share?"
        )
    raise Wrong(
        f"{CALLERS} threads asked at the same moment, and got clients of more than one pool. Later calls all get the "
        "same one. So it works until two threads are first: the second finds nothing stored, because the first is "
        "still creating its client. What makes the second thread wait? Or could the client be created earlier?"
    )


def _require_kept_open(get_client: Callable[[], Any], lab: Lab) -> None:
    """One caller uses its client and drops it. The next must find the connection that it used."""
    get_client().ping()
    before = lab.server.opened()
    get_client().ping()
    opened = lab.server.opened() - before
    if opened:
        raise Wrong(
            "There is one pool. A part used its client and dropped it, and the next part found no idle connection and "
            f"had to open {opened}: the pool's connections were closed when the client went away. Does your client own "
            "the pool, or does it only borrow from it?"
        )


HINTS = (
    "What should all callers share? Create that on a line that runs once, however many threads call.",
    "`share_client` runs once, before any caller comes; `get_client` runs 20 times, in 20 threads.",
    "What does it cost to create a client that is never used? In the lessons, how many connections were open "
    "after `redis.Redis(...)`, and how many after its first command?",
    "Create the client beside `get_client`, one level up, and let `get_client` return it. It owns its pool, and lives "
    "as long as the function does.",
)
