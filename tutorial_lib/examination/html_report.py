"""The report as one HTML file that opens offline: findings, each pool's settings, a replay of its last borrows."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from tutorial_lib.examination.card import place_as_html, with_code
from tutorial_lib.examination.evidence import Recent
from tutorial_lib.examination.finding import Finding, seconds
from tutorial_lib.examination.hidden import in_command
from tutorial_lib.examination.report import as_text, nothing_seen, server_said, short_path
from tutorial_lib.examination.seen import Pools, Seen
from tutorial_lib.notebook.lines import Line
from tutorial_lib.pools.lease import Lease
from tutorial_lib.pools.replay_page import as_script, played_data, styles_and_scripts
from tutorial_lib.words import counted

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328;
  background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { margin-bottom: .3rem; }
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


def page(program: Sequence[str], seen: Seen, findings: Sequence[Finding], troubles: Sequence[str]) -> str:
    """Return the whole report as one page that fetches nothing."""
    styles, scripts = styles_and_scripts()
    played = [pool for pool in seen.pools if pool.recent]
    starts = "\n".join(
        f"new Replay({as_script(_replay(pool))}, document.getElementById('replay-{number}'));"
        for number, pool in enumerate(played)
    )
    pools = "\n".join(_pool(pool, played.index(pool) if pool in played else None) for pool in seen.pools)
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
{STYLE}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{html.escape(as_text(seen, findings) if seen.pools else nothing_seen(troubles))}</p>
{found}
<h2>Pools</h2>
{pools}
<h2>What was not seen</h2>
<p class="quiet">{html.escape(_not_seen(seen, troubles))}</p>
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
        f'<p class="quiet">Read: {html.escape(finding.where)}</p></section>'
    )


def _pool(pool: Pools, replay: int | None) -> str:
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
    played = (
        f'<p class="quiet">The last {len(pool.recent)} borrows:</p><div id="replay-{replay}"></div>'
        if replay is not None
        else ""
    )
    kind = f"asyncio {evidence.kind}" if evidence.for_asyncio else evidence.kind
    return f"<h3>{kind}</h3><p>{place_as_html(evidence.made_at)}</p><table>{table}</table>{played}"


def _settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a pool's settings under redis-py's names."""
    told = {name: value for name, value in settings.items() if name not in ("retries", "unknown")}
    return {**told, "retry": counted(settings.get("retries", 0), "retry", "retries")}


def _replay(pool: Pools) -> dict[str, Any]:
    began = min(recent.asked for recent in pool.recent)
    numbers: dict[int, int] = {}
    leases = [_lease(recent, began, numbers) for recent in pool.recent]
    evidence = pool.evidence
    duration = max(lease.ended for lease in leases) or 1e-6
    waits = "timeout" in evidence.settings
    return played_data(evidence.kind, "", evidence.limit, waits, duration, leases)


def _lease(recent: Recent, began: float, numbers: dict[int, int]) -> Lease:
    at = recent.place
    line = Line(short_path(at.file), at.line, at.function, at.text)
    connection = numbers.setdefault(recent.connection, len(numbers) + 1) if recent.connection else None
    times = (recent.asked - began, recent.waited, recent.opening, recent.held)
    return Lease(recent.who, line, *times, recent.outcome, connection)  # type: ignore[arg-type]


def _not_seen(seen: Seen, troubles: Sequence[str]) -> str:
    said = [
        "Not watched are a process whose Python ignores PYTHONPATH (python -I, -E or -S), Redis Cluster's asyncio "
        "client, which has no pool, and the last second of a process that was killed."
    ]
    said += [server_said(server) for server in seen.servers]
    said += [f"One process could not be watched: {trouble}." for trouble in troubles]
    return " ".join(said)
