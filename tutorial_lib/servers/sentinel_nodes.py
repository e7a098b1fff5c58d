"""What a Sentinel lab is made of: servers that a sentinel may steer, and the sentinels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from tutorial_lib.servers.control import Control
from tutorial_lib.servers.private_lab import LabNode, gone
from tutorial_lib.servers.private_process import ADMIN, PrivateProcess

SENTINEL, REPLICA = "sentinel", "replica"
"""The users of the sentinels and of the replicas. Neither may touch a file."""

# As Redis's own page on Sentinel asks for.
SENTINEL_RULES = (
    *("+multi", "+exec", "+slaveof", "+ping", "+subscribe", "+publish", "+role", "+info"),
    *("+config|rewrite", "+client|setname", "+client|kill", "+script|kill"),
)
REPLICA_RULES = ("+psync", "+replconf", "+ping")

# What any caller may ask a sentinel. Not to publish: with a forged message one would move the master elsewhere.
SENTINEL_VISITOR_RULES = (
    *("+ping", "+hello", "+client", "+info", "+role", "+command"),
    *("+subscribe", "+unsubscribe", "+psubscribe", "+punsubscribe"),
    *("+sentinel|masters", "+sentinel|master", "+sentinel|replicas", "+sentinel|slaves", "+sentinel|sentinels"),
    *("+sentinel|get-master-addr-by-name", "+sentinel|ckquorum", "+sentinel|myid"),
)

DOWN_AFTER = 1000
"""Milliseconds without an answer until a sentinel calls a server down. Less, and a busy computer would do for it."""

FAILOVER_TIMEOUT = 5000
"""Milliseconds for each step of a failover. After twice that the sentinels may begin another by themselves."""

# What one sentinel says to another.
FELLOW_RULES = ("+ping", "+publish", "+client|setname", "+sentinel|is-master-down-by-addr")

# What sentinels and replicas say to a server all the time. INFO counts commands, not who sent them.
CHATTER = (
    *("AUTH", "CLIENT KILL", "CLIENT SETNAME", "CONFIG REWRITE", "INFO", "PING"),
    *("PSYNC", "PUBLISH", "REPLCONF", "SLAVEOF", "SUBSCRIBE"),
)


@dataclass(frozen=True, repr=False)
class Secrets:
    """What the lab's own users sign in with: three, as a program that takes a dead server's port learns its secret."""

    of_sentinels: str = field(default_factory=token_hex)
    """With a server."""
    of_fellows: str = field(default_factory=token_hex)
    """With another sentinel."""
    of_replicas: str = field(default_factory=token_hex)
    """With their master."""


class DataControl(Control):
    """Knows the lab's own connections from others: each of them signs in, and no other caller does."""

    def _is_not_ours(self, row: dict[str, str]) -> bool:
        return row["user"] == "default"

    def opened(self) -> int:
        with self._lock:
            accepted = int(self._send("INFO", "info", "stats")["total_connections_received"])
            return accepted - int(self._send("INFO", "info", "commandstats")["cmdstat_auth"]["calls"])


class DataNode(LabNode):
    """A server that is the master or a replica.

    ``commands()`` leaves out what the sentinels and replicas say: AUTH, INFO, PING, PUBLISH, SUBSCRIBE and the like. A
    replica also counts the writes that its master passes on.
    """

    # Sentinels believe what is published on __sentinel__:hello, so no other caller may publish there. Redis has no rule
    # that takes one channel away; this pattern allows all that do not begin with an underscore.
    channels = ("resetchannels", "&[^_]*")

    def __init__(self, name: str, program: str, folder: Path, secrets: Secrets) -> None:
        self._secrets = secrets
        super().__init__(name, program, folder)

    def _command(self, port: int) -> list[str]:
        return [
            *super()._command(port),
            *("--user", *self._user(SENTINEL, self._secrets.of_sentinels, "resetchannels", "&*", *SENTINEL_RULES)),
            *("--user", *self._user(REPLICA, self._secrets.of_replicas, *REPLICA_RULES)),
            # From memory to memory, at once: a replica is ready in a fraction of a second.
            *("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-diskless-load", "swapdb"),
        ]

    def _make_control(self) -> Control:
        return DataControl(self.host, self.port, ADMIN, self._secret)

    def _set_up(self) -> None:
        super()._set_up()
        # Through the connection: a command line shows a password to everybody.
        self._say("CONFIG SET", "masteruser", REPLICA)
        self._say("CONFIG SET", "masterauth", self._secrets.of_replicas)

    def commands(self) -> Counter[str]:
        return Counter({name: times for name, times in super().commands().items() if name not in CHATTER})


@dataclass(frozen=True)
class Watched:
    """What every sentinel of a lab is told, so that they need not look for each other."""

    service: str
    ports: list[int]
    """Of the servers, the master's first."""
    sentinels: dict[str, int]
    """The port of each sentinel, by its id."""
    secrets: Secrets

    def configuration(self, own_id: str) -> list[str]:
        service, master = self.service, self.ports[0]
        return [
            f"sentinel myid {own_id}",
            f"sentinel sentinel-user {SENTINEL}",
            f"sentinel sentinel-pass {self.secrets.of_fellows}",
            f"sentinel monitor {service} 127.0.0.1 {master} {len(self.sentinels) // 2 + 1}",
            f"sentinel auth-user {service} {SENTINEL}",
            f"sentinel auth-pass {service} {self.secrets.of_sentinels}",
            f"sentinel down-after-milliseconds {service} {DOWN_AFTER}",
            f"sentinel failover-timeout {service} {FAILOVER_TIMEOUT}",
            *(f"sentinel known-replica {service} 127.0.0.1 {port}" for port in self.ports[1:]),
            *(
                f"sentinel known-sentinel {service} 127.0.0.1 {port} {other}"
                for other, port in self.sentinels.items()
                if other != own_id
            ),
        ]


class SentinelControl(Control):
    """Knows the other sentinels' connections by their user, and counts them by their ids."""

    _of_others: set[str]

    def _is_not_ours(self, row: dict[str, str]) -> bool:
        return row["user"] == "default"

    def opened(self) -> int:
        rows = self._rows()
        self._of_others = getattr(self, "_of_others", set()) | {row["id"] for row in rows if row["user"] == SENTINEL}
        return super().opened() - len(self._of_others)


class Sentinel(PrivateProcess):
    """One sentinel. It is no Server for data: ask it for ``clients()`` and ``opened()``."""

    ready = "sentinel id is"
    start = "its lab"

    def __init__(self, name: str, program: str, folder: Path, watched: Watched, own_id: str) -> None:
        self.name = name
        self._watched = watched
        self._own_id = own_id
        super().__init__(program, folder)

    @property
    def _file(self) -> Path:
        assert self._folder
        return self._folder / f"{self.name}.conf"

    def _free_port(self) -> int:
        return self._watched.sentinels[self._own_id]

    def _command(self, port: int) -> list[str]:
        """Write its file, which a sentinel must have and goes on writing to. It holds secrets: only we may read it."""
        lines = [
            f"bind {self.host}",
            f"port {port}",
            f"dir {self._file.parent}",
            "daemonize no",
            'logfile ""',
            " ".join(("user default on nopass -@all &*", *SENTINEL_VISITOR_RULES)),
            " ".join(("user", *self._user(ADMIN, self._secret, "~*", "&*", "+@all"))),
            " ".join(("user", *self._user(SENTINEL, self._watched.secrets.of_fellows, "&*", *FELLOW_RULES))),
            *self._watched.configuration(self._own_id),
        ]
        self._file.write_text("\n".join(lines) + "\n")
        return [self.program, str(self._file), "--sentinel"]

    def _make_control(self) -> Control:
        return SentinelControl(self.host, self.port, ADMIN, self._secret)

    def _has_ended(self) -> str:
        return gone(self)

    def sees_all(self, replicas: int, others: int) -> bool:
        """True if it reaches the master and knows so many replicas, and so many others, all of them up."""
        service = self._watched.service
        master = self._say("SENTINEL MASTER", service)
        slaves = self._say("SENTINEL SLAVES", service)  # As redis-py and 6.2 call them.
        sentinels = self._say("SENTINEL SENTINELS", service)
        flags = [row["flags"] for row in (master, *slaves, *sentinels)]
        follow = all(row["master-link-status"] == "ok" for row in slaves)
        return follow and flags == ["master", *["slave"] * replicas, *["sentinel"] * others]

    def master_port(self) -> int:
        """Return the port of what it takes for the master."""
        question = "SENTINEL GET-MASTER-ADDR-BY-NAME"
        return int(self._say(question, self._watched.service)[1])

    def __repr__(self) -> str:
        state = f"on {self.host}:{self.port}" if self.is_running else "has ended"
        return f"{self.name}: a private sentinel {self.version} of a lab, {state}."
