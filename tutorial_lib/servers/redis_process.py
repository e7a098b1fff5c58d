"""The private redis-server that a lesson practises on: nothing on disk, and any user of this computer may connect."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tutorial_lib.arguments import not_negative, whole
from tutorial_lib.servers.base import LONGEST_TIMEOUT, MOST_CLIENTS, MOST_MEMORY, Server
from tutorial_lib.servers.private_process import ADMIN, PrivateProcess

# Whoever connects may use every ordinary command. Not allowed is what reads or writes files, loads or runs code,
# changes the configuration, or makes this server follow another one. Scripts stay barred although they run in a
# sandbox: any user of this computer may connect, and a script that never ends stops the server for the learner.
VISITOR_RULES = ["+@all", "-@admin", "-@dangerous", "-@scripting", "+client", "+info", "+keys", "+flushdb", "+role"]


class RedisProcess(PrivateProcess, Server):
    """A private redis-server (or valkey-server), listening on 127.0.0.1 only.

    Raises ServerNotFound where none is installed, ServerStartFailed with the server's own last lines where it
    does not start.
    """

    kind = "redis"
    most_memory = MOST_MEMORY
    """Bytes of data that it may hold."""
    channels: tuple[str, ...] = ("&*",)
    """The ACL rules for the channels that a caller may publish and subscribe to."""

    def _command(self, port: int) -> list[str]:
        return [
            *(self.program, "--bind", self.host, "--port", str(port)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", ""),
            # A full server refuses to write, with Redis's own error. proto-max-bulk-len bounds the one command that
            # is let in when memory is almost full, such as SETRANGE.
            *("--maxmemory", str(self.most_memory), "--maxmemory-policy", "noeviction"),
            *("--proto-max-bulk-len", str(self.most_memory)),
            *("--user", "default", "on", "nopass", "~*", *self.channels, *VISITOR_RULES),
            *("--user", *self._user(ADMIN, self._secret, "~*", "&*", "+@all")),
        ]

    def _set_up(self) -> None:
        self._ask(lambda control: control.limit_buffers(self.most_memory))

    def commands(self) -> Counter[str]:
        return self._ask(lambda control: control.commands())

    def set_limit(self, clients: int) -> None:
        limit = whole("The limit", clients, "clients", at_least=1, at_most=MOST_CLIENTS)
        self._ask(lambda control: control.configure("maxclients", limit + 1))  # Redis counts this handle's own too.

    def set_idle_timeout(self, seconds: int) -> None:
        timeout = whole("The idle timeout", seconds, "seconds", at_least=0, at_most=LONGEST_TIMEOUT)
        self._ask(lambda control: control.configure("timeout", timeout))

    def kill_clients(self, name: str | None = None) -> int:
        return self._ask(lambda control: control.kill_clients(name))

    def pause(self, seconds: float) -> None:
        length = not_negative("The pause", seconds, "seconds", at_most=LONGEST_TIMEOUT)
        self._ask(lambda control: control.pause(length))

    def describe(self) -> str:
        program = Path(self.program).name
        where = f"on {self.host}:{self.port}" if self._process else "(closed)"
        if self._process and not self._process.is_running:
            return f"A private {program} {self.version} that has ended: something killed it. Run {self.start} again."
        return f"A private {program} {self.version} {where}: real, yours alone, nothing kept on disk."
