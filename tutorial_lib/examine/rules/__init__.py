"""The rules: each is a pure function of what was seen, and finds one kind of trouble, with a threshold and its reason."""

from __future__ import annotations

from tutorial_lib.examine.finding import Finding, Rule
from tutorial_lib.examine.rules import arguments, clients, commands, kept, pools
from tutorial_lib.examine.seen import Seen

RULES: tuple[Rule, ...] = (*pools.RULES, *kept.RULES, *clients.RULES, *commands.RULES, *arguments.RULES)


KINDS = frozenset(
    "blocking-on-shared cancelled-borrow client-per-call closed-under-others duplicate-pools duplicated-write exhausted "
    "generator-kept ignored-argument kept-by-exception leak over-maxclients pool-per-task pool-per-thread pool-waits "
    "pubsub-kept stale-reconnects timeout-shorter-than-block two-loops unknown-argument unread-reply url-beats-keyword "
    "url-decode-false used-after-close used-after-fork watch-kept".split()
)
"""The names of what may be found. They are stable: reports, --fail-on and docs/errors.md use them."""


def findings_of(seen: Seen) -> list[Finding]:
    """Return all that the rules find, the worst first."""
    found = [finding for rule in RULES for finding in rule(seen)]
    return sorted(found, key=lambda finding: (-finding.weight, -finding.count, finding.kind))
