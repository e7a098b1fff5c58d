"""``with examine() as findings:`` does in a notebook or a test what the command does for a whole program."""

from __future__ import annotations

import gc
import html
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import overload

import redis
import redis.asyncio

from tutorial_lib.errors import BadSetting
from tutorial_lib.examination.attach import attach, detach, is_attached
from tutorial_lib.examination.card import as_card
from tutorial_lib.examination.evidence import Kept
from tutorial_lib.examination.finding import Finding
from tutorial_lib.examination.program_evidence import put_together
from tutorial_lib.examination.rules import findings_of
from tutorial_lib.examination.witness import Witness


class Findings(Sequence[Finding]):
    """What was found, the worst first: a list of Findings. Empty until the block has ended, and if all was well."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._over = False

    @overload
    def __getitem__(self, place: int) -> Finding: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Finding]: ...

    def __getitem__(self, place: int | slice) -> Finding | Sequence[Finding]:
        return self._found[place]

    def __len__(self) -> int:
        return len(self._found)

    @property
    def kinds(self) -> list[str]:
        """What was found, by name: ``["leak", "exhausted"]``."""
        return list(dict.fromkeys(finding.kind for finding in self._found))

    def __repr__(self) -> str:
        if not self._over:
            return "Findings(the block has not ended)"
        return f"Findings({', '.join(self.kinds) or 'nothing to worry about'})"

    def _repr_html_(self) -> str:
        if not self._found:
            return html.escape(repr(self))
        return "".join(as_card(finding) for finding in self._found)


@contextmanager
def examine() -> Iterator[Findings]:
    """Watch all redis-py pools while the block runs: ``with examine() as findings: …``. Then ``findings`` says what was
    found.

    Pools that were there before are watched, too. A connection that is in use when the block ends counts as kept. One
    block at a time: BadSetting inside another.
    """
    with examining() as findings:
        yield findings


@contextmanager
def examining(is_cleaned_up: Callable[[Kept], bool] = lambda kept: False) -> Iterator[Findings]:
    """Do as ``examine``, but do not tell of those connections that are in use at the end and were cleaned up."""
    if is_attached():
        raise BadSetting(
            "Pools are examined already. End the other `with examine()` block first, or run this program without the "
            "command `examine`."
        )
    findings, witness = Findings(), Witness()
    attach(witness)
    try:
        for pool in _pools():
            witness.pool_found(pool)
        yield findings
    finally:
        evidence = witness.evidence()
        for seen in evidence.pools:
            seen.kept = [kept for kept in seen.kept if not is_cleaned_up(kept)]
        found = findings_of(put_together([evidence], is_over=True))
        detach()
        witness.leave()
        findings._found, findings._over = found, True


def _pools() -> list[redis.ConnectionPool | redis.asyncio.ConnectionPool]:
    kinds = (redis.ConnectionPool, redis.asyncio.ConnectionPool)
    # type() and not isinstance(), which would ask a lazy proxy of another library for its class, and wake it.
    return [thing for thing in gc.get_objects() if issubclass(type(thing), kinds)]
