"""Rules about how many pools there are, who makes them, and who closes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from tutorial_lib.examination.evidence import SourceLine
from tutorial_lib.examination.finding import Finding, Rule, times, worst_first
from tutorial_lib.examination.program_evidence import ProgramEvidence

MANY = 5
"""Pools of one line in one process. A program with a few servers makes fewer, or with other settings."""
MANY_OF_A_PACKAGE = 20
"""Of those that an installed package makes for the user. Django's cache has a pool for each thread, and kombu one for
each channel: as many as a server has threads are no trouble."""

DROPPED_WORTH_TELLING = 3
"""Asyncio clients that were dropped unclosed. One or two may be where a script ends, and its connections with it."""

PER = {
    "client-per-call": ("for each call", "notebooks/04_one_pool_for_many_parts.ipynb#A-client-for-each-request"),
    "pool-per-thread": ("for each thread", "notebooks/04_one_pool_for_many_parts.ipynb#One-client-for-twenty-threads"),
    "pool-per-task": ("for each asyncio task", "notebooks/04_one_pool_for_many_parts.ipynb#A-client-for-each-request"),
}
"""How often such a line makes a pool, and the section of the lesson."""


def client_per_call(program: ProgramEvidence) -> Iterator[Finding]:
    """One line made many pools with the same settings in one process, and each was used."""
    for pool in program.pools:
        evidence = pool.evidence
        if pool.most_made < (MANY_OF_A_PACKAGE if evidence.package else MANY) or evidence.opened < evidence.made / 2:
            continue
        per_thread = evidence.threads >= 0.9 * evidence.made > 1
        per_task = evidence.tasks >= 0.9 * evidence.made > 1
        kind = "pool-per-task" if per_task else "pool-per-thread" if per_thread else "client-per-call"
        each, lesson = PER[kind]
        made = "clients with a pool each" if evidence.by_client else "pools"
        by = f" ({evidence.package} creates them)" if evidence.package else ""
        rate = f", {evidence.opened / program.duration:.3g} a second" if program.duration > 1 else ""
        yield Finding(
            kind,
            80,
            evidence.made,
            (evidence.made_at,),
            f"This line created {evidence.made:,} {made}, one {each}{by}. Together they opened {evidence.opened:,} "
            f"connections{rate}. One shared pool would have opened a few and reused them.",
            _of_a_package(evidence.package) if evidence.package else _SHARE,
            lesson,
        )


_SHARE = (
    "Create the client once, at the top of a module or when the program starts, and share it. All threads may use one "
    "client, and so may all tasks of one event loop."
)


def _of_a_package(package: str) -> str:
    return (
        "Give Django's cache a pool_class that returns one pool in each process: recipes/django_cache.py shows "
        "how. Or use django-redis, which has one pool in each process."
        if package == "django"
        else f"Look in {package}'s settings for a way to share one pool between threads."
    )


def duplicate_pools(program: ProgramEvidence) -> Iterator[Finding]:
    """Several lines of one process made pools for the same server with the same settings, and used them.

    What an installed package made cannot be shared, so only the user's own count. Subscriptions and blocking commands
    should have a pool of their own.
    """
    for process in program.processes:
        by_settings: dict[str, list[SourceLine]] = defaultdict(list)
        for pool in process.pools:
            if pool.lines and pool.made < MANY and not pool.package and not pool.waits:
                by_settings[f"{pool.for_asyncio} {_without_limit(pool.settings)}"].append(pool.made_at)
        for places in by_settings.values():
            if len(set(places)) > 1:
                yield Finding(
                    "duplicate-pools",
                    30,
                    len(set(places)),
                    worst_first(Counter(places)),
                    f"{len(set(places))} lines created a pool each, for the same server and with the same settings. "
                    "Each pool has its own limit, and none can use a connection that is idle in another.",
                    "Create one pool and give it to all clients: redis.Redis(connection_pool=pool).",
                    "notebooks/04_one_pool_for_many_parts.ipynb#Two-parts,-two-pools",
                )
                return


def _without_limit(settings: dict[str, object]) -> dict[str, object]:
    return {
        name: value for name, value in settings.items() if name not in ("max_connections", "timeout", "client_name")
    }


def closed_under_others(program: ProgramEvidence) -> Iterator[Finding]:
    """A pool was closed while other callers used its connections."""
    if events := program.of_kind("closed-under-others"):
        count = sum(event.count for event in events.values())
        yield Finding(
            "closed-under-others",
            75,
            count,
            worst_first({place: event.count for place, event in events.items()}),
            f"{times(count).capitalize()}, a pool was closed while other callers were using its connections "
            f"({next(iter(events.values())).detail}). Their commands fail with errors such as `I/O operation on "
            "closed file.`",
            "Close the pool where it was created, and only when all callers are done. `with r:` on a shared client "
            "closes its pool, and so does a client that was created with from_pool().",
            "notebooks/04_one_pool_for_many_parts.ipynb#What-does-from_pool-do?",
        )


def used_after_close(program: ProgramEvidence) -> Iterator[Finding]:
    """A pool was used again after it had been closed. Once may be a restart on purpose; three times are a habit."""
    events = program.of_kind("used-after-close")
    count = sum(event.count for event in events.values())
    if count >= 3:
        yield Finding(
            "used-after-close",
            40,
            count,
            worst_first({place: event.count for place, event in events.items()}),
            f"{times(count).capitalize()}, a pool was used again after it had been closed. It opened new connections, "
            "and they stay open until it is closed again.",
            "Close the client when the program no longer needs it. If you open it with `with`, use it only inside "
            "the block.",
            "notebooks/04_one_pool_for_many_parts.ipynb#Going-deeper:-with-on-a-shared-client",
        )


def dropped_unclosed(program: ProgramEvidence) -> Iterator[Finding]:
    """An asyncio client was dropped while its pool had open connections. Once may be the end of a script.

    redis-py closes the pool of a client for threads when Python drops the client. For asyncio it cannot: closing has
    to be awaited.
    """
    events = program.of_kind("dropped-unclosed")
    count = sum(event.count for event in events.values())
    if count >= DROPPED_WORTH_TELLING:
        yield Finding(
            "dropped-unclosed",
            45,
            count,
            worst_first({place: event.count for place, event in events.items()}),
            f"{times(count).capitalize()}, an asyncio client was dropped while its pool had open connections. They "
            "stay open until Python collects the pool, and redis-py warns about them, where warnings are shown: "
            "`ResourceWarning: unclosed Connection`.",
            "Use the client in `async with redis.asyncio.Redis(…) as r:`, or await r.aclose() before it goes.",
            "notebooks/12_asyncio.ipynb#How-many-connections-does-one-thread-need?",
        )


RULES: tuple[Rule, ...] = (client_per_call, duplicate_pools, closed_under_others, used_after_close, dropped_unclosed)
