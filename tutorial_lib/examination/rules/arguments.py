"""Rules about arguments that do something else than one thinks, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tutorial_lib.examination.evidence import SourceLine
from tutorial_lib.examination.finding import Finding, Rule, times, worst_first
from tutorial_lib.examination.program_evidence import ProgramEvidence


def ignored_argument(program: ProgramEvidence) -> Iterator[Finding]:
    """A client was given a pool, and other settings than the pool's, which have no effect."""
    if events := program.of_kind("ignored-argument"):
        names = sorted({name for event in events.values() for name in event.detail.split(", ")})
        yield _finding(
            "ignored-argument",
            45,
            {place: event.count for place, event in events.items()},
            f"a client was given a pool and also {' and '.join(f'`{name}`' for name in names)}. A client that has a "
            "pool ignores them, and the pool's own settings differ.",
            "Give these arguments to the pool. If two parts of the program need different ones, create two pools.",
            "notebooks/04_one_pool_for_many_parts.ipynb#Whose-settings-apply?",
        )


def url_beats_keyword(program: ProgramEvidence) -> Iterator[Finding]:
    """from_url got an argument twice, with different values: the URL's wins."""
    if events := program.of_kind("url-beats-keyword"):
        detail = next(iter(events.values())).detail
        yield _finding(
            "url-beats-keyword",
            45,
            {place: event.count for place, event in events.items()},
            f"from_url was given two values for one setting ({detail}). The value in the URL was used.",
            "Write the setting in one place only: in the URL or as an argument.",
            "notebooks/01_your_first_pool.ipynb#The-address-as-a-URL",
        )


def url_decode_false(program: ProgramEvidence) -> Iterator[Finding]:
    """A URL says decode_responses=False, which turns decoding on."""
    if events := program.of_kind("url-decode-false"):
        yield _finding(
            "url-decode-false",
            45,
            {place: event.count for place, event in events.items()},
            "a URL said decode_responses=False. In a URL each value is text, and this text turns decoding on.",
            "Remove it from the URL. Without it, replies are bytes.",
            "notebooks/01_your_first_pool.ipynb#The-address-as-a-URL",
        )


def unknown_argument(program: ProgramEvidence) -> Iterator[Finding]:
    """No connection can be made, because the pool got an argument that its connections do not know."""
    lines: Counter[SourceLine] = Counter()
    made_at: Counter[SourceLine] = Counter()
    said = ""
    for pool in program.pools:
        for why, places in pool.evidence.no_connection.items():
            if why.startswith("TypeError:") and "argument" in why:
                said = why
                lines.update(places)
                made_at[pool.evidence.made_at] += sum(places.values())
    if lines:
        hint = " For TLS use a rediss:// URL or connection_class=redis.SSLConnection." if "'ssl'" in said else ""
        yield _finding(
            "unknown-argument",
            93,
            dict(made_at),
            f"a connection could not be created: {said}. The pool counts each failed attempt as a connection in use, "
            "so in the end it raises `Too many connections`.",
            f"Correct the argument where the pool is created.{hint} A ping() when the program starts finds such a "
            "mistake at once.",
            "notebooks/11_how_long_a_caller_waits.ipynb#A-misspelled-argument",
        )


def _finding(kind: str, weight: int, lines: dict[SourceLine, int], said: str, fix: str, lesson: str) -> Finding:
    count = sum(lines.values())
    return Finding(kind, weight, count, worst_first(lines), f"{times(count).capitalize()}, {said}", fix, lesson)


RULES: tuple[Rule, ...] = (ignored_argument, url_beats_keyword, url_decode_false, unknown_argument)
