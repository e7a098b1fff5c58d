"""The rules: each is a pure function of what was program, and has a threshold with its reason."""

from __future__ import annotations

from tutorial_lib.examination.finding import Finding, Rule
from tutorial_lib.examination.program_evidence import ProgramEvidence
from tutorial_lib.examination.rules import arguments, clients, commands, kept, limits, pools

RULES: tuple[Rule, ...] = (*pools.RULES, *kept.RULES, *clients.RULES, *commands.RULES, *arguments.RULES, *limits.RULES)


KINDS = frozenset(
    {
        "blocking-on-shared",
        "cancelled-borrow",
        "client-per-call",
        "closed-under-others",
        "dropped-unclosed",
        "duplicate-pools",
        "duplicated-write",
        "exhausted",
        "generator-kept",
        "ignored-argument",
        "kept-by-exception",
        "leak",
        "monitor-kept",
        "over-maxclients",
        "pool-per-task",
        "pool-per-thread",
        "pool-waits",
        "pubsub-kept",
        "retried-timeouts",
        "stale-reconnects",
        "timeout-shorter-than-block",
        "two-loops",
        "unknown-argument",
        "unread-reply",
        "url-beats-keyword",
        "url-decode-false",
        "used-after-close",
        "used-after-fork",
        "watch-kept",
    }
)
"""The names of what may be found. They are stable: reports, --fail-on and docs/errors.md use them."""


SUFFERED = frozenset(
    {
        "exhausted",
        "over-maxclients",
        "pool-waits",
        "two-loops",
        "unknown-argument",
        "unread-reply",
        "used-after-fork",
    }
)
"""What makes a program's commands fail, in whatever code the line is."""

KEEP_POOLS = frozenset({"celery", "kombu"})
"""Packages whose workers borrow connections by hand for as long as they live, and make a pool for each channel."""


def findings_of(program: ProgramEvidence) -> list[Finding]:
    """Return all that the rules find, the worst first.

    What an installed package does by itself, without a line of the user's, is told only where commands fail: it is
    not theirs to change. A program that is installed as a package has no other lines, so there it is told, too.
    """
    found = [finding for rule in RULES for finding in rule(program) if _is_the_users(finding, program)]
    return sorted(found, key=lambda finding: (-finding.weight, -finding.count, finding.kind))


def _is_the_users(finding: Finding, program: ProgramEvidence) -> bool:
    packages = {place.package for place in finding.lines}
    if finding.kind in SUFFERED or "" in packages or not packages:
        return True
    return not program.has_users_lines and not packages <= KEEP_POOLS
