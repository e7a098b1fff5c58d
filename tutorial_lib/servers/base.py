"""What a lesson may ask of its server, whichever kind of server that is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from tutorial_lib.arguments import in_short
from tutorial_lib.errors import BadSetting
from tutorial_lib.words import counted

if TYPE_CHECKING:
    from typing_extensions import Self

Kind = Literal["redis", "fake", "borrowed"]


@dataclass(frozen=True)
class ClientInfo:
    """One entry of CLIENT LIST: a connection as the server sees it.

    ``address`` is the client's own end, ``"127.0.0.1:51234"``; ``idle`` and ``age`` are in seconds, whole ones on a
    real Redis: since its last command, and since it connected. ``blocked`` says that it waits in a command such as
    BLPOP.
    """

    id: int
    name: str
    address: str
    db: int
    idle: float
    blocked: bool
    age: float = 0.0


class Clients(list[ClientInfo]):
    """A list of clients that a notebook shows as a table. Its repr only counts them by name, so it stays equal."""

    def __repr__(self) -> str:
        by_name = Counter(client.name or "without a name" for client in self)
        names = ", ".join(f"{count} {name}" for name, count in sorted(by_name.items()))
        return f"<{counted(len(self), 'client')}{': ' + names if names else ''}>"

    def _repr_html_(self) -> str:
        heads = ("id", "name", "address", "database", "age", "idle", "")
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in _cells(client))}</tr>"
            for client in sorted(self, key=lambda client: client.id)
        )
        caption = f'<caption style="text-align: left">{counted(len(self), "client")} of the server</caption>'
        head = "".join(f'<th scope="col">{head}</th>' if head else "<td></td>" for head in heads)
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(client: ClientInfo) -> tuple[str, ...]:
    seconds = (f"{client.age:.0f} s", f"{client.idle:.0f} s")
    blocked = "blocked" if client.blocked else ""
    return str(client.id), client.name, client.address, str(client.db), *seconds, blocked


def client_info(row: dict[str, str], address: str) -> ClientInfo:
    """Make one of what redis-py makes of an entry of CLIENT LIST. ``address`` is the client's own end."""
    return ClientInfo(
        id=int(row["id"]),
        name=row["name"],
        address=address,
        db=int(row["db"]),
        idle=float(row["idle"]),
        blocked="b" in row["flags"],
        age=float(row.get("age", 0)),  # fakeredis works it out only for its own list.
    )


MOST_CLIENTS = 10_000
"""The most that set_limit takes: Redis's own default for maxclients."""

MOST_MEMORY = 256 * 1024 * 1024
"""Bytes that a server of our own may hold: every user of this computer can write to it, and it is in its memory."""

LONGEST_TIMEOUT = 86_400
"""The longest idle timeout that set_idle_timeout takes, and the longest pause: a day."""


class Server(ABC):
    """A Redis to practise on. Made by ``start_server()``; the same for a lesson whichever kind it is.

    ``host`` and ``port`` are always a plain TCP address on this machine, without password or TLS, so that
    ``redis.ConnectionPool(host=server.host, port=server.port)`` works on every kind.

    Counts leave out the connection that this handle itself uses to ask.
    """

    host: str
    port: int
    kind: Kind
    version: str
    """The Redis version that the server speaks, such as ``"7.0.15"``."""

    @property
    def url(self) -> str:
        """``redis://host:port/0``, for ``from_url``."""
        return f"redis://{self.host}:{self.port}/0"

    @property
    def is_real(self) -> bool:
        """False on the fallback, where times that you measure say nothing about Redis."""
        return self.kind != "fake"

    @property
    def owned(self) -> bool:
        """True if the server is ours to limit, pause and kill; False if it is borrowed."""
        return self.kind != "borrowed"

    @abstractmethod
    def clients(self) -> Clients:
        """Return the connections that are open now, as CLIENT LIST tells them. Stale as soon as you have it.

        A list of ClientInfo, which a notebook shows as a table.
        """

    @abstractmethod
    def opened(self) -> int:
        """Return how many connections the server has accepted since it started. Refused ones are not counted."""

    @abstractmethod
    def commands(self) -> Counter[str]:
        """Return how often each command was received, by name: ``Counter({"GET": 100, "CLIENT SETNAME": 1})``.

        Commands that Redis keeps as families carry their second word (from Redis 7 on; 6.2 counts the family).
        A real Redis does not count a command that it does not know. One that waits, such as BLPOP, is counted when its
        wait is over (Redis 7.2 or newer, and Valkey) or has begun (older ones).
        """

    @abstractmethod
    def set_limit(self, clients: int) -> None:
        """Let at most ``clients`` connections in (maxclients); the next is refused with Redis's own error.

        From 1 to MOST_CLIENTS. Connections that are already open stay. NotAllowed on a borrowed server.
        """

    @abstractmethod
    def set_idle_timeout(self, seconds: int) -> None:
        """Close connections that say nothing for ``seconds`` (whole seconds; 0: never, as at the start).

        Redis looks a few times a second, so it may take up to about a second longer. NotAllowed when borrowed.
        """

    @abstractmethod
    def kill_clients(self, name: str | None = None) -> int:
        """Cut the connections called ``name`` (CLIENT SETNAME), or all of them, and return how many were cut.

        They are cut from the server's side: the client learns of it when it next uses the socket.
        NotAllowed when borrowed.
        """

    @abstractmethod
    def pause(self, seconds: float) -> None:
        """Answer nobody for ``seconds``, and return at once. Questions to this handle wait too.

        NotAllowed when borrowed.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop the server, or leave the borrowed one as it was found. Closing twice does nothing."""

    @abstractmethod
    def describe(self) -> str:
        """Say in one line which server this is and what is different about it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return self.describe()


def checked_server(server: object, how: str) -> Server:
    """Return ``server`` if it is one. BadSetting if not, with ``how`` to come by one."""
    if not isinstance(server, Server):
        raise BadSetting(f"server is {in_short(server)}. {how}")
    return server


def check_server(server: object) -> None:
    """BadSetting unless ``server`` is a Server or None."""
    if server is not None:
        checked_server(server, "Pass what start_server() returned, or leave it out.")
