"""Which commands the fallback carries out, and what becomes of one whose client has gone."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Protocol

from fakeredis._commands import SUPPORTED_COMMANDS  # There is no public list of what it can do.
from fakeredis._helpers import SimpleError  # The one exception that becomes an error reply.
from fakeredis._socket import FakeSocket  # Looks commands up, before anything else sees even those it does not know.

# As on the private redis-server: what reads or writes files, runs code, or concerns every user. In fakeredis CONFIG SET
# aclfile with ACL SAVE writes any file, and RESTORE unpickles what it is given, which runs any code. Its own access
# control lets CONFIG SET and FLUSHALL through, whatever it is told.
_BARRED = """
    acl config save bgsave lastsave flushall swapdb sort sort_ro restore
    eval eval_ro evalsha evalsha_ro fcall fcall_ro function script
"""
BARRED = frozenset(_BARRED.split())

# Only a Redis in the cloud knows it. A Redis on a machine of one's own says so, and then a client goes on without.
# And a Redis without modules knows none of their commands, which have a point in their name.
UNKNOWN_COMMANDS = frozenset(["client maint_notifications", *(name for name in SUPPORTED_COMMANDS if "." in name)])
KNOWN_COMMANDS = SUPPORTED_COMMANDS.keys() - UNKNOWN_COMMANDS


class Caller(Protocol):
    """The connection that commands come from."""

    def is_over(self) -> bool: ...
    def disconnect(self) -> None: ...


class Session(FakeSocket):
    """fakeredis's side of one connection.

    fakeredis has no public names for what one connection is and does, so all that the fallback needs of it is here.
    """

    caller: Caller | None = None

    def _name_to_func(self, cmd_name: str) -> Any:  # Each command is looked up here first.
        if cmd_name.partition(" ")[0] in BARRED:
            command = cmd_name.replace(" ", "|")
            raise SimpleError(f"NOPERM User default has no permissions to run the '{command}' command")
        if cmd_name in UNKNOWN_COMMANDS:
            raise self._unknown_command(cmd_name)
        return super()._name_to_func(cmd_name)

    def _blocking(self, timeout: float | None, func: Any, shape: Any = None) -> Any:
        def unless_it_has_left(first: bool) -> Any:
            # A client that gave up its BLPOP must not take a value with it.
            return None if not first and self.caller and self.caller.is_over() else func(first)

        return super()._blocking(timeout, unless_it_has_left, shape)

    def kill(self) -> None:
        """Close the real connection too. Called with the fake server's lock held, by CLIENT KILL as well."""
        if self.caller:
            self.caller.disconnect()  # First: whatever its thread says from here on, the client does not hear.
        with suppress(AttributeError):  # Its own thread is closing it at this very moment.
            super().kill()
            self.unblock()

    def unblock(self) -> None:
        """End a BLPOP or another blocking command. Called with the fake server's lock held."""
        if self._blocked:
            self._unblock_reason = b"timeout"
            self._db.wake_all()

    @property
    def is_killed(self) -> bool:
        return bool(self._killed)

    @property
    def is_subscribed(self) -> bool:
        return bool(self._pubsub)

    @property
    def flag(self) -> str:
        """What CLIENT LIST shows: blocked, subscribed or neither."""
        return "b" if self._blocked else "P" if self.is_subscribed else "N"

    def show(self, idle: float) -> dict[str, Any]:
        """Renew what CLIENT LIST shows of this connection, and return it. By itself it stays as it was at the start."""
        self._client_info.update(db=self._db_num, idle=int(idle), flags=self.flag)
        listed: dict[str, Any] = self._client_info
        return listed
