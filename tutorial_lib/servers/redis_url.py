"""REDIS_URL understood: where the learner's own Redis is, and how to open a connection to it."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import redis
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, parse_url

from tutorial_lib.errors import BadSetting
from tutorial_lib.servers.base import LONGEST_TIMEOUT

DEFAULT_TIMEOUT = 2.5
"""Seconds to wait for a connection, and for an answer, unless the URL says otherwise."""

HOW = (
    "Write redis://user:password@host:port/db, rediss://… for TLS or unix:///path/to/redis.sock, with special "
    "characters in a password as %xx, or unset REDIS_URL to get a private server."
)

_HONOURED = """
    db username password socket_timeout socket_connect_timeout socket_keepalive
    ssl_ca_certs ssl_ca_data ssl_ca_path ssl_cert_reqs ssl_certfile ssl_check_hostname ssl_ciphers
    ssl_exclude_verify_flags ssl_include_verify_flags ssl_keyfile ssl_min_version ssl_password
"""
HONOURED = frozenset(_HONOURED.split())

# These belong to a pool or a client. The learner builds those, against the relay.
_POOL_OPTIONS = """
    max_connections timeout decode_responses encoding encoding_errors protocol legacy_responses client_name
    health_check_interval retry_on_timeout retry_on_error socket_read_size lib_name lib_version single_connection_client
"""
POOL_OPTIONS = frozenset(_POOL_OPTIONS.split())

# redis-py has arguments of these names, and its parser of URLs lets them through. Their values are classes and objects,
# which a text cannot give, or the address, which stands before the question mark.
_NOT_FOR_A_URL = """
    connection_class credential_provider retry redis_connect_func parser_class encoder_class driver_info
    event_dispatcher socket_keepalive_options socket_type maint_notifications_config host port path
"""
NOT_FOR_A_URL = frozenset(_NOT_FOR_A_URL.split())

FILE_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


@dataclass(frozen=True)
class RedisUrl:
    """A REDIS_URL that makes sense. Its repr, ``place`` and ``str`` never show a password."""

    connection_class: type[AbstractConnection]
    arguments: dict[str, Any]

    @classmethod
    def parse(cls, url: str) -> RedisUrl:
        """Understand ``url`` as redis-py does, but strictly. BadSetting says what is wrong with it."""
        _check_shape(url)
        _check_names(url)
        try:
            found: dict[str, Any] = dict(parse_url(url))
        except ValueError as error:
            # redis-py's own sentence names an option, never its value.
            raise BadSetting(f"REDIS_URL cannot be understood: {error} {HOW}") from None
        connection_class = found.pop("connection_class", Connection)
        arguments = {name: value for name, value in found.items() if name not in POOL_OPTIONS}
        _check_options(arguments)
        understood = cls(connection_class, arguments)
        understood._try_options()
        return understood

    def _try_options(self) -> None:
        """Build a connection, without opening it, to see whether the options make one."""
        try:
            connection = self.connection()
            if isinstance(connection, SSLConnection):
                connection.ssl_context.get()
        except TypeError as error:
            name = re.search(r"'(ssl_\w+)'", str(error))
            trouble = "is not known" if self.tls else "needs rediss://"
            which = f"{name[1]} {trouble}" if name else "its options do not go together"
            raise BadSetting(f"REDIS_URL cannot be used: {which}. {HOW}") from None
        except (redis.RedisError, OSError, ValueError, OverflowError) as error:
            raise BadSetting(
                f"The ssl_… options in REDIS_URL cannot be used ({_why(error)}). Correct them. {HOW}"
            ) from None

    def connection(self) -> AbstractConnection:
        """Make a connection, not yet open. Opened, it has said AUTH and SELECT where the URL asks for it, no more.

        It speaks RESP2 and gives no name, so that its next user finds it as if new. It waits for ever:
        use it within ``deadline``.
        """
        without_limits = {"socket_connect_timeout": None, "socket_timeout": None}
        return self.connection_class(**{**self.arguments, **without_limits}, protocol=2, driver_info=None)

    @property
    def deadline(self) -> float:
        """Seconds within which a visit must be over, name look-up included: the URL's two timeouts together."""
        limits = ("socket_connect_timeout", "socket_timeout")
        return sum(float(self.arguments.get(limit, DEFAULT_TIMEOUT)) for limit in limits)

    @property
    def host(self) -> str:
        """The host's name, or ``""`` for a unix socket."""
        return str(self.arguments.get("host", ""))

    @property
    def place(self) -> str:
        """``redis.example.com:6380``, or the path of the unix socket. For messages."""
        if not self.host:
            return str(self.arguments["path"])
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.arguments.get('port', 6379)}"

    @property
    def db(self) -> int:
        return int(self.arguments.get("db", 0))

    @property
    def user(self) -> str:
        return str(self.arguments.get("username", "default"))

    @property
    def password(self) -> str:
        return str(self.arguments.get("password", ""))

    @property
    def tls(self) -> bool:
        return issubclass(self.connection_class, SSLConnection)

    @property
    def opens_a_locked_door(self) -> bool:
        """True if the URL gives more than any local user has: a password, a client certificate, a socket file."""
        return bool(self.password) or "ssl_certfile" in self.arguments or not self.host

    def __repr__(self) -> str:
        return f"RedisUrl({self.place}, db {self.db})"


def _check_shape(url: str) -> None:
    """Refuse what redis-py would read in silence as something else. No message repeats a piece of the URL.

    Of a URL that is malformed nobody knows which piece is the password.
    """
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise BadSetting(f"REDIS_URL must begin with redis://, rediss:// or unix://. {HOW}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadSetting(f"REDIS_URL has a host or a port that cannot be understood. {HOW}") from None
    if parts.scheme == "unix":
        if not parts.path:
            raise BadSetting(f"REDIS_URL names no socket file. {HOW}")
        return
    if "@" not in parts.netloc and "@" in url:
        raise BadSetting(f"REDIS_URL has a / or # or ? before its @; in a password write %2F, %23, %3F. {HOW}")
    if not host:
        raise BadSetting(f"REDIS_URL names no host. {HOW}")
    if port == 0:
        raise BadSetting(f"REDIS_URL has port 0, which nothing can listen on. {HOW}")
    if not re.fullmatch(r"(/\d*)?", parts.path):
        raise BadSetting(f"What follows the port in REDIS_URL must be the number of a database, as in /0. {HOW}")


def _check_names(url: str) -> None:
    """Refuse an option that we do not know. Its name is not repeated: it may be the end of a password."""
    for number, (name, _) in enumerate(parse_qsl(urlsplit(url).query, keep_blank_values=True), start=1):
        if name in NOT_FOR_A_URL:
            raise BadSetting(f"REDIS_URL has the option {name!r}, which a URL cannot set. Take it out. {HOW}")
        if name not in HONOURED | POOL_OPTIONS:
            raise BadSetting(
                f"REDIS_URL has an option that is not known, number {number} after the question mark. {HOW}"
            )


def _why(error: Exception) -> str:
    """Say what is wrong with an option, without its value."""
    if isinstance(error, ssl.SSLError):
        return getattr(error, "reason", None) or "OpenSSL does not take them"
    if isinstance(error, OSError):
        return error.strerror or "a file cannot be read"
    if isinstance(error, redis.RedisError):
        return str(error).split(":")[0]  # The value comes after the colon.
    return "a value is not one that Python's ssl knows"


def _is_there(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # A name that is too long, or holds a null byte
        return False


def _check_options(arguments: dict[str, Any]) -> None:
    for name in ("socket_timeout", "socket_connect_timeout"):
        if not 0 < arguments.get(name, DEFAULT_TIMEOUT) <= LONGEST_TIMEOUT:  # Not for nan, either.
            raise BadSetting(f"REDIS_URL has a {name} that is not above 0, or over a day, in seconds. {HOW}")
    if arguments.get("db", 0) < 0:
        raise BadSetting(f"REDIS_URL has a negative database number. {HOW}")
    for name in FILE_OPTIONS:
        if name in arguments and not _is_there(arguments[name]):
            raise BadSetting(
                f"REDIS_URL has {name}, and there is no such file. Correct the path; "
                f"it counts from the folder {Path.cwd()}."
            )
    if "ssl_certfile" in arguments or "ssl_keyfile" in arguments:
        arguments.setdefault("ssl_password", "")  # Without one, OpenSSL asks for it in the terminal, and waits.
