"""What an answer gave to redis-py, to explain an error that redis-py raises later, and far away.

A pool takes almost any argument, and passes it on to its connections; what is wrong with one shows at the first
command. So each pool and each client is noted as it is built, with the learner's line that built it.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import redis
import redis.asyncio
from redis.connection import AbstractConnection, SSLConnection, UnixDomainSocketConnection
from redis.retry import AbstractRetry

from tutorial_lib.notebook.lines import Line
from tutorial_lib.notebook.own_line import from_caller
from tutorial_lib.practice.verdict import named_type, shown

_CLIENTS: tuple[type, ...] = (redis.Redis, redis.asyncio.Redis)
_POOLS = (
    redis.ConnectionPool,
    redis.BlockingConnectionPool,
    redis.asyncio.ConnectionPool,
    redis.asyncio.BlockingConnectionPool,
)
_CLASSES = (*_CLIENTS, *_POOLS)
_CONNECTIONS = (
    AbstractConnection,
    redis.Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    redis.asyncio.connection.AbstractConnection,
    redis.asyncio.Connection,
    redis.asyncio.SSLConnection,
    redis.asyncio.UnixDomainSocketConnection,
)
_OF_THE_CLIENT = {"connection_pool", "single_connection_client", "event_dispatcher", "credential_provider"}
_REDIS = str(Path(redis.__file__).parent) + os.sep
_MOST_KEPT = 200  # an answer may build a client for each call


@dataclass(frozen=True)
class Expected:
    """What redis-py takes as an argument, in words and as a test."""

    words: str
    fits: Callable[[Any], bool]


def _or_none(kind: Any) -> Callable[[Any], bool]:
    return lambda value: value is None or isinstance(value, kind)


def _are_errors(value: Any) -> bool:
    kinds = value or []
    return isinstance(kinds, (list, tuple)) and all(isinstance(kind, type) for kind in kinds)


_NUMBER = Expected("a number of seconds", _or_none(Real))
_EXPECTED = {
    "connection_class": Expected("a class of connections", callable),
    "connection_pool": Expected("a pool, a `redis.ConnectionPool`", _or_none(redis.ConnectionPool)),
    "db": Expected("the number of a database", _or_none((int, str))),
    "health_check_interval": _NUMBER,
    "host": Expected("a name or an address, as text", _or_none(str)),
    "max_connections": Expected("a whole number", _or_none(int)),
    "port": Expected("a whole number", lambda value: isinstance(value, int) or str(value).isdecimal()),
    "queue_class": Expected("a class of queues", callable),
    "retry": Expected("a `redis.retry.Retry` object", _or_none(AbstractRetry)),
    "retry_on_error": Expected("a list of exception classes", _are_errors),
    "socket_connect_timeout": _NUMBER,
    "socket_timeout": _NUMBER,
    "timeout": _NUMBER,
}
_EXPECTED_BY_ASYNCIO = {
    **_EXPECTED,
    "connection_pool": Expected("a pool, a `redis.asyncio.ConnectionPool`", _or_none(redis.asyncio.ConnectionPool)),
    "retry": Expected("a `redis.asyncio.retry.Retry` object", _or_none(AbstractRetry)),
}


@dataclass(frozen=True)
class _Built:
    """One pool or client: its class, its arguments by name, those that had none, and the learner's line."""

    kind: type
    arguments: dict[str, Any]
    unnamed: dict[str, Any]
    line: Line | None

    @property
    def where(self) -> str:
        return f" (at {self.line.quoted})" if self.line else ""


class Given:
    """The pools and clients that an answer has built so far. ``boundary`` is the file of who calls the check."""

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary
        self._built: list[_Built] = []
        self._refused: BaseException | None = None

    def note(self, kind: type, init: Callable[..., None], given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Note that one is being built."""
        if len(self._built) < _MOST_KEPT:
            arguments, unnamed = _by_name(init, given, named)
            self._built.append(_Built(kind, arguments, unnamed, from_caller(sys._getframe(2), self._boundary)))

    def refuse(self, error: TypeError) -> None:
        """Note that what is being built cannot even be called with these arguments."""
        self._refused = error

    def met(self, error: BaseException) -> bool:
        """True if redis-py itself raised this, over an argument or at its door."""
        return error is self._refused or raised_in_redis_py(error)

    def unfit(self) -> str:
        """Say which argument redis-py cannot use, and what it expects there. Empty if none is known."""
        known = next((said for built in self._built if (said := _unfit(built))), "")
        return known or (_uncallable(self._built[-1]) if self._refused and self._built else "")

    def ignored(self) -> str:
        """Say which arguments a client ignores because it was given a pool. Empty if there are none."""
        for built in self._built:
            if built.kind in _CLIENTS and built.arguments.get("connection_pool") is not None and built.line:
                names = [f"`{name}`" for name in built.arguments if name not in _OF_THE_CLIENT]
                if names:
                    return (
                        f"A client that is given a pool ignores its other arguments, here {', '.join(names)}"
                        f"{built.where}: they are settings of connections, and the pool is what opens those."
                    )
        return ""

    def last_line(self) -> Line | None:
        """Return the learner's line that built the last pool or client."""
        return next((built.line for built in reversed(self._built) if built.line), None)


@contextmanager
def noted(boundary: str) -> Iterator[Given]:
    """Inside, note each pool and client of redis-py that is built. They are built as always."""
    given = Given(boundary)
    before = {kind: vars(kind)["__init__"] for kind in _CLASSES}
    now = {kind: _noting(given, kind, init) for kind, init in before.items()}
    _set(now)
    try:
        yield given
    finally:
        _set({kind: init for kind, init in before.items() if vars(kind)["__init__"] is now[kind]})


def _set(inits: dict[type, Callable[..., None]]) -> None:
    for kind, init in inits.items():
        setattr(kind, "__init__", init)  # noqa: B010


def _noting(given: Given, kind: type, init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def noting(self: Any, *arguments: Any, **named: Any) -> None:
        given.note(kind, init, arguments, named)
        try:
            init(self, *arguments, **named)
        except TypeError as error:
            if not _can_be_called(init, (self, *arguments), named):
                given.refuse(error)
            raise

    return noting


def _can_be_called(init: Callable[..., None], arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    try:
        inspect.signature(init).bind(*arguments, **named)
    except TypeError:
        return False
    return True


def _by_name(
    init: Callable[..., None], given: tuple[Any, ...], named: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    order = [name for name, of in inspect.signature(init).parameters.items() if of.kind is of.POSITIONAL_OR_KEYWORD]
    unnamed = dict(zip(order[1:], given, strict=False))  # without `self`
    return {**unnamed, **named}, unnamed


def _unfit(built: _Built) -> str:
    for name, value in built.arguments.items():
        by_asyncio = built.kind.__module__.startswith("redis.asyncio")
        expected = (_EXPECTED_BY_ASYNCIO if by_asyncio else _EXPECTED).get(name)
        if expected and not expected.fits(value):
            if name in built.unnamed and issubclass(built.kind, _POOLS):
                return _out_of_order(built)
            return (
                f"`{name}={shown(value).strip('`')}` is {named_type(value)}{built.where}. "
                f"redis-py expects {expected.words} there."
            )
    if issubclass(built.kind, _POOLS) and len(built.unnamed) > 2:
        return _out_of_order(built)
    return _unknown(built)


def _out_of_order(built: _Built) -> str:
    taken = ", ".join(f"{shown(value)} as its `{name}`" for name, value in built.unnamed.items())
    return (
        f"`{built.kind.__name__}` was given arguments without names{built.where}, and its own order does not begin "
        f"with host and port: it took {taken}. {_named_call(built)}"
    )


def _uncallable(built: _Built) -> str:
    """Say why a class cannot even be called with these arguments."""
    kind = built.kind.__name__
    known = inspect.signature(built.kind).parameters
    unknown = next((name for name in built.arguments if name not in known), None)
    if unknown:
        return f"`{kind}` has no argument `{unknown}`{built.where}. {_meant(unknown, known)}"
    return f"`{kind}` cannot take these arguments{built.where} without their names. {_named_call(built)}"


def _named_call(built: _Built) -> str:
    if any("://" in str(value) for value in built.unnamed.values()):
        return "Which method of this class takes a whole URL?"
    return f"redis-py takes these by name: `{built.kind.__name__}(host=host, port=port)`."


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean `{near[0]}`?" if near else "How is it spelled?"


def _unknown(built: _Built) -> str:
    if not issubclass(built.kind, _POOLS) or "connection_class" in built.arguments:
        return ""
    known = _known_names()
    for name in built.arguments:
        if name not in known:
            passed_on = f"A pool passes `{name}`{built.where} on to its connections, which know no such argument."
            return f"{passed_on} {_meant(name, known)}"
    return ""


@functools.cache
def _known_names() -> frozenset[str]:
    kinds = (*_CLASSES, *_CONNECTIONS)
    return frozenset(name for kind in kinds for name in inspect.signature(kind.__init__).parameters)  # type: ignore[misc]


def raised_in_redis_py(error: BaseException) -> bool:
    """True if the line that raised an error is one of redis-py's."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and frames[-1][0].f_code.co_filename.startswith(_REDIS)
