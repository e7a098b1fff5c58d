"""Looking at a pool: is it one, where does it lead, how many connections does it hand out, who keeps them?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import Any

import redis
import redis.asyncio

from tutorial_lib.pools.snapshot import AnyPool, snapshot
from tutorial_lib.practice.elsewhere import WentElsewhere
from tutorial_lib.practice.lab import Lab
from tutorial_lib.practice.verdict import Wrong, shown

DEFAULT_LIMIT = 100
DEFAULT_BLOCKING_LIMIT = 50
TRIES = 3

_NOT_SET = object()

_CLIENTS = (redis.Redis, redis.asyncio.Redis)
_POOLS = (redis.ConnectionPool, redis.asyncio.ConnectionPool)


def require_pool(value: Any, lab: Lab) -> redis.ConnectionPool:
    """Return the value if it is a pool; otherwise raise Wrong, with a sentence about what it is."""
    if isinstance(value, redis.ConnectionPool):
        return value
    if value is None:
        raise Wrong(f"`{lab.name}` returned `None`. A pool was perhaps made, and then lost: is the `return` missing?")
    if isinstance(value, _CLIENTS):
        raise Wrong(
            f"`{lab.name}` returned a client (`{type(value).__name__}`). A client *uses* a pool. "
            "Return the pool itself, so that many clients can share it."
        )
    if isinstance(value, redis.asyncio.ConnectionPool):
        raise Wrong(
            f"`{lab.name}` returned a pool from `redis.asyncio`, whose connections only work with `await`. "
            f"Return one from `redis` itself: `redis.{type(value).__name__}`."
        )
    if isinstance(value, type) and issubclass(value, _POOLS):
        raise Wrong(
            f"`{lab.name}` returned the class `{value.__name__}` itself. Call the class, with parentheses and "
            "arguments, and it makes a pool."
        )
    if callable(value):
        raise Wrong(f"`{lab.name}` returned {shown(value)}, which is a function. Return the pool that it makes.")
    raise Wrong(
        f"`{lab.name}` returned {shown(value)}, of type `{type(value).__name__}`. It has to return a connection pool."
    )


def made_pool(answer: Callable[..., Any], lab: Lab, *arguments: Any) -> redis.ConnectionPool:
    """Call the answer, and return the pool that it makes; Wrong if it makes none."""
    return require_pool(lab.call(answer, *arguments), lab)


def require_tcp(pool: redis.ConnectionPool) -> None:
    """Raise Wrong if the pool's connections would not be plain TCP: an encrypted one has no answer from this server."""
    kind = pool.connection_class
    if not isinstance(kind, type):
        return
    if issubclass(kind, redis.SSLConnection):
        raise Wrong(
            "The pool's connections are encrypted (TLS, as with `rediss://` or `SSLConnection`), and this Redis "
            "expects plain ones: the first command would fail. What in your code asks for TLS?"
        )
    if issubclass(kind, redis.UnixDomainSocketConnection):
        raise Wrong(
            "The pool's connections open a unix socket, which is a file on the same machine (`unix://`). "
            "This Redis has a host and a port. Which scheme does its URL begin with?"
        )


def borrow(pool: redis.ConnectionPool) -> redis.Connection:
    """Borrow a connection of the learner's pool; Wrong if the pool was given something that no connection takes.

    Where the pool gives little time to open one, a machine that is busy with something else may miss it once or twice.
    """
    require_tcp(pool)
    try:
        for _ in range(TRIES - 1):
            with suppress(redis.TimeoutError):
                return pool.get_connection()
        return pool.get_connection()
    except TypeError as error:
        raise explained(pool, error) from error
    except ValueError as error:
        raise Wrong(
            f"The pool was built without a complaint, and its first connection failed: `{error}`. "
            "A name between quotes is a text; without quotes it is the value that your function was given."
        ) from error
    except WentElsewhere as error:
        if "://" in error.host:
            raise Wrong(
                f"The pool looked for a host called `{error.host}`. A host is a name or an address. "
                "Which method of the pool's class takes a whole URL?"
            ) from error
        raise


def explained(pool: redis.ConnectionPool, error: TypeError) -> Exception:
    """Say why the pool's first connection could not even be made. To be raised."""
    if not isinstance(pool.connection_class, type):
        return error  # an argument without its name; the referee says so, for every exercise
    return Wrong(
        "The pool was built without a complaint, and its first connection failed: "
        f"`{error}`. A pool hands arguments that it does not know to its connections. How is each one spelled?"
    )


def database_of(pool: redis.ConnectionPool, lab: Lab) -> int:
    """Return the database that a connection of this pool is in, as the server sees it."""
    connection = borrow(pool)
    try:
        connection.send_command("CLIENT", "ID")
        number = connection.read_response()
        return next(client.db for client in lab.server.clients() if client.id == number)
    finally:
        pool.release(connection)


def require_one_opened(opened: int, what: str, idea: str) -> None:
    """Raise Wrong, with this idea, if more than one connection was opened by ``what``: "Two calls"."""
    if opened > 1:
        raise Wrong(f"{what} opened {opened} connections; one was enough. {idea}")


@contextmanager
def short_wait(pool: redis.ConnectionPool) -> Iterator[None]:
    """Inside, a blocking pool waits for a moment only, so that its limit can be seen like a plain pool's."""
    if not isinstance(pool, redis.BlockingConnectionPool):
        yield
        return
    before, pool.timeout = pool.timeout, 0.05
    try:
        yield
    finally:
        pool.timeout = before


def borrowable(pool: redis.ConnectionPool, at_most: int) -> int:
    """Borrow connections until the pool raises or ``at_most`` are borrowed. Return them all, and say how many."""
    borrowed: list[redis.Connection] = []
    try:
        with short_wait(pool):
            while len(borrowed) < at_most:
                borrowed.append(borrow(pool))
    except redis.ConnectionError:
        # What an exhausted pool raises. So does a server that is down: then nothing was borrowed.
        if not borrowed:
            raise
    finally:
        for connection in borrowed:
            pool.release(connection)
    return len(borrowed)


def require_limit(pool: redis.ConnectionPool, wanted: int) -> None:
    """Raise Wrong unless the pool gives out ``wanted`` connections at once and refuses the next."""
    given = borrowable(pool, wanted + 1)
    if given > wanted:
        raise Wrong(
            f"The pool handed out {given} connections at once, and it should hold {wanted} at most. "
            f"{said_of_limit(pool.max_connections, wanted)}"
        )
    if given < wanted:
        raise Wrong(
            f"The pool handed out {given} connections at once and refused the next; it should hold {wanted}. "
            "Is its limit too low, or has your code kept connections?"
        )


def said_of_limit(limit: int, wanted: int) -> str:
    """Say where a limit comes from that is not the one that was asked for."""
    if limit == wanted:
        return f"Its `max_connections` says {limit}, and something in the pool goes around that. What does?"
    if limit == DEFAULT_LIMIT:
        return f"Its limit is {limit}: redis-py's own default. Which argument sets the limit?"
    if limit == DEFAULT_BLOCKING_LIMIT:
        return f"Its limit is {limit}, which is what a `BlockingConnectionPool` has unless it is told another."
    return f"Its limit is {limit}. Which argument sets it?"


def left_in_use(pool: redis.ConnectionPool, within: float = 1.0) -> int:
    """Return how many connections are in use, after those that are about to come back have had ``within`` seconds."""
    deadline = monotonic() + within
    while (in_use := snapshot(pool).in_use) and monotonic() < deadline:
        sleep(0.01)
    return in_use


class Untouched:
    """A pool that a learner's function is given and others share: are its settings afterwards what they were?"""

    def __init__(self, pool: AnyPool) -> None:
        self._pool = pool
        self._before = self._settings()

    def require(self, function: str) -> None:
        """Raise Wrong, naming a setting that was changed."""
        now = self._settings()
        for name in sorted(self._before.keys() | now.keys()):
            was, value = self._before.get(name, _NOT_SET), now.get(name, _NOT_SET)
            if was != value:
                before = "was not set" if was is _NOT_SET else f"was {shown(was)}"
                harm = "get text instead of bytes" if name == "decode_responses" and value else "get that setting too"
                raise Wrong(
                    f"`{function}` changed the pool that it was given: `{name}` {before} and is now {shown(value)}. "
                    f"Others share this pool, and from now on they {harm}. How can you do without a change to the pool?"
                )

    def _settings(self) -> dict[str, Any]:
        pool = self._pool
        return {
            **pool.connection_kwargs,
            "max_connections": pool.max_connections,
            "timeout": getattr(pool, "timeout", None),
        }
