"""A pool's timeline on the page of a report: how many connections were in use when, against the limit, as a drawing."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence

from tutorial_lib.examination.finding import seconds
from tutorial_lib.pools.lease import Lease, Moment, moments
from tutorial_lib.words import counted

WIDTH, HEIGHT = 840, 210
LEFT, RIGHT, TOP, BOTTOM = 40, 830, 34, 180
"""Where the plot stands. Marks of callers without a connection stand above it."""
FAR = 3
"""A limit more than so many times as high as what was needed is told and not drawn: it would press the rest flat."""
ROOM_FOR_A_MARK = 5

SHAPES = {"refused": "M-4-4 4 4M-4 4 4-4", "timed out": "M0-5 5 0 0 5-5 0Z", "failed": "M0-5 5 4H-5Z"}
"""Callers that got no connection: a cross, a diamond, a triangle."""
AREAS = {"in use": "M-5-5H5V5H-5Z", "waiting": "M-5-5H5V5H-5Z"}

TIMELINE_STYLE = """
.timeline { --use: #0072b2; --wait: #d98e00; --bad: #b8410a; --grid: #8886; margin: .8rem 0; }
.timeline > div { overflow-x: auto; } .timeline svg { display: block; width: 100%; min-width: 34rem; }
.timeline text { font-size: 13px; fill: currentColor; } .timeline .grid { stroke: var(--grid); }
.timeline .limit { stroke: currentColor; stroke-width: 1.5; stroke-dasharray: 6 4; }
.timeline .in-use { fill: var(--use); } .timeline .waiting { fill: var(--wait); stroke: var(--wait); stroke-width: .5; }
.timeline .mark { fill: none; stroke: var(--bad); stroke-width: 2; }
.timeline figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; font-size: .9rem; }
.timeline figcaption svg { display: inline; width: 14px; min-width: 0; margin-right: .4em; vertical-align: -2px; }
@media (prefers-color-scheme: dark) {
  .timeline { --use: #56b4e9; --wait: #f0b030; --bad: #ff9466; }
}
"""


def timeline(leases: Sequence[Lease], limit: int, duration: float) -> str:
    """Draw the borrows of a pool, of which the first began at 0."""
    steps = moments(leases, 0, ())
    most = max(step.in_use + step.waiting for step in steps) or 1
    is_near = limit <= FAR * most
    top = max(most, limit) if is_near else most

    def x(at: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * at / duration, 1)

    def y(number: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * number / top, 1)

    spans = [*zip(steps, [step.at for step in steps[1:]] + [duration], strict=True)]
    drawn = [
        *(_across(y(number), f"{number:,}") for number in {0, top // 2, top}),
        *(_upright(x(at), seconds(at) if at else "0 s") for at in _round_times(duration)),
        _area("in-use", [(x(step.at), x(end), y(0), y(step.in_use)) for step, end in spans]),
        _area("waiting", [(x(s.at), x(end), y(s.in_use), y(s.in_use + s.waiting)) for s, end in spans if s.waiting]),
        _limit(y(limit), limit) if is_near else "",
        *(_marks(kind, leases, x) for kind in SHAPES),
    ]
    said = html.escape(_in_words(steps, leases, limit, duration))
    return (
        f'<figure class="timeline"><div tabindex="0" role="group" aria-label="Timeline">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">{"".join(drawn)}</svg></div>'
        f"<figcaption>{_legend(steps, leases, limit, is_near)}</figcaption></figure>"
    )


def _round_times(duration: float) -> list[float]:
    """Return four to eight times from 0 on that are easy to read."""
    rough = duration / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(power * factor for factor in (1, 2, 5) if power * factor <= rough)
    return [number * step for number in range(int(duration / step) + 1)]


def _across(y: float, label: str) -> str:
    return (
        f'<path class="grid" d="M{LEFT} {y}H{RIGHT}"/><text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{label}</text>'
    )


def _upright(x: float, label: str) -> str:
    return (
        f'<path class="grid" d="M{x} {BOTTOM}v5"/><text x="{x}" y="{BOTTOM + 20}" text-anchor="middle">{label}</text>'
    )


def _limit(y: float, limit: int) -> str:
    return f'<path class="limit" d="M{LEFT} {y}H{RIGHT}"/>'


def _area(kind: str, spans: Iterable[tuple[float, float, float, float]]) -> str:
    """Draw what lasts from one x to another and reaches from one y to another; what is too short to see is widened."""
    path = "".join(f"M{begin} {low}V{high}H{max(end, begin + 0.6):.1f}V{low}Z" for begin, end, low, high in spans)
    return f'<path class="{kind}" d="{path}"/>' if path else ""


def _marks(kind: str, leases: Sequence[Lease], x: Callable[[float], float]) -> str:
    places = {round(x(lease.got) / ROOM_FOR_A_MARK) * ROOM_FOR_A_MARK for lease in leases if lease.outcome == kind}
    above = TOP - 14
    return "".join(
        f'<path class="mark" transform="translate({place} {above})" d="{SHAPES[kind]}"/>' for place in sorted(places)
    )


def _count(kind: str, leases: Sequence[Lease]) -> int:
    return sum(lease.outcome == kind for lease in leases)


def _in_words(steps: Sequence[Moment], leases: Sequence[Lease], limit: int, duration: float) -> str:
    told = [f"at most {max(step.in_use for step in steps)} of {limit:,} connections in use"]
    if waiting := max(step.waiting for step in steps):
        told.append(f"at most {counted(waiting, 'caller')} waiting")
    told += [f"{count} {kind}" for kind in SHAPES if (count := _count(kind, leases))]
    return f"{seconds(duration)}: {', '.join(told)}."


def _legend(steps: Sequence[Moment], leases: Sequence[Lease], limit: int, is_near: bool) -> str:
    told = [_key("in-use", AREAS["in use"], f"in use, at most {max(step.in_use for step in steps)}")]
    if waiting := max(step.waiting for step in steps):
        told.append(_key("waiting", AREAS["waiting"], f"waiting, at most {waiting}"))
    told += [
        _key("mark", shape, f"{kind}: {count}") for kind, shape in SHAPES.items() if (count := _count(kind, leases))
    ]
    told.append(_key("limit", "M-7 0H7", f"limit {limit:,}") if is_near else f"<span>limit {limit:,}, not drawn</span>")
    return "".join(told)


def _key(kind: str, shape: str, text: str) -> str:
    return (
        f'<span><svg viewBox="-7 -7 14 14" aria-hidden="true"><path class="{kind}" d="{shape}"/></svg>'
        f"{html.escape(text)}</span>"
    )
