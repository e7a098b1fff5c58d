"""An incident: a service that grew to ten replicas, whose connections no longer fit the server."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import redis

from tutorial_lib.exercises._incidents import ended, method_of
from tutorial_lib.exercises._words import named, so_many
from tutorial_lib.load.callers import run_threads
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown
from tutorial_lib.servers import Server

ID = "ten-replicas"
LESSON = "15"
TITLE = "Ten replicas"
NAME = "Replica"
SECONDS = 10

REPLICAS, MAXCLIENTS, THREADS = 10, 24, 4
SHARE = MAXCLIENTS // (REPLICAS + 1)
BUSY = 0.1
GONE_WITHIN = 1.0
REFUSAL = "max number of clients reached"

PROMPT = """
**What happened.** Before the holidays the shop grows from two replicas of its service to ten. In the first busy hour
some pages fail, on any replica. In the evening a new version is deployed, replica by replica, and after the third one
Redis lets no one in at all, not even `redis-cli`.

**The log** of the replicas, one line for each kind of error:

```
replica 4: view: ConnectionError: max number of clients reached
replica 7: add: ConnectionError: max number of clients reached
deploy: replicas 1, 2 and 3 stopped; 24 clients connected
replica 11: view: ConnectionError: max number of clients reached
```

**Given** the program below, `replica.py`, with the class `Replica(host, port)`: each replica is a process of its own
and creates one. **4** threads call `view(page)` and `add(cart, item)`, and the deployment calls `stop()`. The server
accepts **24** connections. To deploy, one new replica starts before an old one is stopped. The cell above the program
lets ten replicas work at the same moment, and counts their connections.

**Write** a `Replica` of which ten fit, and one more.

**It passes when**
- **4** threads of a replica ask at the same moment, and none gets an error;
- a replica opens at most **2** connections: 11 times 2 is 22;
- ten replicas work at the same time, and so does an eleventh while it replaces one of them;
- after `stop()` the server has no connection of that replica.
"""


class starter:
    def __init__(self, host, port):
        self.pages_pool = redis.ConnectionPool(host=host, port=port, max_connections=4)
        self.carts_pool = redis.ConnectionPool(host=host, port=port, max_connections=4)
        self.pages = redis.Redis(connection_pool=self.pages_pool)
        self.carts = redis.Redis(connection_pool=self.carts_pool)

    def view(self, page):
        return self.pages.incr(f"views:{page}")

    def add(self, cart, item):
        return self.carts.rpush(f"cart:{cart}", item)

    def stop(self):
        self.pages.close()
        self.carts.close()


class solution:
    def __init__(self, host, port):
        self.pool = redis.BlockingConnectionPool(host=host, port=port, max_connections=2, timeout=5)
        self.r = redis.Redis(connection_pool=self.pool)

    def view(self, page):
        return self.r.incr(f"views:{page}")

    def add(self, cart, item):
        return self.r.rpush(f"cart:{cart}", item)

    def stop(self):
        self.pool.close()


WHY = """
Limits add up: pools times replicas, and one replica more while you deploy. So two parts of a replica share a pool, and
because 4 threads share its 2 connections, the pool has to wait. `close()` of a client that was given a pool leaves the
pool as it is, since others may use it: the pool's own `close()` disconnects.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with redis.Redis(host=lab.server.host, port=lab.server.port) as other:
        other.ping()
        shop = _Shop(answer, lab, other)
        shop.has_one()
        shop.is_stopped(shop.replicas.pop())
        lab.server.set_limit(MAXCLIENTS + 1)  # one is the check's own
        shop.grows()
        shop.deploys()
    return (
        f"{REPLICAS} replicas with {THREADS} threads each opened {shop.most} of {MAXCLIENTS} connections, and "
        "no thread got an error. An eleventh replica worked before an old one was stopped."
    )


class _Replica:
    """One of the learner's replicas."""

    def __init__(self, made: Any, lab: Lab) -> None:
        self.view = method_of(made, "view", lab, "home")
        self.add = method_of(made, "add", lab, "ada", "tea")
        self.stop = method_of(made, "stop", lab)


class _Shop:
    def __init__(self, answer: Callable[..., Any], lab: Lab, other: redis.Redis) -> None:
        self._answer = answer
        self._lab = lab
        self._other = other
        self.replicas: list[_Replica] = []
        self.most = 0

    def has_one(self) -> None:
        opened_before = self._lab.server.opened()
        replica = self._start()
        self.replicas.append(replica)
        for name, call in (("view", lambda: replica.view("start")), ("add", lambda: replica.add("bob", "tea"))):
            result = ended(call)
            if isinstance(result, Exception):
                raise Wrong(f"One replica, one thread: `{name}` raised {named(result)}. What does it use?")
            if result != 1:
                raise Wrong(f"`{name}` was called for the first time and returned {shown(result)}. It should return 1.")
        self._rush([replica])
        opened = self._lab.server.opened() - opened_before
        if opened > SHARE:
            raise Wrong(
                f"One replica, {THREADS} threads: it opened {so_many(opened, 'connection')}. {REPLICAS + 1} such "
                f"replicas are {opened * (REPLICAS + 1)}, and the server accepts {MAXCLIENTS}. Which pools "
                "does a replica have, and what is the sum of their limits?"
            )

    def grows(self) -> None:
        self.replicas = [self._start() for _ in range(REPLICAS)]
        opened = self._rush(self.replicas)
        if opened < REPLICAS:
            raise Wrong(
                f"{REPLICAS} replicas opened {so_many(opened, 'connection')}. Each is a process of its own in "
                "production, and can't share a pool with another. Where does your class keep its pool?"
            )
        self.most = len(self._lab.server.clients()) - 1

    def deploys(self) -> None:
        new = self._start()
        self._rush([new])
        old = self.replicas.pop()
        self.is_stopped(old)
        self._rush([*self.replicas, new])

    def is_stopped(self, replica: _Replica) -> None:
        before = self._connected()
        replica.stop()
        until = monotonic() + GONE_WITHIN
        others = [each for each in self.replicas if each is not replica]
        while self._connected() > self._expected(before, others) and monotonic() < until:
            sleep(0.01)
        left = self._connected()
        if left > self._expected(before, others):
            raise Wrong(
                f"`stop()` has returned, and the server still has {so_many(left, 'connection')}"
                f"{' of that replica' if not others else ', as many as before'}. Every deployment leaves some behind, "
                "until the server is full. Which of your objects owns the pool, and what closes it?"
            )

    def _expected(self, before: int, others: list[_Replica]) -> int:
        return before - 1 if others else 0

    def _connected(self) -> int:
        return len(self._lab.server.clients()) - 1

    def _start(self) -> _Replica:
        made = self._lab.call(self._answer, self._lab.server.host, self._lab.server.port)
        return _Replica(made, self._lab)

    def _rush(self, replicas: list[_Replica]) -> int:
        """Let all threads of these replicas ask while the server is busy. Return how many connections were opened."""
        before = self._lab.server.opened()
        calls = [
            (lambda each=each: each.view("home")) if thread % 2 else (lambda each=each: each.add("ada", "tea"))
            for each in replicas
            for thread in range(THREADS)
        ]
        self._lab.server.pause(BUSY)
        results = run_threads(len(calls), lambda: calls.pop()())
        errors = [result for result in results if isinstance(result, redis.RedisError)]
        opened = self._lab.server.opened() - before
        if errors:
            each = " each" if len(replicas) > 1 else ""
            who = f"{so_many(len(replicas), 'replica')}, {THREADS} threads{each}"
            raise Wrong(f"{who}: {so_many(len(errors), 'call')} got {named(errors[0])}. {_idea(errors[0])}")
        return opened


def _idea(error: redis.RedisError) -> str:
    if REFUSAL in str(error):
        return f"The server accepts {MAXCLIENTS} connections. How many does each replica open, and when?"
    if isinstance(error, redis.ConnectionError):
        return f"{THREADS} threads share {SHARE} connections. What should a thread do until one is returned?"
    return "The server was busy for 0.1 s only. How long does a thread of yours wait?"


def dashboard(program: Callable[..., Any], server: Server) -> Any:
    """Let ten replicas work at the same moment, and draw what they opened beside what the server accepts."""
    from tutorial_lib.plots.budget import plot_budget  # here: matplotlib takes half a second to import

    replicas = [program(server.host, server.port) for _ in range(REPLICAS)]
    calls = [call for each in replicas for call in [each.view, each.view, each.add, each.add]]
    server.pause(0.2)
    run_threads(len(calls), lambda: _ask(calls.pop()))
    opened = server.opened()
    for each in replicas:
        each.pages_pool.disconnect()
        each.carts_pool.disconnect()
    return plot_budget(REPLICAS, 2, opened // (2 * REPLICAS), MAXCLIENTS)


def _ask(call: Callable[..., Any]) -> Any:
    return call("home") if call.__name__ == "view" else call("ada", "tea")


HINTS = (
    "Count in the picture: how many connections does one replica open when its threads ask at the same moment? "
    "`server.clients()` lists them, and a `client_name` for each pool tells whose they are.",
    "The server's limit is one number for all. Divide it by the number of replicas while you deploy, then look at how "
    "many pools have to share what one replica gets.",
    "Fewer connections than threads means that a thread has to wait. Which kind of pool lets it wait?",
    "Start a replica on a server of your own, call `stop()`, and look at `server.clients()` again. Does a client close "
    "a pool that it was given?",
)
