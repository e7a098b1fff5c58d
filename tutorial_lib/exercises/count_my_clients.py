"""Counting everybody's connections by name, from the server's list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from time import monotonic
from typing import Any

import redis

from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "count-my-clients"
LESSON = "06"
TITLE = "Who is there?"
NAME = "count_clients"

GREETINGS, COUNTERS, LISTENER = "shop:greetings", "shop:counters", "shop:listener"

PROMPT = """
The shop runs in several processes, and the names of its connections begin with `shop:`. Write `count_clients(r)`,
where `r` is a client that may ask the server. It returns a dictionary: for each name that begins with `shop:`, how
many connections of that name are open now, of **all** processes. For example
`{"shop:greetings": 5, "shop:counters": 1}`.

Other connections are left out: those without a name, and other people's. `count_clients` is called every minute, and
needs no connection besides that of `r`.
"""


def starter(r):
    counted = {}
    ...  # your code here
    return counted


def solution(r):
    counted = {}
    for client in r.client_list():
        name = client["name"]
        if name.startswith("shop:"):
            counted[name] = counted.get(name, 0) + 1
    return counted


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with ExitStack() as opened_here:

        def process(name: str | None, connections: int) -> redis.ConnectionPool:
            """Open connections as another process would; the last of them stays lent."""
            pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, client_name=name)
            opened_here.callback(pool.disconnect)
            lent = [pool.get_connection() for _ in range(connections)]
            for connection in lent[:-1]:
                pool.release(connection)
            return pool

        first = process(GREETINGS, 3)
        process(GREETINGS, 2)
        process(COUNTERS, 1)
        subscriber = opened_here.enter_context(redis.Redis(connection_pool=process(LISTENER, 0)).pubsub())
        subscriber.subscribe("orders")
        for others in (None, "backup", "shopping-list", "workshop:1"):
            process(others, 2)
        r = opened_here.enter_context(redis.Redis(host=lab.server.host, port=lab.server.port, client_name="watch"))
        r.ping()
        opened = lab.server.opened()
        _require(lab.call(answer, r), {GREETINGS: 5, COUNTERS: 1, LISTENER: 1}, lab, first=True)
        first.disconnect()
        _wait_until_left(r, 2)
        _require(lab.call(answer, r), {GREETINGS: 2, COUNTERS: 1, LISTENER: 1}, lab, first=False)
        if lab.server.opened() > opened:
            raise Wrong(
                f"The counts are right, and {lab.server.opened() - opened} new connections were opened to get them: "
                "the watcher itself shows up in the list. `r` has a connection. What else was made?"
            )
    return (
        "16 connections were open, and 7 of them yours, in four processes: you found them all, lent, idle and "
        "subscribed. One process ended, and the next count knew it. No pool could have told you, for each knows its "
        "own only."
    )


def _wait_until_left(r: redis.Redis, connections: int) -> None:
    """Wait for the list that the answer will be told; the fallback's may be behind its own handle's."""
    until = monotonic() + 2
    while monotonic() < until:
        if sum(client["name"] == GREETINGS for client in r.client_list()) <= connections:
            break


def _require(counted: Any, wanted: dict[str, int], lab: Lab, *, first: bool) -> None:
    if not isinstance(counted, Mapping):
        raise Wrong(f"`{lab.name}` returned {shown(counted)}. Asked for is a dictionary, from names to counts.")
    found = {name: number for name, number in counted.items() if number != 0}
    if found == wanted:
        return
    said = f"`{lab.name}` returned {shown(dict(counted))}, where {shown(wanted)} is right."
    if not first and counted.get(GREETINGS) == 5:
        raise Wrong(f"{said} One process has ended since the last call. When was the server asked?")
    strangers = [name for name in found if not str(_text(name)).startswith("shop:")]
    if any(isinstance(name, bytes) for name in found):
        raise Wrong(f"{said} The names are bytes. `r.client_list()` returns them as text.")
    if strangers:
        raise Wrong(f"{said} {shown(strangers[0])} does not begin with `shop:`. Whom do you leave out?")
    if not found:
        raise Wrong(f"{said} {_why_nothing(lab)}")
    if set(wanted) <= set(found) and any(found[name] > number for name, number in wanted.items()):
        call = "" if first else "The first call was right; the second still counts what was there before. "
        raise Wrong(f"{said} That is more than are open. {call}Where does `counted` begin?")
    if set(wanted) - set(found) == {LISTENER} and found[GREETINGS] == wanted[GREETINGS]:
        raise Wrong(
            f"{said} A subscriber has a connection like any other. Which names did you know beforehand, or which "
            "entries did you ask for?"
        )
    if set(found) == set(wanted) and found[GREETINGS] == 1:
        raise Wrong(f"{said} Each name is found, and counted once. What happens when a name comes a second time?")
    raise Wrong(
        f"{said} Two processes have connections called `{GREETINGS}`, 3 and 2, and in each one is lent. Whose list has "
        "them all, and which of its entries do you count?"
    )


def _why_nothing(lab: Lab) -> str:
    asked = lab.server.commands()["CLIENT LIST"] or lab.server.commands()["CLIENT"]
    if not asked:
        return "The server was not asked for its list. Who else would know other processes' connections?"
    return "The server's list was asked for, with more entries than you looked at. Which did it leave out, or you?"


def _text(name: Any) -> Any:
    return name.decode(errors="replace") if isinstance(name, bytes) else name


HINTS = (
    "A pool knows its own connections. Who has a list of everybody's?",
    "`r.client_list()` returns a list with a dictionary for each connection. Print one in a cell of your own: which "
    "key holds the name?",
    'A text knows how it begins: `"shop:greetings".startswith("shop:")` is `True`.',
    "Go through the list; if the name is one of the shop's, add one to what `counted` has for it, or to 0 if it has "
    "nothing yet (`counted.get(name, 0)`).",
)
