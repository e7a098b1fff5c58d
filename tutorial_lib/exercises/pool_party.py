"""The first exercise of all: whoever writes down a few names sees them come in as real connections."""

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
You have a pool with five places. Whom do you invite?

Put a list of up to five names where the `...` is, such as `["Ada", "Grace", "Linus"]`, and run the cell
(Shift+Enter). Each guest gets a connection of a real pool. Then we ask the server who is there.
"""


def starter():
    return ...  # your guests, between [ and ]


def solution():
    return ["Ada", "Grace", "Linus"]


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
    return (
        f"The server counts {lab.server.opened()} connections, and knows them by name:\n\n"
        f"```text\n{draw([unquote(client.name) for client in present], PLACES)}\n```\n\n"
        "Each swimmer is a real connection. Now they are all back in the pool, open and idle, "
        "for whoever comes next."
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
        raise Wrong(f"`{lab.name}` returned `None`: nobody was invited. The list stands behind the word `return`.")
    if isinstance(value, str):
        raise Wrong(
            f"{shown(value)} is one text, and a text is a row of letters: that would be {len(value)} guests called "
            f"{', '.join(value[:3])} … Put the name between `[` and `]`."
        )
    if not isinstance(value, list | tuple | set) or not all(isinstance(name, str) for name in value):
        raise Wrong(f"`{lab.name}` returned {shown(value)}. Asked for is a list of texts, each between quotes.")
    names = [name.strip() for name in value]
    if not all(names):
        raise Wrong(f"One of your {len(names)} guests has no name. The server shows a connection by its name.")
    if not names:
        raise Wrong("The list is empty, so 0 connections were opened: a pool opens none before somebody asks.")
    if len(names) > PLACES:
        raise Wrong(
            f"{len(names)} guests, and the pool has {PLACES} places. redis-py would tell number {PLACES + 1}: "
            "`MaxConnectionsError: Too many connections`. Whom can you leave out?"
        )
    return names


HINTS = (
    "A list stands between `[` and `]`, with commas between its parts.",
    'A name is a text, so it stands between quotes: `"Ada"`.',
    "Replace the three dots behind `return`, and leave `return` where it is. Any five names will do.",
)
