"""Connections that have a name in the server's own list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import borrowed_from
from tutorial_lib.exercises._pools import borrow, made_pool, short_wait
from tutorial_lib.exercises._words import named
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "name-your-connections"
LESSON = "07"
TITLE = "Name your connections"
NAME = "make_pool"

MODULES = ("greetings", "counters")
LIMIT = 3

PROMPT = """
**Given** a server whose CLIENT LIST shows many connections without a name, so you can't tell which program opened them.

**Write** `make_pool(host, port, module)`, which returns a pool for one module of the shop.

**It passes when**
- the pool may open **3** connections;
- CLIENT LIST shows the name `shop:` and the module for **each** connection that the pool opens: with the module
  `"greetings"` that is `shop:greetings`;
- after all connections have been closed by the server, those that the pool opens in their place have the name too.
"""


def starter(host, port, module):
    return ...  # your code here


def solution(host, port, module):
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name=f"shop:{module}")


WHY = """
The pool passes `client_name` to each connection that it opens, and the connection sends it in its handshake. So a
connection that replaces a lost one has the name too. `?client_name=…` in a URL works as well.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pools = [made_pool(answer, lab, lab.server.host, lab.server.port, module) for module in MODULES]
    for pool, module in zip(pools, MODULES, strict=True):
        _require_names(pool, module, lab, "")
    lab.server.kill_clients()
    for pool, module in zip(pools, MODULES, strict=True):
        _require_names(pool, module, lab, "All connections were closed by the server, and the pool opened others. ")
    return (
        f"{LIMIT * len(MODULES)} connections were opened, closed by the server and opened again, and each time they "
        f"had their names: {' and '.join(f'`{_name(module)}`' for module in MODULES)}."
    )


# The fallback takes a name that Redis refuses.
_MISFIT = " Redis takes no name with a space in it. Which characters are in yours?"


def _name(module: str) -> str:
    return f"shop:{module}"


def _require_names(pool: redis.ConnectionPool, module: str, lab: Lab, before: str) -> None:
    """Borrow all that the pool may hold, and look up what the server calls them."""
    wanted = _name(module)
    names = _names_of(pool, lab)
    unnamed = names.count("")
    if unnamed == LIMIT:
        raise Wrong(
            f"{before}CLIENT LIST shows {LIMIT} connections of the module `{module}`, and none of them has a name. "
            f"{_why(pool, before)}"
        )
    if unnamed:
        named = LIMIT - unnamed
        raise Wrong(
            f"{before}CLIENT LIST shows {LIMIT} connections of the module `{module}`: {named} "
            f"{'has' if named == 1 else 'have'} a name and {unnamed} {'has' if unnamed == 1 else 'have'} none. A "
            "command is sent on *one* connection, and names only that one. What could name each connection when it "
            "is opened?"
        )
    other = next((name for name in names if name != wanted), None)
    if other is not None:
        misfit = _MISFIT if " " in other else " Which part of that is wrong, and where does it come from?"
        raise Wrong(
            f"{before}A connection of the module `{module}` is called {shown(other)}; it should be called `{wanted}`."
            f"{misfit}"
        )


def _names_of(pool: redis.ConnectionPool, lab: Lab) -> list[str]:
    numbers = []
    with short_wait(pool), borrowed_from(pool, 0) as borrowed:  # one by one below, for what each may say
        for _ in range(LIMIT):
            borrowed.append(_borrow_named(pool))
            borrowed[-1].send_command("CLIENT", "ID")
            numbers.append(borrowed[-1].read_response())
        _require_limit(pool)
        names = {client.id: client.name for client in lab.server.clients()}
    return [names.get(number, "") for number in numbers]


def _borrow_named(pool: redis.ConnectionPool) -> redis.Connection:
    try:
        return borrow(pool)
    except redis.AuthenticationError as error:
        raise Wrong(
            f"The server refused the new connection: {named(error)}. A `username` is for signing in. Which argument "
            "names the connection?"
        ) from None
    except redis.ConnectionError as error:
        if not (isinstance(error, redis.MaxConnectionsError) or str(error) == "No connection available."):
            raise
        raise Wrong(
            f"The pool should hold {LIMIT} connections, and could not open them all. Its limit is "
            f"{pool.max_connections}. Is that too low, or has something borrowed a connection and not returned it?"
        ) from None
    except redis.ResponseError as error:
        raise Wrong(f"The server did not accept what the new connection sent: `{error}`.{_MISFIT}") from None


def _require_limit(pool: redis.ConnectionPool) -> None:
    if pool.max_connections != LIMIT:
        raise Wrong(
            f"The limit of the pool is {pool.max_connections}; it should be {LIMIT}. Which argument sets the limit?"
        )


def _why(pool: redis.ConnectionPool, before: str) -> str:
    if "client_name" in pool.connection_kwargs:
        return "The pool was given a `client_name`. What value did that have when the pool was created?"
    if pool.connection_class is not redis.Connection:
        return (
            "The pool uses a connection class of yours, but redis-py never called the method that sends the name. "
            "Which argument of the pool makes each connection send one?"
        )
    if before:
        return (
            "They had their names before. A name belongs to one connection and ends with it. What could name each "
            "connection when it is opened?"
        )
    return (
        "The pool opens the connections, and they take their settings from the pool alone. Which of your lines gives "
        "the name to the pool?"
    )


HINTS = (
    "The first two pools of the lesson had a name each. Where was it written?",
    "A connection takes its settings from the pool that opens it. A client that is given a pool changes none of them.",
    "`redis.ConnectionPool` passes the argument `client_name` to each connection, which sends it when it is opened.",
    'Beside `host`, `port` and `max_connections`, give the pool `client_name`: `"shop:"` and then the module.',
)
