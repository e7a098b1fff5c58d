"""The first exercise of all: a few names, and each becomes a real connection that the server sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import redis

from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

ID = "pool-party"
LESSON = "00"
TITLE = "A pool party"
NAME = "guests"
PLACES = 5

PROMPT = """
**Given** a pool that holds up to five connections.

**Write** a list of names where the `...` is, such as `["Ada", "Grace", "Linus"]`, and run the cell (Shift+Enter). Each
guest gets a connection from the pool, and then we ask the server which connections it sees.

**It passes when**
- the list has between **1** and **5** names;
- each name is text, between quotes.
"""


def starter():
    return ...  # your guests, between [ and ]


def solution():
    return ["Ada", "Grace", "Linus"]


WHY = """
The pool opened a connection for each guest, because all of them had one at the same time. Any list of up to five names
works.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    names = _require_names(lab.call(answer), lab)
    pool = redis.ConnectionPool(host=lab.server.host, port=lab.server.port, max_connections=PLACES)
    connections = [pool.get_connection() for _ in names]
    for connection, name in zip(connections, names, strict=True):
        # Redis takes no spaces and nothing outside ASCII in a connection's name.
        connection.send_command("CLIENT", "SETNAME", quote(name))
        connection.read_response()

    # The pool was told nothing about names: what is drawn is what the server says.
    present = sorted(lab.server.clients(), key=lambda client: client.id)
    for connection in connections:
        pool.release(connection)
    opened = lab.server.opened()
    return (
        f"The server counts {opened} connection{'s' if opened > 1 else ''}, and these are their names:\n\n"
        f"```text\n{draw([unquote(client.name) for client in present], PLACES)}\n```\n\n"
        "Each swimmer is a real connection. By now every connection is back in the pool: open, idle, and ready for the "
        "next caller."
    )


def draw(swimmers: list[str], places: int) -> str:
    """Draw a pool from above, one lane for each place."""
    width = max(len(name) for name in swimmers) + 12
    lanes = [f" ~ ~  \\o/  {name} ".ljust(width, "~") for name in swimmers]
    lanes += [" ~".ljust(width, "~")] * (places - len(swimmers))
    edge = "+" + "=" * width + "+"
    return "\n".join([edge, *(f"|{lane}|" for lane in lanes), edge])


def _require_names(value: Any, lab: Lab) -> list[str]:
    if value is None:
        raise Wrong(f"`{lab.name}` returned `None`, so there are no guests. Write the list after the word `return`.")
    if isinstance(value, str):
        raise Wrong(
            f"{shown(value)} is a single text, and Python reads a text letter by letter. Its {len(value)} guests would "
            f"be called {', '.join(value[:3])} … Put each name between quotes of its own, and all of them between `[` "
            "and `]`."
        )
    if not isinstance(value, list | tuple | set):
        raise Wrong(f"`{lab.name}` returned {shown(value)}. It has to return a list of texts, between `[` and `]`.")
    if ... in value:
        raise Wrong("The list still contains the `...` that it came with. Put a name in its place, or remove it.")
    for guest in value:
        if not isinstance(guest, str):
            raise Wrong(
                f"The guest {shown(guest)} isn't text. Put each name between quotes, with commas between names."
            )
    names = [" ".join(name.split()) for name in value]
    if not names:
        raise Wrong("The list is empty, so the pool opened 0 connections: it opens one only when a guest needs it.")
    if not all(names):
        raise Wrong(
            f"One of your {len(names)} guests has an empty name, and the server shows a connection by its name."
        )
    if len(names) > PLACES:
        raise Wrong(
            f"{len(names)} guests, and the pool holds {PLACES} connections. Guest number {PLACES + 1} would get "
            "`MaxConnectionsError: Too many connections`. Which guest can you leave out?"
        )
    return names


HINTS = (
    "A list goes between `[` and `]`, with commas between its parts.",
    'A name is text, so it goes between quotes: `"Ada"`.',
    "Replace the three dots after `return`, and keep the word `return`. Any five names will do.",
)
