"""What fakeredis does on our fallback that it does not do by itself, for one connection."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Protocol

from fakeredis import _msgs as messages
from fakeredis._clients._sync import FakeRedisConnection
from fakeredis._commands import SUPPORTED_COMMANDS
from fakeredis._helpers import SimpleError
from fakeredis._socket import FakeSocket

VERSION = (7, 4)
"""The Redis that fakeredis is asked to be: the first with CLIENT SETINFO was 7.2."""

# As on the private redis-server: what reads or writes files, runs code, or is everybody's. In fakeredis CONFIG SET
# aclfile with ACL SAVE writes any file, and RESTORE unpickles what it is given, which runs any code.
_BARRED = """
    acl config save bgsave lastsave flushall swapdb sort sort_ro restore
    eval eval_ro evalsha evalsha_ro fcall fcall_ro function script
"""
BARRED = frozenset(_BARRED.split())

# Only a Redis in the cloud knows it. A Redis on a machine of one's own says so, and then a client goes on without.
# And a Redis without modules knows none of their commands, which have a point in their name.
UNKNOWN = frozenset(["client maint_notifications", *(name for name in SUPPORTED_COMMANDS if "." in name)])
KNOWN = SUPPORTED_COMMANDS.keys() - UNKNOWN


class Wire(Protocol):
    """The real connection."""

    def is_over(self) -> bool: ...
    def hang_up(self) -> None: ...


class Session(FakeSocket):
    """fakeredis's side of one connection."""

    wire: Wire | None = None

    def _name_to_func(self, cmd_name: str) -> Any:
        if cmd_name.partition(" ")[0] in BARRED:
            raise SimpleError(messages.NO_PERMISSION_ERROR.format("default", cmd_name.replace(" ", "|")))
        if cmd_name in UNKNOWN:
            raise self._unknown_command(cmd_name)
        return super()._name_to_func(cmd_name)

    def _blocking(self, timeout: float | None, func: Any, shape: Any = None) -> Any:
        def unless_it_has_left(first: bool) -> Any:
            # Whoever gave up its BLPOP must not take a value with it.
            return None if not first and self.wire and self.wire.is_over() else func(first)

        return super()._blocking(timeout, unless_it_has_left, shape)

    def kill(self) -> None:
        """Cut the real connection too. Called with the fake server's lock held, by CLIENT KILL as well."""
        if self.wire:
            self.wire.hang_up()  # First: whatever its thread says from here on, the client does not hear.
        with suppress(AttributeError):  # Its own thread is closing it at this very moment.
            super().kill()
            self.unblock()

    def unblock(self) -> None:
        """End a BLPOP or another blocking command. Called with the fake server's lock held."""
        if self._blocked:
            self._unblock_reason = b"timeout"
            self._db.wake_all()


class Client(FakeRedisConnection):
    """The connection object through which fakeredis makes a Session."""

    def _connect(self) -> Session:
        assert self._server
        return Session(self._server, client_class=self._client_class, db=self.db, client_info=self._client_info)

    def begin(self, wire: Wire) -> Session:
        session = self.get_socket()
        assert isinstance(session, Session)
        session.wire = wire
        return session
