"""Rules about a pool at its limit: callers that are refused, and callers that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tutorial_lib.examination.evidence import Place
from tutorial_lib.examination.finding import Finding, Rule, seconds, times, worst_first
from tutorial_lib.examination.seen import Pools, Seen
from tutorial_lib.sizing.formulas import connections_needed

WAIT_WORTH_TELLING = 0.05
"""Seconds. Shorter waits are what a blocking pool is for; a person does not notice them."""
WAITS_WORTH_TELLING = 20
"""A few waits when a program starts are no trouble."""


def exhausted(seen: Seen) -> Iterator[Finding]:
    """A plain pool at its limit refused callers. Once is enough: each was an error in the program."""
    for pool in seen.pools:
        evidence = pool.evidence
        if refused := evidence.no_connection.get("refused"):
            count = sum(refused.values())
            yield Finding(
                "exhausted",
                90,
                count,
                worst_first(refused),
                f"The pool was exhausted: {times(count)} a caller was refused because all {evidence.limit} "
                f"connections were "
                f"in use.{_holders(pool)}{_enough(pool, seen)}",
                "Use a BlockingConnectionPool with a short timeout if callers may wait, or raise max_connections; if "
                "one "
                "line keeps connections for long, start there.",
                "03_when_the_pool_is_exhausted#Ten-requests-and-four-connections",
            )


def pool_waits(seen: Seen) -> Iterator[Finding]:
    """Callers of a blocking pool waited in vain, or waited long and often."""
    for pool in seen.pools:
        evidence, waited = pool.evidence, pool.evidence.waited
        in_vain = evidence.no_connection.get("timed out", Counter())
        often_and_long = waited.count >= WAITS_WORTH_TELLING and waited.percentile(0.95) > WAIT_WORTH_TELLING
        if in_vain or often_and_long:
            count = sum(in_vain.values())
            vain = f" {times(count).capitalize()} it waited in vain: No connection available." if count else ""
            yield Finding(
                "pool-waits",
                85 if count else 50,
                count or waited.count,
                worst_first(in_vain or {place: held.count for place, held in evidence.lines.items()}),
                f"{times(waited.count).capitalize()} a caller waited for a connection, {seconds(waited.mean)} on "
                f"average "
                f"and {seconds(waited.longest)} at most; all {evidence.limit} were in use.{vain}{_holders(pool)}"
                f"{_enough(pool, seen)}",
                "Look first at the line that keeps connections longest. If none keeps them too long, raise "
                "max_connections.",
                "03_when_the_pool_is_exhausted#How-long-should-a-request-wait?",
            )


def _holders(pool: Pools) -> str:
    """Say which lines had the connections meanwhile."""
    held = {place: event.count for place, event in pool.evidence.events.get("held-meanwhile", {}).items()}
    if not held:
        return ""
    first = worst_first(held)[0]
    others = len(held) - 1
    more = f" and {others} other line{'s' * (others > 1)}" if others else ""
    return f" Meanwhile they were held by {_short(first)}{more}."


def _short(place: Place) -> str:
    return f"line {place.line}, `{place.text}`" if place.text else str(place)


def _enough(pool: Pools, seen: Seen) -> str:
    """Say how many connections the sizing model gives for what was measured."""
    held = pool.evidence.held
    rate = (held.count + sum(sum(lines.values()) for lines in pool.evidence.no_connection.values())) / seen.duration
    if not held.count or not held.mean:
        return ""
    per_pool = rate / max(1, pool.processes) / max(1, pool.most_made)
    needed = connections_needed(per_pool, held.mean, 0.01)
    if needed <= pool.evidence.limit:
        return f" On average {per_pool * held.mean:.2g} would have been enough, so look at bursts and at what is kept."
    return (
        f" At {per_pool:.3g} borrows a second, held for {seconds(held.mean)} each, about {needed} connections keep "
        "99 of 100 waits under 10 ms."
    )


RULES: tuple[Rule, ...] = (exhausted, pool_waits)
