"""One client of a Sentinel's master for the whole program: one pool, which finds the next master by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import redis
import redis.sentinel

from tutorial_lib.exercises._parts import require_callable, require_client
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong
from tutorial_lib.servers.sentinel_lab import SentinelLab, start_sentinel

ID = "one-master"
LESSON = "14"
TITLE = "One pool for the master"
NAME = "share_master"
NEEDS_REDIS_SERVER = True

CALLS = 20
VIEWS = "views:home"

PROMPT = """
**Given** a shop whose Redis is watched by sentinels. `sentinels` is the list of their addresses, such as
`[("127.0.0.1", 26379)]`, and `service` is the name under which they know the master. Each part of the shop calls
`get_client()` when it needs Redis.

**Write** `share_master(sentinels, service)`, which returns that function, `get_client`. Every call returns a client of
the master: the same client each time, or a new client on the same pool.

**It passes when**
- **20** calls of `get_client()`, each followed by a command, use **1** pool;
- these 20 commands open **1** connection to the master, and 1 to the sentinel, which is asked once;
- the pool asks the sentinels where the master is whenever it opens a connection. So it finds the next master too, and
  your function never stores an address.

This exercise needs a redis-server, from which the check starts a master and a sentinel.
"""


def starter(sentinels, service):
    sentinel = redis.Sentinel(sentinels)

    def get_client():
        return ...  # your code here

    return get_client


def solution(sentinels, service):
    sentinel = redis.Sentinel(sentinels)
    master = sentinel.master_for(service)

    def get_client():
        return master

    return get_client


WHY = """
`master_for` builds a `SentinelConnectionPool` each time it is called, so call it once and keep the client. The pool
asks the sentinels each time it opens a connection, so you never need the master's address yourself.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    group = lab.start(partial(start_sentinel, replicas=0, sentinels=1), _ports)
    made = lab.call(answer, group.addresses, group.service)
    get_client = require_callable(made, "get_client", returned_by=lab.name)
    # No client is kept: one that closes its pool when it's dropped is to do so here, as it would in a program.
    used = [_pool_used_once(get_client, group) for _ in range(CALLS)]
    pools = len({id(pool) for pool in used})
    master, sentinel = group.master.opened(), group.sentinels[0].opened()
    if pools > 1:
        raise Wrong(
            f"{CALLS} calls of `get_client()` returned clients of {pools} pools. The master accepted "
            f"{so_many(master, 'connection')}, and the sentinel {so_many(sentinel, 'connection')}. `master_for` builds "
            "a pool each time it is called. Which line calls it, and how often does that line run?"
        )
    if master > 1:
        raise Wrong(
            f"There is one pool, and {CALLS} commands, one after another, opened {master} connections to the master. "
            f"For each of them the sentinels were asked again. What closes a connection that the next part could use?"
        )
    counted = int(redis.Redis(connection_pool=used[0]).get(VIEWS) or 0)
    if counted != CALLS:
        raise Wrong(f"{CALLS} views were counted, and the master says {counted}. Where did your code write to it?")
    return (
        f"{CALLS} calls of `get_client()`, 1 pool, 1 connection to the master, and the sentinel was asked once. When "
        "this pool opens its next connection, it asks again where the master is."
    )


def _ports(group: SentinelLab) -> list[int]:
    return [group.master.port, *(port for _, port in group.addresses)]


def _pool_used_once(get_client: Callable[[], Any], group: SentinelLab) -> redis.ConnectionPool:
    """Ask for a client, count a view with it, and return its pool."""
    try:
        client = require_client(get_client(), "`get_client()` returned")
        client.incr(VIEWS)
    except redis.sentinel.MasterNotFoundError as error:
        raise Wrong(
            f"The sentinels answered {named(error)}. They know the master by the name that your function is given, "
            f"`service`. Which name did your code ask for?"
        ) from error
    except redis.ResponseError as error:
        if "unknown command" not in str(error):
            raise
        raise Wrong(
            f"The first command failed with {named(error)}. The client is connected to a sentinel, which stores no "
            "data: it only knows where the master is. Which method of `redis.Sentinel` returns a client of the master?"
        ) from error
    pool: redis.ConnectionPool = client.connection_pool
    _require_sentinels_pool(pool)
    return pool


def _require_sentinels_pool(pool: redis.ConnectionPool) -> None:
    if not isinstance(pool, redis.sentinel.SentinelConnectionPool):
        raise Wrong(
            f"The commands reached the master. But the client's pool is a `{type(pool).__name__}`, which stores the "
            "address that the sentinels named at that moment. After a failover it would go on writing to the old "
            "master, or find nothing there. What could ask the sentinels again, each time a connection is opened?"
        )
    if not pool.is_master:
        raise Wrong(
            "The client is one for a replica: it reached the master only because there is no replica here. With one, "
            "`INCR` would fail with `ReadOnlyError`. Which method of `redis.Sentinel` returns a client of the master?"
        )


HINTS = (
    "`sentinel.master_for(service)` returns a client that asks the sentinels for the master's address. What does it "
    "build for that client, each time it is called?",
    "`share_master` runs once, before any part asks for a client; `get_client` runs 20 times. In which of the two "
    "should `master_for` be called?",
    "Call `master_for` in `share_master`, before `get_client` is defined, and let `get_client` return that client.",
)
