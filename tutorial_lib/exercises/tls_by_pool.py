"""A pool whose connections are encrypted, and open only to the server that can prove who it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tutorial_lib.exercises._pools import explained, made_pool, said_of_limit
from tutorial_lib.exercises._words import named
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong
from tutorial_lib.servers.tls_server import TlsServer, start_tls

ID = "tls-by-pool"
LESSON = "14"
TITLE = "A pool that speaks TLS"
NAME = "make_tls_pool"
NEEDS_REDIS_SERVER = True

LIMIT = 5
COMMANDS = 20

PROMPT = """
**Given** a Redis at `host` whose `port` speaks TLS. Its certificate is signed by the company's own authority,
which this computer doesn't know. `ca_data` is that authority's certificate, as text.

**Write** `make_tls_pool(host, port, ca_data)`, which returns a pool for that Redis.

**It passes when**
- the pool's connections are encrypted, and **20** commands use **1** of them;
- the pool holds at most **5** connections;
- the pool opens **no** connection to an impostor, a server whose certificate another authority has signed.

This exercise needs a redis-server with TLS, which the check starts itself.
"""


def starter(host, port, ca_data):
    pool = redis.ConnectionPool(host=host, port=port, max_connections=5)
    ...  # your code here
    return pool


def solution(host, port, ca_data):
    pool = redis.ConnectionPool(
        host=host, port=port, max_connections=5, connection_class=redis.SSLConnection, ssl_ca_data=ca_data
    )
    return pool


WHY = """
A pool opens its connections with its `connection_class`, and only `SSLConnection` knows the arguments that begin with
`ssl_`. `ssl=True` belongs to `redis.Redis(...)`, which chooses that class for you.
`from_url("rediss://…", ssl_ca_data=ca_data)` does the same.
"""


def check(answer: Callable[..., Any], lab: Lab) -> str:
    server = lab.start(start_tls, lambda started: [started.tls_port])
    impostor = lab.start(start_tls, lambda started: [started.tls_port])
    pool = made_pool(answer, lab, server.host, server.tls_port, server.ca_data)
    _require_open(pool)
    before = server.opened()
    for _ in range(COMMANDS):
        redis.Redis(connection_pool=pool).incr("views:home")
    opened = server.opened() - before
    if opened != 1:
        raise Wrong(
            f"{COMMANDS} commands, one after another, opened {opened} connections. The TLS handshake is what costs "
            "most here. What closes each connection after its command?"
        )
    if pool.max_connections > LIMIT:
        raise Wrong(f"The pool should hold {LIMIT} connections at most. {said_of_limit(pool.max_connections, LIMIT)}")
    _require_doubt(answer, server, impostor, lab)
    return (
        f"{COMMANDS} commands used 1 encrypted connection. On the port of an impostor, whose certificate another "
        "authority had signed, your pool opened none: `certificate verify failed`."
    )


def _open_once(pool: redis.ConnectionPool) -> None:
    """Open a connection as the pool would, without its retries, which take seconds where nothing can help."""
    arguments = {**pool.connection_kwargs, "retry": Retry(NoBackoff(), 0)}
    connection = pool.connection_class(**arguments)
    try:
        connection.connect()
    finally:
        connection.disconnect()


def _require_open(pool: redis.ConnectionPool) -> None:
    try:
        _open_once(pool)
    except TypeError as error:
        raise _misplaced(pool, error) from error
    except redis.RedisError as error:
        raise Wrong(_why_not(pool, error)) from error


def _misplaced(pool: redis.ConnectionPool, error: TypeError) -> Exception:
    if "'ssl'" in str(error):
        return Wrong(
            f"The pool was built without a complaint, but its first connection failed: `{error}`. `ssl=True` is an "
            "argument of `redis.Redis`. What does a pool need to know instead about the connections that it opens?"
        )
    if "'ssl_" in str(error):
        return Wrong(
            f"The pool was built without a complaint, but its first connection failed: `{error}`. The pool opens plain "
            "connections, and they know nothing about TLS. Which class of connections does?"
        )
    return explained(pool, error)


def _why_not(pool: redis.ConnectionPool, error: redis.RedisError) -> str:
    said = f"The pool's first connection failed with {named(error)}."
    encrypted = isinstance(pool.connection_class, type) and issubclass(pool.connection_class, redis.SSLConnection)
    if not encrypted:
        return (
            f"{said} The port speaks TLS, but the pool's connections are plain ones, of the class "
            f"`{getattr(pool.connection_class, '__name__', pool.connection_class)}`: the server could not read what "
            "they sent, and closed them. Which class of connections speaks TLS?"
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            f"{said} The connections speak TLS, but they don't know the authority that signed the server's "
            "certificate. It is in `ca_data`. Which argument takes it?"
        )
    if "No such file" in str(error) or "File name too long" in str(error):
        return (
            f"{said} The connections looked for a file of that name. `ca_data` is the certificate itself, as text. "
            "Which argument takes text instead of the name of a file?"
        )
    return said + " Which of the arguments that begin with `ssl_` did you set, and what does each expect?"


def _require_doubt(answer: Callable[..., Any], server: TlsServer, impostor: TlsServer, lab: Lab) -> None:
    """The same pool on the port of a server that shows another certificate."""
    pool = made_pool(answer, lab, impostor.host, impostor.tls_port, server.ca_data)
    try:
        _open_once(pool)
    except redis.ConnectionError:
        return
    raise Wrong(
        "The commands were encrypted, but on the port of an impostor, whose certificate another authority had signed, "
        "your pool opened a connection too. Encryption helps only if you know who reads it. What did you tell the "
        "connections to check?"
    )


HINTS = (
    "A pool makes its connections from a class. Which one does it take if you name none, and which one speaks TLS?",
    "`connection_class=` tells a pool which class to use. Arguments that the pool doesn't know itself are "
    "passed on to the connections, for example those that begin with `ssl_`.",
    "`redis.SSLConnection` checks the server's certificate. `ssl_ca_certs` takes the name of a file with the "
    "authority's certificate, and another argument takes its text.",
    "You need two more arguments than the starter has: the class, and `ssl_ca_data`.",
)
