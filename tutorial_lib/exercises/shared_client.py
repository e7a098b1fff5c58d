"""One client, or many on one pool, for whoever asks first: also when twenty ask first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._parts import require_callable, require_client, slow_building
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong
from tutorial_lib.threads import run_threads

ID = "shared-client"
LESSON = "04"
TITLE = "Whoever asks first"
NAME = "share_client"

CALLERS = 20
OVERTAKEN = 0.25

PROMPT = """
Each part of the shop calls `get_client()` when it needs Redis, and nobody knows which part is first. Write
`share_client(host, port)`. It returns that function, `get_client`, which returns a client.

**20** threads call `get_client()` at the same moment, before anybody else has. All of them must get a client of **one
and the same pool**, or the same client. Then each counts a view with its client, and all 20 must arrive. Until the
first command, the server sees **0** connections. If a part drops its client, the next command of another part opens
**no** connection for that.
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


def check(answer: Callable[..., Any], lab: Lab) -> str:
    get_client = _require_function(lab.call(answer, lab.server.host, lab.server.port))
    _require_nothing_opened(lab, "Nobody has asked for a client yet")
    with slow_building(OVERTAKEN):
        got = run_threads(CALLERS, get_client)
    clients = [require_client(client, "`get_client()` returned") for client in got]
    _require_nothing_opened(lab, f"{CALLERS} callers have a client, and none has sent a command")
    counted = run_threads(CALLERS, _each(clients))
    _require_one_pool(get_client, clients, lab)
    errors = [result for result in counted if isinstance(result, redis.RedisError)]
    if errors:
        raise Wrong(
            f"{len(errors)} of {CALLERS} callers got `{type(errors[0]).__name__}: {errors[0]}`. There is one pool, and "
            "it has too few places for so many at once, or too little patience. What is its limit?"
        )
    opened = lab.server.opened()
    _require_let_go(get_client, lab)
    return (
        f"{CALLERS} threads asked at the same moment and got clients of 1 pool. Nothing was open before the first "
        f"command; then {CALLERS} views took {opened} connection{'s' if opened > 1 else ''}."
    )


def _require_function(value: Any) -> Callable[[], Any]:
    if value is None:
        raise Wrong("`share_client` returned `None`. It makes `get_client`; who hands it to the caller?")
    if isinstance(value, redis.Redis):
        raise Wrong(
            "`share_client` returned a client. Asked for is the function `get_client` itself, without parentheses: "
            "the parts of the shop will call it."
        )
    return require_callable(value, "get_client")


def _require_nothing_opened(lab: Lab, when: str) -> None:
    opened = lab.server.opened()
    if opened:
        raise Wrong(
            f"{when}, and the server has already accepted {opened} connection{'s' if opened > 1 else ''}. Making a "
            "client opens nothing, and its first command does. Which command is sent so early?"
        )


def _each(clients: list[redis.Redis]) -> Callable[[], Any]:
    """Return a function that counts a view with the next of the clients."""
    left = list(clients)
    return lambda: left.pop().incr("views:home")


def _require_one_pool(get_client: Callable[[], Any], clients: list[redis.Redis], lab: Lab) -> None:
    pools = {id(client.connection_pool) for client in clients}
    if len(pools) == 1:
        return
    if _pool_of(get_client) is not _pool_of(get_client):
        raise Wrong(
            f"{CALLERS} callers got clients of {len(pools)} pools, and the next call makes another one. CLIENT LIST "
            f"has {len(lab.server.clients())} connections now, and nobody can use what lies in another's pool. "
            "How often does the line run that makes it?"
        )
    later: list[Any] = []
    for _ in range(2):
        later += run_threads(1, lambda: _pool_of(get_client))
    if later[0] is not later[1]:
        raise Wrong(
            f"{CALLERS} threads got {len(pools)} pools, one for each thread. Threads do not need that: in the lesson "
            "twenty of them used one client, and no view was lost. What could all of them share?"
        )
    raise Wrong(
        f"{CALLERS} threads asked at the same moment and got clients of {len(pools)} pools; whoever comes later always "
        "gets the same. So it works, until two come first: the second asked while the first was still building. "
        "Who stops it? Or does it have to be built that late?"
    )


def _pool_of(get_client: Callable[[], Any]) -> Any:
    return require_client(get_client(), "`get_client()` returned").connection_pool


def _require_let_go(get_client: Callable[[], Any], lab: Lab) -> None:
    """One caller uses its client and drops it. The next must find the connection that it used."""
    get_client().ping()
    before = lab.server.opened()
    get_client().ping()
    opened = lab.server.opened() - before
    if opened:
        raise Wrong(
            "There is one pool. A caller used its client and dropped it, and the next one, who should have found an "
            f"idle connection, had to open {opened}: the client took all of them with it. Whose is the pool?"
        )


HINTS = (
    "What should all callers share? Make that on a line that runs once, whoever calls, and however many at once.",
    "`share_client` runs once, before any caller comes; `get_client` runs twenty times, in twenty threads.",
    "What does it cost to make a client that nobody may ever use? In the lessons, how many connections were open "
    "after `redis.Redis(...)`, and how many after its first command?",
    "Make the client beside `get_client`, one level up, and let `get_client` return that. It owns its pool, and lives "
    "as long as the function does.",
)
