"""The limit for a client of a cluster: a pool for each node, and a server behind each pool."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tutorial_lib.exercises._full_server import refused
from tutorial_lib.exercises._parts import require_number_of_connections, require_several
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "cluster-budget"
LESSON = "14"
TITLE = "The limit for a cluster's client"
NAME = "cluster_limit"

PROMPT = """
**Given** a Redis Cluster of `nodes` nodes, each of which accepts `maxclients` connections. `processes` processes use
it, each with one client, `redis.RedisCluster(..., max_connections=limit)`. Besides those, each node has `others`
connections: monitoring, redis-cli. All four are whole numbers, and `maxclients` is at least `processes + others`.

**Write** `cluster_limit(maxclients, nodes, processes, others)`, which returns two numbers, `limit, most`:
- `limit`, the largest `max_connections` for each client with which no node refuses a connection;
- `most`, how many connections **one process** may then have open, to all nodes together.

**It passes when**
- with your `limit` in every process, and all pools exhausted, each node still has room for its `others`. The check
  tries this with a server that accepts 42 connections and stands for one node, and calculates it for other clusters;
- one more in each client would be too many;
- `most` is right, and both are whole numbers.
"""


def starter(maxclients, nodes, processes, others):
    limit = ...  # your code here
    most = ...
    return limit, most


def solution(maxclients, nodes, processes, others):
    limit = (maxclients - others) // processes
    most = limit * nodes
    return limit, most


WHY = """
A `RedisCluster` has a pool for each node, and `max_connections` is the limit of each of these pools. A node only sees
one pool of each process, so the number of nodes doesn't matter for `limit`. It matters for the process, because its
sockets are the sum of all its pools.
"""


@dataclass(frozen=True)
class Cluster:
    """A cluster and the processes that use it."""

    maxclients: int
    nodes: int
    processes: int
    others: int

    @property
    def limit(self) -> int:
        return (self.maxclients - self.others) // self.processes

    @property
    def most(self) -> int:
        return self.limit * self.nodes

    def at_a_node(self, limit: int) -> str:
        total = self.processes * limit + self.others
        return f"{self.processes} * {limit:,} + {self.others} = {total:,}"

    def __str__(self) -> str:
        return f"`cluster_limit({self.maxclients}, {self.nodes}, {self.processes}, {self.others})`"


ON_THE_SERVER = Cluster(42, 3, 4, 8)
OTHERS = (Cluster(10_000, 6, 40, 200), Cluster(100, 3, 3, 1), Cluster(10, 5, 10, 0), Cluster(9, 2, 4, 0))


def check(answer: Callable[..., Any], lab: Lab) -> str:
    for cluster in (ON_THE_SERVER, *OTHERS):
        limit, most = _answered(answer, cluster, lab)
        _require_limit(limit, cluster, lab)
        _require_most(most, cluster)
    tried, worked = ON_THE_SERVER, OTHERS[0]
    fine, too_many = (_refused(tried, limit, lab) for limit in (tried.limit, tried.limit + 1))
    return (
        f"With your limit each node that accepts {tried.maxclients} gets {tried.at_a_node(tried.limit)} connections, "
        f"and {fine} were refused. With one more in each client it refused {too_many}. For {worked.nodes} nodes and "
        f"{worked.processes} processes the limit is {worked.limit}. A process may then have {worked.most:,} "
        "connections open, so the operating system must allow it that many open files."
    )


def _answered(answer: Callable[..., Any], cluster: Cluster, lab: Lab) -> tuple[Any, ...]:
    value = lab.call(answer, cluster.maxclients, cluster.nodes, cluster.processes, cluster.others)
    numbers = require_several(value, ("limit", "most"), "two numbers", lab)
    for name, number in zip(("limit", "most"), numbers, strict=True):
        require_number_of_connections(number, f"{cluster} returned {shown(number)} as `{name}`")
        if not isinstance(number, int):
            raise Wrong(
                f"{cluster} returned {shown(number)} as `{name}`, a `float`. A pool holds whole connections. Which "
                "operator divides and rounds down?"
            )
    return numbers


def _require_limit(limit: int, cluster: Cluster, lab: Lab) -> None:
    if limit == cluster.limit:
        return
    said = f"{cluster} returned {shown(limit)} as `limit`."
    if limit < 1:
        raise Wrong(f"{said} A pool needs at least 1. With 1 in each client a node has {cluster.at_a_node(1)}.")
    if limit > cluster.limit:
        said += f" A node would then have {cluster.at_a_node(limit)} connections, and accepts {cluster.maxclients:,}."
        if cluster is ON_THE_SERVER:
            said += f" Tried out, it refused {_refused(cluster, min(limit, cluster.maxclients), lab)}."
        raise Wrong(f"{said} {_why_large(limit, cluster)}")
    raise Wrong(
        f"{said} That fits, but more would too: with {limit + 1} in each client a node has "
        f"{cluster.at_a_node(limit + 1)}, and it accepts {cluster.maxclients:,}. {_why_small(limit, cluster)}"
    )


def _why_large(limit: int, cluster: Cluster) -> str:
    ideas = {
        cluster.maxclients // cluster.processes: "Which connections does a node have besides those of the clients?",
        math.ceil((cluster.maxclients - cluster.others) / cluster.processes): "Do you round up or down?",
        cluster.maxclients - cluster.others: "How many processes open connections to the same node?",
        cluster.limit * cluster.nodes: "Is `max_connections` the limit of the whole client, or of each of its pools?",
    }
    return ideas.get(limit, "How many pools lead to one node?")


def _why_small(limit: int, cluster: Cluster) -> str:
    nodes = cluster.nodes
    if limit in (cluster.limit // nodes, (cluster.maxclients - cluster.others) // (cluster.processes * nodes)):
        return f"Do the {nodes} nodes share one limit, or does each of them accept that many?"
    if limit == (cluster.maxclients - cluster.others * nodes) // cluster.processes:
        return "How many of the others are connected to one node?"
    return "What did you keep in reserve, and what for?"


def _require_most(most: int, cluster: Cluster) -> None:
    if most == cluster.most:
        return
    ideas = {
        cluster.limit: "To how many nodes does a process have connections, and how many pools are that?",
        cluster.most * cluster.processes: "`most` counts the connections of one process, not of all of them.",
        cluster.limit * cluster.processes: "That is what one node has. How many does one process have?",
    }
    raise Wrong(
        f"{cluster} returned {shown(most)} as `most`; the limit of {cluster.limit} is right. "
        f"{ideas.get(most, 'How many pools does one process have, and how many connections may each of them hold?')}"
    )


def _refused(cluster: Cluster, limit: int, lab: Lab) -> int:
    """Open on the practice server what all processes would open on one node, and return how many were refused."""
    lab.server.set_limit(cluster.maxclients)
    return refused([cluster.others, *[limit] * cluster.processes], lab)


HINTS = (
    "A `RedisCluster` opens a pool for each node. Draw 3 nodes and 4 processes: how many pools lead to one node?",
    "A node knows nothing of the other nodes, so its budget is that of a single server: subtract the others first, and "
    "divide the rest.",
    "`max_connections` is the limit of each pool of the client. How many pools does the client of one process have?",
    "`limit` doesn't depend on `nodes` at all. `most` is `limit` for each node.",
)
