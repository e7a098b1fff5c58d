"""The rule about the limits of all pools together, against the server's maxclients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tutorial_lib.examination.evidence import Evidence, PoolEvidence, ServerSaid, SourceLine, address_of
from tutorial_lib.examination.finding import Finding, Rule, times, worst_first
from tutorial_lib.examination.program_evidence import ProgramEvidence
from tutorial_lib.examination.rules.clients import MANY
from tutorial_lib.words import counted

WHERE_EXPLAINED = "notebooks/07_what_the_server_sees.ipynb#When-the-server-is-at-its-limit"
FIX = "Make the limits of all pools in all processes add up to less than the server's maxclients."


def over_maxclients(program: ProgramEvidence) -> Iterator[Finding]:
    """The server refused a connection because it had too many. Once is enough: it was an error in the program.

    Or, where it was asked for its maxclients, the program's pools may open more connections than that.
    """
    lines: Counter[SourceLine] = Counter()
    for pool in program.pools:
        for why, places in pool.evidence.no_connection.items():
            if "max number of clients reached" in why:
                lines.update(places)
    if lines:
        count = sum(lines.values())
        message = f"{times(count).capitalize()} the server refused a connection: `max number of clients reached`."
        yield Finding("over-maxclients", 95, count, worst_first(lines), message, FIX, WHERE_EXPLAINED)
        return
    for server in program.servers:
        may_open, processes = most_at_once(program, server)
        total = sum(may_open.values())
        if server.maxclients and total > server.maxclients:
            yield Finding(
                "over-maxclients",
                50,
                total,
                worst_first(may_open),
                f"The pools of {counted(processes, 'process', 'processes')} may open {total:,} connections to "
                f"{server.address} together. Its maxclients is {server.maxclients:,}, and {server.clients:,} were "
                "connected when it was asked, those of other programs among them.",
                FIX,
                WHERE_EXPLAINED,
            )


def most_at_once(program: ProgramEvidence, server: ServerSaid) -> tuple[Counter[SourceLine], int]:
    """Return how many connections the pools may open to a server, by the line that made them; and the processes.

    Only processes that ran at the same time are added up. The sum was highest at a moment when one of them began.
    """
    best: Counter[SourceLine] = Counter()
    processes = 0
    for one in program.processes:
        at_once = [other for other in program.processes if other.began <= one.began <= other.began + other.duration]
        limits: Counter[SourceLine] = Counter()
        for process in at_once:
            limits.update(_limits(process, server))
        if sum(limits.values()) > sum(best.values()):
            best, processes = limits, len(at_once)
    return best, processes


def _limits(process: Evidence, server: ServerSaid) -> dict[SourceLine, int]:
    limits: Counter[SourceLine] = Counter()
    for pool in process.pools:
        if address_of(pool.settings) == server.address and pool.opened:
            limits[pool.made_at] += _may_open(pool)
    return limits


def _may_open(pool: PoolEvidence) -> int:
    """Return a pool's limit, if the program set one; else what it needed.

    No program means to open redis-py's own limit, which is 100, or two billion in redis-py 6 and 7. Where one
    line made many pools, they came one after the other, and client-per-call is about that.
    """
    pools = pool.made if 0 < pool.made < MANY else 1  # A pool that a process has from its parent was not made there.
    return pools * pool.limit if pool.limit_chosen else pool.most_in_use


RULES: tuple[Rule, ...] = (over_maxclients,)
