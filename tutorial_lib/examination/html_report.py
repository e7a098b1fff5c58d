"""The report as one HTML file that opens offline: findings, each pool's settings, timeline and replay."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tutorial_lib.course import carried
from tutorial_lib.errors import CourseFolderError
from tutorial_lib.examination.card import place_as_html, with_code
from tutorial_lib.examination.evidence import Recent
from tutorial_lib.examination.finding import Finding, seconds
from tutorial_lib.examination.hidden import in_command
from tutorial_lib.examination.program_evidence import PoolGroup, ProgramEvidence
from tutorial_lib.examination.report import nothing_seen, server_said, short_path, summed_up
from tutorial_lib.examination.timeline import TIMELINE_STYLE, timeline
from tutorial_lib.notebook.lines import Line
from tutorial_lib.pools.lease import Lease
from tutorial_lib.pools.replay_page import as_script, played_data, styles_and_scripts
from tutorial_lib.words import counted

PAGE_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328;
  background: #fff; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { margin-bottom: .3rem; }
h4 { margin: 1.2rem 0 0; }
code { font: .9em ui-monospace, monospace; background: #8881; padding: .1em .3em; border-radius: 4px; }
.finding { border: 1px solid #d0d7de; border-left: 6px solid #57606a; border-radius: 6px; padding: .2rem 1rem;
  margin: 1rem 0; }
.finding.worst { border-left-color: #b42318; } .finding.bad { border-left-color: #8a5a00; }
.finding ul { padding-left: 1.2rem; } .quiet { color: #57606a; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top; }
@media (prefers-color-scheme: dark) {
  body { background: #111; color: #e6e6e6; } .finding { border-color: #444; border-left-color: #9aa4ae; }
  .finding.worst { border-left-color: #ff8078; } .finding.bad { border-left-color: #e0a83c; } .quiet { color: #a8b1ba; }
}
"""
NOT_TOLD = (
    '<p class="quiet">Its last borrows were not kept one by one: there were none, other pools had more, or the process '
    "was killed.</p>"
)


def page(program: Sequence[str], seen: ProgramEvidence, findings: Sequence[Finding], troubles: Sequence[str]) -> str:
    """Return the whole report as one page that fetches nothing."""
    styles, scripts = styles_and_scripts()
    played = [pool for pool in seen.pools if pool.recent]
    starts = "\n".join(
        f"new Replay({as_script(_replay(pool))}, document.getElementById('replay-{number}'));"
        for number, pool in enumerate(played)
    )
    replays = iter(range(len(played)))
    pools = "\n".join(_pool(pool) + (_borrows(pool, next(replays)) if pool.recent else NOT_TOLD) for pool in seen.pools)
    found = "\n".join(_finding(finding) for finding in findings)
    title = html.escape(f"examine {' '.join(in_command(program))}")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{styles}
{PAGE_STYLE}{TIMELINE_STYLE}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{html.escape(summed_up(seen, findings) if seen.pools else nothing_seen(troubles))}</p>
{f"<h2>Findings</h2>{found}" if found else ""}
<h2>Pools</h2>
{pools}
<h2>What was not seen</h2>
<p class="quiet">{html.escape(_not_seen(seen, troubles))}</p>
</main>
<script>
{{
{scripts}
{starts}
}}
</script>
</body>
</html>
"""


def _finding(finding: Finding) -> str:
    style = "worst" if finding.is_worst else "bad" if finding.is_bad else ""
    lines = "".join(f"<li>{place_as_html(place)}</li>" for place in finding.lines)
    return (
        f'<section class="finding {style}"><h3>{finding.kind} ({finding.count:,})</h3><ul>{lines}</ul>'
        f"<p>{with_code(finding.message)}</p><p><strong>To do:</strong> {with_code(finding.fix)}</p>"
        f'<p class="quiet">Read: <a href="{html.escape(_address(finding.lesson))}">{html.escape(finding.where)}</a></p>'
        "</section>"
    )


def _address(lesson: str) -> str:
    """Return where a page of the course is on this machine, with the section."""
    page, hash_, section = lesson.partition("#")
    try:
        return (carried() / page).as_uri() + hash_ + section
    except CourseFolderError:
        return lesson


def _pool(pool: PoolGroup) -> str:
    evidence = pool.evidence
    held = evidence.held
    rows: dict[str, Any] = {
        "pools": f"{evidence.made:,} in {counted(pool.processes, 'process', 'processes')}",
        **_settings(evidence.settings),
        "connections opened": f"{evidence.opened:,}",
        "most in use at once": evidence.most_in_use,
        "borrows": f"{evidence.borrows:,}, {seconds(held.mean)} on average and {seconds(held.longest)} at most",
        "waits": f"{evidence.waited.count:,}, {seconds(evidence.waited.longest)} at most",
    }
    table = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in rows.items()
    )
    kind = f"asyncio {evidence.kind}" if evidence.for_asyncio else evidence.kind
    return f"<h3>{kind}</h3><p>{place_as_html(evidence.made_at)}</p><table>{table}</table>"


def _borrows(pool: PoolGroup, number: int) -> str:
    """Draw a pool's last borrows, and leave a place where they are played."""
    leases, duration = _leases(pool)
    what = f"Timeline of the last {counted(len(leases), 'caller')}"
    if pool.processes > 1:
        what += f" of one of its {pool.processes} processes"
    return f'<h4>{what}</h4>{timeline(leases, pool.evidence.limit, duration)}<div id="replay-{number}"></div>'


def _settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a pool's settings under redis-py's names."""
    told = {name: value for name, value in settings.items() if name not in ("retries", "unknown")}
    return {**told, "retry": counted(settings.get("retries", 0), "retry", "retries")}


def _replay(pool: PoolGroup) -> dict[str, Any]:
    leases, duration = _leases(pool)
    evidence = pool.evidence
    return played_data(evidence.kind, "", evidence.limit, "timeout" in evidence.settings, duration, leases)


def _leases(pool: PoolGroup) -> tuple[list[Lease], float]:
    """Return a pool's last borrows, the first of which begins at 0, and how long they took together."""
    began = min(recent.asked for recent in pool.recent)
    numbers: dict[int, int] = {}
    leases = [_lease(recent, began, numbers) for recent in pool.recent]
    return leases, max(lease.ended for lease in leases) or 1e-6


def _lease(recent: Recent, began: float, numbers: dict[int, int]) -> Lease:
    at = recent.place
    line = Line(short_path(at.file), at.line, at.function, at.text)
    connection = numbers.setdefault(recent.connection, len(numbers) + 1) if recent.connection else None
    times = (recent.asked - began, recent.waited, recent.opening, recent.held)
    lease = Lease(recent.who, line, *times, recent.outcome, connection)  # type: ignore[arg-type]
    if recent.outcome in ("closed", "reopened"):
        return replace(lease, outcome="returned", was_cut=True, reopened=recent.outcome == "reopened")
    return lease


def _not_seen(seen: ProgramEvidence, troubles: Sequence[str]) -> str:
    said = [
        "Not watched are a process whose Python ignores PYTHONPATH (python -I, -E or -S), Redis Cluster's asyncio "
        "client, which has no pool, and the last second of a process that was killed."
    ]
    said += [server_said(server) for server in seen.servers]
    said += [f"One process could not be watched: {trouble}." for trouble in troubles]
    return " ".join(said)
