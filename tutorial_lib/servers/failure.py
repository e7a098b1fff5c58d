"""Why the learner's own Redis cannot be used, as one sentence with what to do. Passwords are never shown."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import TypeVar

import redis

from tutorial_lib.errors import BadSetting, CannotConnect, TutorialError
from tutorial_lib.servers.redis_url import RedisUrl

INSTEAD = "or unset REDIS_URL to get a private server."

OWN_AUTHORITY = "Add ?ssl_ca_certs=/path/to/its/ca.pem to REDIS_URL"
OTHER_AUTHORITY = (
    "Correct ssl_ca_certs in REDIS_URL; if Python 3.13 or newer finds the authority itself careless, "
    "add &ssl_exclude_verify_flags=VERIFY_X509_STRICT"
)
OWN_CERTIFICATE = "If it asks for a certificate, add ?ssl_certfile=/path/cert.pem&ssl_keyfile=/path/key.pem."

TIMEOUTS = (redis.TimeoutError, asyncio.TimeoutError, TimeoutError)

LONGEST_ANSWER = 300
"""Characters of the server's own words that are repeated. What answers may be no Redis."""

# Set by Binder, or by the Kubernetes it runs on, in every session.
SIGNS_OF_BINDER = ("BINDER_LAUNCH_HOST", "BINDER_REPO_URL", "BINDER_SERVICE_HOST")

E = TypeVar("E", bound=BaseException)


def explain(error: BaseException, url: RedisUrl, environ: Mapping[str, str] = os.environ) -> TutorialError:
    """Turn what redis-py, TLS or the network raised into the sentence to show instead.

    Any other error comes from redis-py's parser, which expects that what it reads comes from a Redis.
    """
    at = f"Your own Redis at {url.place}"
    answer = _find(error, redis.ResponseError, redis.AuthenticationError, redis.exceptions.BusyLoadingError)
    if answer:
        return _refused(answer, url, at)
    if "max number of clients" in str(error):
        return CannotConnect(
            f"{at} has no connection left for us (max number of clients reached). "
            f"Try again later, raise its maxclients, {INSTEAD}"
        )
    tls = _find(error, ssl.SSLError)
    if tls:
        return _no_tls(tls, url, at)
    understood = _find(error, redis.RedisError, OSError, UnicodeError, *TIMEOUTS)
    if not understood or _find(error, redis.InvalidResponse, UnicodeDecodeError):
        return CannotConnect(f"What listens at {url.place} is not a Redis. Correct the port in REDIS_URL, {INSTEAD}")
    return CannotConnect(_no_way(error, url, at) + _binder_hint(url, environ))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _find(error: BaseException, *kinds: type[E]) -> E | None:
    # redis-py wraps what happened below it, more than once for a unix socket.
    return next((link for link in _chain(error) if isinstance(link, kinds)), None)


def _refused(answer: redis.RedisError, url: RedisUrl, at: str) -> TutorialError:
    """Redis is there, and answered with an error."""
    text = str(answer).replace(url.password, "…") if url.password else str(answer)
    text = "".join(character for character in text[:LONGEST_ANSWER] if character.isprintable())
    if isinstance(answer, redis.AuthenticationError):
        if not url.password:
            return CannotConnect(f"{at} wants a password. Put it in: redis://user:password@host:port/db, {INSTEAD}")
        if "without any password configured" in text or "no password is set" in text:
            return CannotConnect(f"{at} has no password, and REDIS_URL gives one. Take it out, {INSTEAD}")
        return CannotConnect(f"{at} refused the password for user {url.user!r}. Correct REDIS_URL, {INSTEAD}")
    if isinstance(answer, redis.exceptions.NoPermissionError):
        return CannotConnect(
            f"{at} does not let user {url.user!r} do what a lesson needs ({text}). Give that user the right "
            f"(ACL SETUSER), name another user in REDIS_URL, {INSTEAD}"
        )
    if isinstance(answer, redis.exceptions.BusyLoadingError):
        return CannotConnect(f"{at} is still loading its data. Try again in a moment, {INSTEAD}")
    if isinstance(answer, redis.exceptions.ReadOnlyError):
        return CannotConnect(f"{at} is a read-only replica. Name its primary in REDIS_URL, {INSTEAD}")
    if isinstance(answer, (redis.exceptions.MovedError, redis.exceptions.ClusterDownError)):
        return CannotConnect(
            f"{at} is part of a Redis Cluster, and the lessons speak to one server. Name another Redis, {INSTEAD}"
        )
    if "DB index" in text or "DB number" in text:
        return BadSetting(f"{at} has no database {url.db}. Correct the number at the end of REDIS_URL, {INSTEAD}")
    reason = text.split(". ")[0].rstrip(".")
    return CannotConnect(f"{at} answered with an error ({reason}). Put that right, {INSTEAD}")


def _no_tls(error: ssl.SSLError, url: RedisUrl, at: str) -> CannotConnect:
    """TLS was tried, and failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        if "ostname" in why or "IP address" in why:
            return CannotConnect(f"{at} shows a certificate for another name ({why}). Use that name, {INSTEAD}")
        advice = OTHER_AUTHORITY if "ssl_ca_certs" in url.arguments else OWN_AUTHORITY
        return CannotConnect(f"{at} shows a TLS certificate that is not trusted here ({why}). {advice}, {INSTEAD}")
    why = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
    if "certificate required" in why or "handshake failure" in why:
        return CannotConnect(f"{at} refused us ({why}). {OWN_CERTIFICATE} Otherwise correct REDIS_URL, {INSTEAD}")
    return CannotConnect(f"{at} did not answer in TLS ({why}). If that port is plain, write redis://, {INSTEAD}")


def _no_way(error: BaseException, url: RedisUrl, at: str) -> str:
    """Nothing came back that could be understood."""
    if _find(error, socket.gaierror, UnicodeError):  # A name like "a..b" is no name at all.
        return f"No host is called {url.host!r}. Correct REDIS_URL or look at your network, {INSTEAD}"
    if _find(error, FileNotFoundError):
        return f"There is no socket file {url.place}. Start your Redis with that unixsocket, {INSTEAD}"
    if _find(error, PermissionError):
        return f"You may not open the socket {url.place}. Have its unixsocketperm changed, {INSTEAD}"
    # asyncio reports a host with two addresses as "Multiple exceptions", without an errno.
    if _find(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return f"Nothing listens at {url.place}. Start your Redis there, correct REDIS_URL, {INSTEAD}"
    if _find(error, *TIMEOUTS):
        plain = " If that port is plain, write redis:// instead of rediss://." if url.tls else ""
        return f"{at} did not answer within {url.deadline:g} s.{plain} Correct REDIS_URL, {INSTEAD}"
    unreachable = _find(error, OSError)
    if unreachable and unreachable.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"{at} cannot be reached ({os.strerror(unreachable.errno)}). Look at your network, {INSTEAD}"
    if _find(error, ConnectionResetError, BrokenPipeError) or "closed by server" in str(error):
        return (
            f"{at} closed the connection without an answer. {_why_closed(url)} Otherwise correct REDIS_URL, {INSTEAD}"
        )
    return f"{at} cannot be used ({type(error).__name__}). Correct REDIS_URL, {INSTEAD}"


def _why_closed(url: RedisUrl) -> str:
    if url.tls:
        return OWN_CERTIFICATE
    return "If that port is for TLS, write rediss://." if url.host else "It may have no connection left (maxclients)."


def _binder_hint(url: RedisUrl, environ: Mapping[str, str]) -> str:
    if url.host in ("", "localhost", "127.0.0.1", "::1") or not any(environ.get(name) for name in SIGNS_OF_BINDER):
        return ""
    return (
        " This runs on Binder, which lets only a few ports such as 80 and 443 out: "
        "a Redis elsewhere cannot be reached from here, so unset REDIS_URL."
    )
