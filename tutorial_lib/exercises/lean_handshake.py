"""A handshake of two commands, which still gives the connection a name and a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from tutorial_lib.exercises._pools import explained, require_pool, require_tcp
from tutorial_lib.network.counts import RequestCounter
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong

ID = "lean-handshake"
LESSON = "02"
TITLE = "A shorter handshake"
NAME = "lean_pool"

MOST = 2

PROMPT = """
**Given** a cloud function that starts, sends one command to Redis and ends, thousands of times an hour. It
cannot keep its connection, so opening one should take as few commands as possible.

**Write** `lean_pool(host, port)`, which returns a pool for the Redis at `host` and `port`.

**It passes when**
- the pool's connections are called `shop` in CLIENT LIST;
- they are in database **1**;
- each sends at most **2** commands to the server before the first command of yours;
- building the pool opens no connection, because the commands would be sent all the same, only earlier.
"""


def starter(host, port):
    pool = ...  # your code here
    return pool


def solution(host, port):
    pool = redis.ConnectionPool(host=host, port=port, db=1, client_name="shop", protocol=2, driver_info=None)
    return pool


WHY = """
`CLIENT SETNAME` and `SELECT` are the two commands that you need. `protocol=2` leaves out HELLO, and with it the notices
of maintenance that need protocol 3; `driver_info=None` leaves out both CLIENT SETINFO. The same settings work in a URL,
on a `BlockingConnectionPool`, or on a client whose pool you return.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    pool = require_pool(lab.call(answer, lab.server.host, lab.server.port), lab)
    if early := lab.server.opened():
        raise Wrong(
            f"Building the pool opened {early} connection{'s' if early > 1 else ''}. That sends the handshake earlier, "
            "and every further connection sends it again. Which line of code talks to the server?"
        )
    sent, name, database = _open_one(pool, lab)
    before_yours = f"It sent {len(sent)} command{'' if len(sent) == 1 else 's'} before yours"
    if name != "shop":
        called = f"is called `{name}`" if name else "has no name"
        raise Wrong(
            f"The connection {called} in CLIENT LIST, and it should be called `shop`. {before_yours}, and the one that "
            "gives the name is worth a round trip. Which setting of the pool is that?"
        )
    if database != 1:
        raise Wrong(
            f"The connection is in database {database}, and it should be in database 1. {before_yours}. "
            "Every new connection begins in database 0. Which setting of the pool selects another?"
        )
    if len(sent) > MOST:
        raise Wrong(
            f"A new connection sent {len(sent)} commands before yours: {_listed(sent)}. At most {MOST} may be sent, "
            f"and the name and the database take one each. {_question_about(sent)}"
        )
    return (
        f"Called `shop`, in database 1, after {len(sent)} command{'' if len(sent) == 1 else 's'} ({_listed(sent)}). "
        "With its default settings, redis-py 8.1 sends 6. A GET on a new connection now takes "
        f"{len(sent) + 2} round trips instead of 8."
    )


def _open_one(pool: Any, lab: Lab) -> tuple[list[str], str, int]:
    """Open a connection as the pool would, and return what it sent before a first command, its name, its database."""
    require_tcp(pool)
    try:
        connection = pool.make_connection()
    except TypeError as error:
        raise explained(pool, error) from error
    sent: list[str] = []
    send = connection.send_packed_command

    def note(command: Any, *more: Any, **options: Any) -> Any:
        # What an old server does not know it does not count, so listen where it is sent.
        parts = command if isinstance(command, (list, tuple)) else [command]
        heard: Counter[str] = Counter()
        RequestCounter(heard).feed(b"".join(part.encode() if isinstance(part, str) else part for part in parts))
        sent.extend(heard.elements())
        return send(command, *more, **options)

    connection.send_packed_command = note
    try:
        connection.connect()
        # A connection of the learner's own class may put off what it has to say until the first command.
        connection.send_command("CLIENT", "ID")
        number = connection.read_response()
        client = next(client for client in lab.server.clients() if client.id == number)
    except AttributeError as error:
        raise Wrong(
            f"A new connection could not read its first reply: `{error}`. Something replaces redis-py's whole "
            "handshake, which also prepares the connection for reading. Which settings leave out single commands?"
        ) from error
    finally:
        del connection.send_packed_command
        connection.disconnect()
    return sent[: sent.index("CLIENT ID")], client.name, client.db


def _listed(commands: list[str]) -> str:
    return ", ".join(f"`{command}`" for command in commands)


def _question_about(sent: list[str]) -> str:
    if "HELLO" in sent and "CLIENT SETINFO" in sent:
        return "Which of the others are about the protocol, and which about the client library?"
    if "CLIENT SETINFO" in sent:
        return "`CLIENT SETINFO` tells the server which client library this is. Does the server need to know that?"
    if "HELLO" in sent:
        return (
            "`HELLO` switches to another version of the protocol. Which version does a server use without being asked?"
        )
    if "AUTH" in sent:
        return "`AUTH` signs in with a user or a password. Does this server ask for one?"
    if "PING" in sent:
        return "`PING` checks a connection that was just opened. Which setting of the pool asks for health checks?"
    return "Which of them could be left out?"


HINTS = (
    "The lesson lists what a new connection sends. Two of the six commands are useful here: which?",
    "Two others switch to version 3 of the protocol and use it. A server that is not told anything uses version 2.",
    "The remaining two tell the server which client library this is: its name and its version. redis-py keeps both in "
    "`driver_info`.",
    "Four settings besides host and port, all on the pool: database, name, protocol 2, and `None` for what redis-py "
    "says about itself.",
)
