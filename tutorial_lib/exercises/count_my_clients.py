"""Counting the connections of all processes by name, from the server's list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from time import monotonic
from typing import Any

import redis

from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "count-my-clients"
LESSON = "07"
TITLE = "Count connections by name"
NAME = "count_clients"

GREETINGS, COUNTERS, LISTENER, WATCH = "shop:greetings", "shop:counters", "shop:listener", "shop:watch"
OPEN_FIRST = {GREETINGS: 5, COUNTERS: 1, LISTENER: 1, WATCH: 1}
OPEN_LATER = {**OPEN_FIRST, GREETINGS: 2}

PROMPT = """
**Given** a shop that runs in several processes, on a server that other programs use too. The names of the shop's
connections begin with `shop:`. Once a minute a dashboard calls your function with a client `r`.

**Write** `count_clients(r)`, which returns a dictionary: for each name that begins with `shop:`, how many connections
of that name are open now. For example `{"shop:greetings": 5, "shop:counters": 1}`.

**It passes when**
- the counts include the connections of **all** processes, in use, idle or subscribed, and the one of `r`;
- they include no other connections: none without a name, and none with a name such as `shopping-list`;
- after a process has ended, the next call returns the new counts;
- `count_clients` opens **0** connections.

Ask for the whole list: the course's fallback server doesn't know filters such as `_type=`.
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


WHY = """
A pool knows only its own connections, and CLIENT LIST has those of all processes. `collections.Counter` counts as well
as the loop does.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    with ExitStack() as opened_here:

        def process(name: str | None, connections: int) -> redis.ConnectionPool:
            """Open connections as another process would; the last of them stays in use."""
            pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, client_name=name)
            opened_here.callback(pool.disconnect)
            borrowed = [pool.get_connection() for _ in range(connections)]
            for connection in borrowed[:-1]:
                pool.release(connection)
            return pool

        first = process(GREETINGS, 3)
        process(GREETINGS, 2)
        process(COUNTERS, 1)
        subscriber = opened_here.enter_context(redis.Redis(connection_pool=process(LISTENER, 0)).pubsub())
        subscriber.subscribe("orders")
        for others in (None, "backup", "shopping-list", "workshop:1"):
            process(others, 2)
        r = opened_here.enter_context(redis.Redis(host=lab.server.host, port=lab.server.port, client_name=WATCH))
        _wait_for(r, lambda client: client["name"] == LISTENER and "P" in client["flags"], 1)
        opened = lab.server.opened()
        _require(_count(answer, r, lab), OPEN_FIRST, lab, first=True)
        first.disconnect()
        _wait_for(r, lambda client: client["name"] == GREETINGS, OPEN_LATER[GREETINGS])
        _require(_count(answer, r, lab), OPEN_LATER, lab, first=False)
        if lab.server.opened() > opened:
            raise Wrong(
                f"The counts are right, but `{lab.name}` opened {lab.server.opened() - opened} new connections to get "
                "them. `r` has a connection already. What else did your function create?"
            )
    return (
        "16 connections were open, and 8 of them were the shop's, in five processes: you found them all, in use, idle "
        "and subscribed. One process ended, and the next call noticed."
    )


def _count(answer: Callable[..., Any], r: redis.Redis, lab: Lab) -> Any:
    try:
        return lab.call(answer, r)
    except redis.ResponseError as error:
        # The fallback knows neither `CLIENT LIST TYPE` nor INFO.
        if lab.server.is_real:
            raise
        raise Wrong(
            f"The fallback server, which stands in for Redis here, does not know a command of `{lab.name}`. It knows "
            "`client_list()` without arguments. How do you pick the shop's connections from the whole list?"
        ) from error


def _wait_for(r: redis.Redis, is_one: Callable[[dict[str, str]], bool], number: int) -> None:
    """Wait until the list that the answer will get has so many; the fallback's may be behind its own handle's."""
    until = monotonic() + 2
    while monotonic() < until:
        if sum(map(is_one, r.client_list())) == number:
            break


def _require(counted: Any, wanted: dict[str, int], lab: Lab, *, first: bool) -> None:
    if not isinstance(counted, Mapping):
        raise Wrong(f"`{lab.name}` returned {shown(counted)}. It should be a dictionary, from names to counts.")
    for name, number in counted.items():
        if not isinstance(number, int):
            raise Wrong(
                f"For {shown(name)} `{lab.name}` returned {shown(number)}. It should be a "
                "number: how many connections have that name?"
            )
    found = {name: number for name, number in counted.items() if number != 0}
    if found != wanted:
        raise Wrong(
            # In one order: the fallback lists its clients in any.
            f"`{lab.name}` returned {shown(_sorted(counted))}; the right counts are {shown(_sorted(wanted))}. "
            f"{_what_is_wrong(found, wanted, first)}"
        )


def _what_is_wrong(found: dict[Any, Any], wanted: dict[str, int], first: bool) -> str:
    if not first and found.get(GREETINGS) == OPEN_FIRST[GREETINGS]:
        return "One process has ended since the first call. When did your function ask the server?"
    if any(isinstance(name, bytes) for name in found):
        return "The names are bytes. `r.client_list()` returns them as text."
    if not found:
        return "Your function found none. Which list has the connections of all processes?"
    strangers = [name for name in _sorted(found) if not str(name).startswith("shop:")]
    if strangers:
        return f"{shown(strangers[0])} does not begin with `shop:`. Which names belong in the dictionary, and how?"
    if set(wanted) <= set(found) and any(found[name] > number for name, number in wanted.items()):
        earlier = "" if first else "The first call was right; the second counts on from the first. "
        return f"That is more than are open. {earlier}Which number does each count begin with?"
    missing = set(wanted) - set(found)
    if missing == {WATCH}:
        return "The connection of `r` is in the list like any other. Which one did you leave out?"
    if LISTENER in missing and found.get(GREETINGS) == wanted[GREETINGS]:
        return (
            "A connection that is subscribed is in the list like any other. Did you look for names that you knew, or "
            "for one kind of connection only?"
        )
    if set(found) == set(wanted) and found[GREETINGS] == 1:
        return "Each name is there, and counted once. What happens when a name comes a second time?"
    return (
        f"Two processes have connections called `{GREETINGS}`, 3 and 2, and in each process one of them is in use. "
        "Which list has them all, and which of its entries do you count?"
    )


def _sorted(counted: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(sorted(counted.items(), key=str))


HINTS = (
    "A pool knows its own connections. What has a list of the connections of all processes?",
    "`r.client_list()` returns a list with a dictionary for each connection. Print one in a cell of your own: which "
    "key holds the name?",
    'Which names belong to the shop? `"shop:greetings".startswith("shop:")` is `True`.',
    "Go through the list. If the name is one of the shop's, add one to what `counted` has for it, or to 0 if it has "
    "nothing yet (`counted.get(name, 0)`).",
)
