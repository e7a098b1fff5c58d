"""What a pool looks like now, as the plain dict that the browser draws. No widget here, and no thread."""

from __future__ import annotations

import weakref
from collections import Counter, deque
from collections.abc import Sequence
from time import perf_counter as clock
from typing import Any

from tutorial_lib.notebook.lines import line_of
from tutorial_lib.pools.anatomy import PoolConnection, connections_of, waiting_now
from tutorial_lib.pools.borrow import Borrow, Outcome
from tutorial_lib.pools.copying import copied
from tutorial_lib.pools.cover import leave, listen
from tutorial_lib.pools.sides import Addresses, Sides, compare
from tutorial_lib.pools.snapshot import PoolSnapshot, counts_of
from tutorial_lib.pools.tap import Listener, Tap, can_wait
from tutorial_lib.widgets.server_watch import ServerWatch

DRAWN = 100
"""Slots are drawn one by one up to here."""
QUEUE_DRAWN = 12
LONGEST_TEXT = 200
"""Characters of a name or a line that are sent."""
REMEMBERED = 300
"""Samples for the strip: half a minute at ten a second."""

State = dict[str, Any]


class PoolWatch(Listener):
    """Looks at one pool, and at the server's side of it. Keeps the pool no longer alive than it lives."""

    def __init__(self, pool: Any, server: ServerWatch | None) -> None:
        self._pool = weakref.ref(pool)
        self._server = server
        self._kind = type(pool).__name__
        self._tap: Tap | None = None
        self._addresses = Addresses()
        self._slots: dict[int, int] = {}
        self._last = counts_of(pool)
        self.history: deque[tuple[float, int, int, int]] = deque(maxlen=REMEMBERED)
        """(when, in use, waiting, refused or timed out so far) of the last half minute."""

    # -- beginning and end

    def start(self) -> None:
        """Begin to listen, so that it is known who borrows and since when."""
        pool = self._pool()
        if self._tap is None and pool is not None:
            self._tap = listen(pool, self)
            if self._server:
                self._server.start()

    def stop(self) -> None:
        """Leave the pool as it was."""
        tap, self._tap = self._tap, None
        if tap is not None:
            leave(tap, self)
            if self._server:
                self._server.stop()

    # -- looking

    @property
    def gone(self) -> bool:
        """True once the pool has been garbage-collected."""
        return self._pool() is None

    def wait_for_server(self) -> None:
        """Wait until the server has been asked once more, so that both sides are of the same moment."""
        if self._tap is not None and self._server is not None:
            self._server.wait_for_news()

    @property
    def server_closed(self) -> bool:
        """True once the server beside it has been closed."""
        return self._server is not None and self._server.closed

    def count(self) -> tuple[PoolSnapshot, int]:
        """Count connections and waiting callers. The last count stays when the pool is gone."""
        pool = self._pool()
        if pool is None:
            return PoolSnapshot(0, 0, self._last.limit), 0
        self._last = counts_of(pool)
        return self._last, max(len(self._queue()), waiting_now(pool))

    def look(self) -> State:
        """Describe the pool now."""
        now = clock()
        pool = self._pool()
        if pool is None:
            return {"now": now, "pool": self._kind, "limit": self._last.limit, "slots": [], "queue": [], "gone": True}
        seen = connections_of(pool)
        counts, waiting = self.count()
        connections = seen if seen is not None else self._guessed(counts)
        self._addresses.note(connections, now)
        sides, server = self._other_side(connections)
        queue = self._queue()
        totals = self._totals()
        state: State = {
            "now": now,
            "pool": self._kind,
            "limit": counts.limit,
            "in_use": sum(connection.in_use for connection in connections),
            "idle": sum(not connection.in_use for connection in connections),
            "waiting": max(waiting, len(queue)),
            "waits": can_wait(pool),
            "slots": self._describe(connections, sides)[:DRAWN],
            "queue": [_who(borrow, borrow.asked) for borrow in queue[:QUEUE_DRAWN]],
            "server": server,
            "totals": totals,
            "gone": False,
            "closed": bool(connections) and all(connection.is_open is False for connection in connections),
            "counts_only": seen is None,
        }
        self.history.append((now, state["in_use"], state["waiting"], sum(totals.values())))
        return state

    def _queue(self) -> list[Borrow]:
        """Who waits, longest first."""
        return self._tap.waiting() if self._tap else []

    def _totals(self) -> dict[str, int]:
        """Count who got no connection; a cancelled caller is among those that failed."""
        outcomes = self._tap.outcomes if self._tap else Counter[Outcome]()
        failed = outcomes["failed"] + outcomes["cancelled"]
        return {"refused": outcomes["refused"], "timed out": outcomes["timed out"], "failed": failed}

    def _guessed(self, counts: PoolSnapshot) -> list[PoolConnection]:
        """Stand-ins for connections that the pool does not show: as many as it counts."""
        held = copied(self._tap.held) if self._tap else []
        unknown = range(counts.in_use + counts.idle)
        keys = [*held, *(-1 - number for number in unknown)][: len(unknown)]
        return [PoolConnection(key, place < counts.in_use, None, "", "") for place, key in enumerate(keys)]

    # -- slots

    def _describe(self, connections: Sequence[PoolConnection], sides: Sides | None) -> list[State]:
        held = self._tap.in_use() if self._tap else {}
        earlier = set(self._tap.earlier) if self._tap else {connection.key for connection in connections}
        unheard = self._tap.waited_before if self._tap else 0
        # Those seen for the first time get their numbers in the order in which they were borrowed.
        in_order = sorted(connections, key=lambda one: held[one.key].got if one.key in held else 0.0)
        slots = []
        for connection in in_order:
            slot: State = {"n": self._number(connection, connections), "address": connection.address}
            borrow = held.get(connection.key)
            if not connection.in_use:
                slot["is"] = "closed" if connection.is_open is False else "idle"
            elif borrow is not None:
                slot |= {"is": "in use", **_who(borrow, borrow.got)}
            elif connection.key in earlier or connection.key < 0 or (unheard and connection.is_open):
                slot |= {"is": "in use", "who": "borrowed earlier", "since": None, "where": ""}
            else:
                slot |= {"is": "opening", "since": None}
            if sides is not None:
                slot["sides"] = sides.found_in[connection.key]
                slot["client"] = sides.client_ids.get(connection.key)
            slots.append(slot)
        return sorted(slots, key=lambda slot: int(slot["n"]))

    def _number(self, connection: PoolConnection, everyone: Sequence[PoolConnection]) -> int:
        """Give a connection the lowest free slot, and let it keep that while it lives."""
        if connection.key not in self._slots:
            present = {other.key for other in everyone}
            self._slots = {key: number for key, number in self._slots.items() if key in present}
            taken = set(self._slots.values())
            self._slots[connection.key] = next(n for n in range(1, len(taken) + 2) if n not in taken)
        return self._slots[connection.key]

    # -- the server's side

    def _other_side(self, connections: Sequence[PoolConnection]) -> tuple[Sides | None, State | None]:
        if self._server is None:
            return None, None
        client_list, silent = self._server.client_list, self._server.silent_for()
        if client_list is None:
            said = self._server.failure
            return None, {"says": said, "answers": False if said else None}
        sides = compare(connections, client_list, self._addresses)
        return sides, {
            "answers": not silent,
            "says": "",
            "left": [{"client": client.id, "address": client.address} for client in sides.server_only],
            "others": sides.others,
            "unmatched": sides.unmatched,
        }


def _who(borrow: Borrow, since: float) -> State:
    line = line_of(borrow.site)
    where = str(line) if line.file else ""
    return {"who": _sendable(borrow.who), "since": since, "where": _sendable(where), "code": _sendable(line.text)}


def _sendable(text: str) -> str:
    """Shorten what is too long to be read, and replace what UTF-8 cannot express: threads may be called anything."""
    return text[:LONGEST_TEXT].encode(errors="replace").decode()
