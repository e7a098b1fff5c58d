"""Connections that say whose they are, in the server's own list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._calls import lent_out
from tutorial_lib.exercises._pools import borrow, impatient, made_pool
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "name-your-connections"
LESSON = "06"
TITLE = "Whose are they?"
NAME = "make_pool"

MODULES = ("greetings", "counters")
LIMIT = 3

PROMPT = """
It is night, and the server's list is full of connections without a name. Write `make_pool(host, port, module)`. It
returns a pool of **3** connections for one module of the shop. In the server's list **each** connection that this
pool ever opens is called `shop:` and the module: with the module `"greetings"` it is `shop:greetings`.

Connections get cut, and the pool opens others in their place. Those have the name, too.
"""


def starter(host, port, module):
    return ...  # your code here


def solution(host, port, module):
    return redis.ConnectionPool(host=host, port=port, max_connections=3, client_name=f"shop:{module}")


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pools = [made_pool(answer, lab, lab.server.host, lab.server.port, module) for module in MODULES]
    for pool, module in zip(pools, MODULES, strict=True):
        _require_names(pool, module, lab, "")
    lab.server.kill_clients()
    for pool, module in zip(pools, MODULES, strict=True):
        _require_names(pool, module, lab, "All connections were cut, and the pool opened others. ")
    return (
        f"{LIMIT * len(MODULES)} connections were opened, cut, and opened again, and each said whose it is: "
        f"{' and '.join(f'`{_name(module)}`' for module in MODULES)}. Whoever is woken up at night knows whom to ask."
    )


# The fallback takes a name that Redis refuses.
_MISFIT = " Redis takes no name with a space in it. Which characters are in yours?"


def _name(module: str) -> str:
    return f"shop:{module}"


def _require_names(pool: redis.ConnectionPool, module: str, lab: Lab, before: str) -> None:
    """Borrow all that the pool may lend, and look up what the server calls them."""
    wanted = _name(module)
    names = _names_of(pool, lab)
    unnamed = names.count("")
    if unnamed == LIMIT:
        raise Wrong(
            f"{before}Of {LIMIT} connections of the module `{module}`, the server knows none by a name. {_why(pool)}"
        )
    if unnamed:
        raise Wrong(
            f"{before}Of {LIMIT} connections of the module `{module}`, {LIMIT - unnamed} "
            f"{'has' if LIMIT - unnamed == 1 else 'have'} a name and {unnamed} none. A command is sent on *one* "
            "connection, and names that one only. Who could say it on each that is opened?"
        )
    other = next((name for name in names if name != wanted), None)
    if other is not None:
        raise Wrong(
            f"{before}A connection of the module `{module}` is called {shown(other)}, and should be `{wanted}`."
            f"{_MISFIT if ' ' in other else ''}"
        )


def _names_of(pool: redis.ConnectionPool, lab: Lab) -> list[str]:
    numbers = []
    with impatient(pool), lent_out(pool, 0) as lent:  # one by one below, for what each may say
        for _ in range(LIMIT):
            lent.append(_borrow_named(pool))
            lent[-1].send_command("CLIENT", "ID")
            numbers.append(lent[-1].read_response())
        _require_full(pool)
        names = {client.id: client.name for client in lab.server.clients()}
    return [names.get(number, "") for number in numbers]


def _borrow_named(pool: redis.ConnectionPool) -> redis.Connection:
    try:
        return borrow(pool)
    except redis.MaxConnectionsError:
        raise Wrong(
            f"The pool should lend {LIMIT} connections, and refused one of them: its limit is {pool.max_connections}. "
            "Is that too low, or has somebody kept what was borrowed?"
        ) from None
    except redis.ConnectionError as error:
        if str(error) != "No connection available.":
            raise
        raise Wrong(
            f"The pool should lend {LIMIT} connections, and had none left. Its limit is {pool.max_connections}. "
            "Is that too low, or has somebody kept what was borrowed?"
        ) from None
    except redis.ResponseError as error:
        raise Wrong(f"The server did not accept what the new connection said: `{error}`{_MISFIT}") from None


def _require_full(pool: redis.ConnectionPool) -> None:
    if pool.max_connections != LIMIT:
        raise Wrong(f"The limit of the pool is {pool.max_connections}; it should be {LIMIT}.")


def _why(pool: redis.ConnectionPool) -> str:
    if "client_name" in pool.connection_kwargs:
        return "What did the name become on its way to the pool?"
    return (
        "Connections are opened by the pool, and take their settings from the pool alone. Where did you write the "
        "name, and when is it said?"
    )


HINTS = (
    "The lesson's first two pools had a name each. Where was it written?",
    "A connection takes its settings from the pool that opens it. A client that is given a pool changes none of them.",
    "`redis.ConnectionPool` hands the argument `client_name` on to each connection, which says it when it is opened.",
    'Beside `host`, `port` and `max_connections`, give the pool `client_name`, which is `"shop:"` and the module.',
)
