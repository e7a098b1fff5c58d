"""Rules about connections that do not come back: leaks, subscriptions, watches, generators, blocking commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from tutorial_lib.examination.evidence import Kept
from tutorial_lib.examination.finding import Finding, Rule, seconds, worst_first
from tutorial_lib.examination.program_evidence import PoolGroup, ProgramEvidence
from tutorial_lib.words import counted

LONG_HOLD = 1.0
"""Seconds. A connection that was borrowed by hand and is in use for less may be at work."""


def leak(program: ProgramEvidence) -> Iterator[Finding]:
    """Connections that were borrowed with get_connection, and were not returned when the program ended.

    One that is young and alone may be at work; several of one line, an old one, or one that exhausted its pool is not,
    nor is one of a test or a block that has ended.
    """
    for pool in program.pools:
        by_hand = [kept for kept in pool.evidence.kept if kept.by == "hand"]
        short = _is_short(pool)
        certain = short or program.is_over
        lost = [kept for kept in by_hand if certain or kept.age > LONG_HOLD or _of_line(by_hand, kept) > 1]
        if lost:
            yield _finding(
                "leak",
                100,
                pool,
                lost,
                "borrowed with get_connection() and never returned",
                "Call pool.release(connection) in a `finally` block, or use an ordinary command such as r.get(), which "
                "returns its connection by itself.",
                "notebooks/05_who_still_holds_a_connection.ipynb#How-do-you-borrow-by-hand-safely?",
            )


def kept_by_an_object(
    kind: str, wanted: Callable[[Kept, PoolGroup], bool], what: str, fix: str, lesson: str, weight: int = 70
) -> Rule:
    """Make a rule about connections that are kept by an object of redis-py."""

    def rule(program: ProgramEvidence) -> Iterator[Finding]:
        for pool in program.pools:
            kept = [one for one in pool.evidence.kept if wanted(one, pool)]
            if kept:
                yield _finding(kind, weight, pool, kept, what, fix, lesson)

    return rule


def _subscribed_to_nothing_or_too_many(kept: Kept, pool: PoolGroup) -> bool:
    """A subscription may keep its connection. One that hears nothing may not, nor may they exhaust the pool."""
    return kept.by == "pubsub idle" or (kept.by == "pubsub" and _is_short(pool))


pubsub_kept = kept_by_an_object(
    "pubsub-kept",
    _subscribed_to_nothing_or_too_many,
    "kept by a PubSub that was not closed; unsubscribe() does not return the connection",
    "Use `with r.pubsub() as pubsub:`, or call pubsub.close(). If many callers listen at once, let one subscription "
    "serve them all, or give them a pool of their own.",
    "notebooks/06_commands_that_keep_a_connection.ipynb#When-does-a-subscription-return-its-connection?",
)
generator_kept = kept_by_an_object(
    "generator-kept",
    lambda kept, _: kept.by.endswith(" generator"),
    "kept by a generator that was not read to its end, so it is still inside its `with` block",
    "Close the generator: `with contextlib.closing(events()) as stream:`, and contextlib.aclosing() if it is async.",
    "notebooks/06_commands_that_keep_a_connection.ipynb#What-does-an-unfinished-generator-hold?",
)
kept_by_exception = kept_by_an_object(
    "kept-by-exception",
    lambda kept, _: kept.by.endswith(" exception"),
    "kept by a stored exception, because its traceback refers to the variables of the function that raised it",
    "Open the PubSub or pipeline with `with`, so that it is closed when the block is left, or store str(error) instead "
    "of the error.",
    "notebooks/06_commands_that_keep_a_connection.ipynb#Going-deeper:-what-keeps-a-forgotten-listener-alive?",
)
watch_kept = kept_by_an_object(
    "watch-kept",
    lambda kept, pool: kept.by == "watch" and (kept.age > LONG_HOLD or _is_short(pool)),
    "kept by a pipeline after watch(); unwatch() does not return the connection",
    "Use `with r.pipeline() as pipe:`, or call pipe.reset().",
    "notebooks/06_commands_that_keep_a_connection.ipynb#How-long-does-WATCH-keep-a-connection?",
)

monitor_kept = kept_by_an_object(
    "monitor-kept",
    lambda kept, pool: kept.by == "monitor" and _is_short(pool),
    "kept by MONITOR, while other callers of the pool got none",
    "Give MONITOR a client, and so a pool, of its own, and use `with r.monitor() as monitor:`, so that it ends. It "
    "also slows the server down: use it for a moment only.",
    "docs/errors.md#monitor-kept",
)


def blocking_on_shared(program: ProgramEvidence) -> Iterator[Finding]:
    """A blocking command keeps a connection of a pool from which other lines borrow for other commands.

    Told where these others had to wait or were refused, or where the blocking callers took half of the limit.
    """
    for pool in program.pools:
        evidence = pool.evidence
        blocked = evidence.events.get("blocked", {})
        if not blocked or not set(evidence.lines) - set(blocked):
            continue
        at_work = [kept for kept in evidence.kept if kept.place in blocked]
        if _is_short(pool) or 2 * max(len(at_work), 1) > evidence.limit:
            commands = Counter(command for event in blocked.values() for command in event.commands)
            named = " and ".join(sorted(commands))
            longest = max((evidence.lines[place].longest for place in blocked if place in evidence.lines), default=0.0)
            left = (
                f"Some of these callers got no connection: the pool's limit is {evidence.limit}."
                if _is_short(pool)
                else f"It takes {max(len(at_work), 1)} of the {evidence.limit} connections that the pool may open."
            )
            yield Finding(
                "blocking-on-shared",
                60,
                sum(event.count for event in blocked.values()),
                worst_first({place: event.count for place, event in blocked.items()}),
                f"{named} kept a connection for up to {seconds(longest)}, in a pool that other lines use too. {left}",
                "Give blocking commands a client, and so a pool, of their own.",
                "notebooks/06_commands_that_keep_a_connection.ipynb#A-BLPOP-that-waits-longer-than-socket_timeout",
            )


def _is_short(pool: PoolGroup) -> bool:
    return bool(pool.evidence.no_connection.get("refused") or pool.evidence.no_connection.get("timed out"))


def _of_line(kept: list[Kept], one: Kept) -> int:
    return sum(other.place == one.place for other in kept)


def _finding(kind: str, weight: int, pool: PoolGroup, kept: list[Kept], what: str, fix: str, lesson: str) -> Finding:
    lines = Counter(one.place for one in kept)
    count, oldest = len(kept), max(one.age for one in kept)
    were = f"{counted(count, 'connection')} {'were' if count > 1 else 'was'}"
    if pool.evidence.made == 1 and count == pool.evidence.limit > 1:
        were = f"{'Both' if count == 2 else f'All {count}'} connections of the pool were"
    # A young one's age says how long the program ran, and nothing about the leak.
    old = "" if oldest < LONG_HOLD else f", {'the oldest ' if count > 1 else ''}for {seconds(oldest)}"
    return Finding(
        kind,
        weight,
        count,
        worst_first(lines),
        f"{were} still in use at the end{old}: {what}.",
        fix,
        lesson,
    )


RULES: tuple[Rule, ...] = (
    leak,
    pubsub_kept,
    generator_kept,
    kept_by_exception,
    watch_kept,
    monitor_kept,
    blocking_on_shared,
)
