"""The report in the terminal, and as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from tutorial_lib.examination.evidence import ServerSaid, SourceLine
from tutorial_lib.examination.finding import Finding, seconds
from tutorial_lib.examination.hidden import in_command
from tutorial_lib.examination.program_evidence import PoolGroup, ProgramEvidence
from tutorial_lib.words import counted


def show(seen: ProgramEvidence, findings: Sequence[Finding], troubles: Sequence[str], console: Console) -> None:
    """Print what was found, the worst first, and what was watched."""
    console.print()
    console.rule(Text("examine", style="bold"), align="left")
    if not seen.pools:
        console.print(Text(nothing_seen(troubles)))
        return
    console.print(Text(summed_up(seen, findings), style="bold green" if not findings else "bold"))
    for number, finding in enumerate(findings, start=1):
        _show_finding(number, finding, console)
    console.print()
    for pool in seen.pools:
        _show_pool(pool, console)
    for server in seen.servers:
        console.print(Text(server_said(server), style="yellow" if server.trouble else "dim"))
    for trouble in troubles:
        console.print(Text(f"One process could not be watched: {trouble}.", style="yellow"))


def server_said(server: ServerSaid) -> str:
    """Say what a server answered to ``--ask-server``."""
    if server.trouble:
        return f"{server.address} could not be asked for its maxclients: {server.trouble}."
    return f"{server.address}: maxclients {server.maxclients:,}, {server.clients:,} connected when it was asked."


def one_line(seen: ProgramEvidence) -> Text:
    """Say in one line where a program stands that still runs."""
    pools = [pool.evidence for pool in seen.pools]
    in_use = sum(len(pool.kept) for pool in pools)
    refused = sum(pool.count("refused") + pool.count("timed out") for pool in pools)
    borrows = sum(pool.borrows for pool in pools)
    text = (
        f"examine: {seconds(seen.duration)}, {counted(sum(pool.made for pool in pools), 'pool')}, {borrows:,} borrows"
    )
    return Text(f"{text}, {in_use} in use, {refused:,} got no connection", style="dim")


def nothing_seen(troubles: Sequence[str]) -> str:
    """Say why there is nothing to report."""
    if troubles:
        return f"Nothing was seen: {troubles[0]}."
    return (
        "No pool was made. Either the program doesn't use redis-py, or it runs with a Python that ignores PYTHONPATH "
        "(python -I, -E or -S)."
    )


def summed_up(seen: ProgramEvidence, findings: Sequence[Finding]) -> str:
    """Sum up what was seen, and say whether something was found: two lines."""
    made = counted(sum(pool.evidence.made for pool in seen.pools), "pool")
    borrows = counted(sum(pool.evidence.borrows for pool in seen.pools), "borrow")
    processes = counted(len(seen.processes), "process", "processes")
    found = (
        f"{counted(len(findings), 'finding')}, the worst first." if findings else "Nothing to worry about was found."
    )
    return f"{made} and {borrows} in {seconds(seen.duration)}, in {processes}.\n{found}"


def _show_finding(number: int, finding: Finding, console: Console) -> None:
    style = "bold red" if finding.is_worst else "bold yellow" if finding.is_bad else "bold"
    console.print()
    console.print(Text.assemble((f"{number}. {finding.kind}", style), f" ({finding.count:,})"))
    for place in finding.lines:
        _show_line(place, console)
    _show_indented(Text(finding.message), console)
    _show_indented(Text.assemble(("To do: ", "bold"), finding.fix), console)
    _show_indented(Text(f"Read: {finding.where}", style="dim"), console)


def _show_line(place: SourceLine, console: Console, style: str = "") -> None:
    inside = f" in {place.function}()" if place.function.isidentifier() else ""
    where = f"{short_path(place.file)}:{place.line}" if place.file else str(place)
    _show_indented(Text.assemble((where, "cyan"), inside, style=style), console)
    if place.text:
        _show_indented(Text(place.text, style, no_wrap=True, overflow="ellipsis"), console, by=5)


def _show_indented(text: Text, console: Console, by: int = 3) -> None:
    margin = Text(" " * by)
    if text.no_wrap:
        text.truncate(console.width - by, overflow="ellipsis")
    for line in text.wrap(console, console.width - by):
        line.rstrip()  # What is copied from a terminal has no spaces at its end.
        console.print(margin + line)


def _show_pool(pool: PoolGroup, console: Console) -> None:
    evidence = pool.evidence
    kind = f"asyncio {evidence.kind}" if evidence.for_asyncio else evidence.kind
    numbers = f"limit {evidence.limit}, most in use {evidence.most_in_use}, opened {evidence.opened:,}"
    held = evidence.held
    if held.count:
        numbers += f"\n   {counted(evidence.borrows, 'borrow')}, {seconds(held.mean)} on average"
    made = f"{evidence.made:,} × " if evidence.made > 1 else ""  # noqa: RUF001
    console.print(Text.assemble((f"{made}{kind}", "bold"), f": {numbers}", style="dim"))
    _show_line(evidence.made_at, console, style="dim")


def short_path(path: str) -> str:
    """Return a path as one would type it here."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # Another drive of Windows.
        return path
    return path if relative.startswith(os.pardir) else relative


def as_json(program: Sequence[str], seen: ProgramEvidence, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the report as JSON can hold it."""
    return {
        "program": in_command(program),
        "processes": len(seen.processes),
        "pools": [_pool_as_json(pool) for pool in seen.pools],
        "findings": [finding.to_json() for finding in findings],
        "servers": [vars(server) for server in seen.servers],
    }


def _pool_as_json(pool: PoolGroup) -> dict[str, Any]:
    evidence = pool.evidence
    at = evidence.made_at
    return {
        "kind": evidence.kind,
        "asyncio": evidence.for_asyncio,
        "made_at": {"file": at.file, "line": at.line, "function": at.function, "text": at.text},
        "made": evidence.made,
        "processes": pool.processes,
        "settings": evidence.settings,
        "opened": evidence.opened,
        "most_in_use": evidence.most_in_use,
        "borrows": evidence.borrows,
        "mean_held_seconds": evidence.held.mean,
        "longest_held_seconds": evidence.held.longest,
        "waits": evidence.waited.count,
        "longest_wait_seconds": evidence.waited.longest,
        "no_connection": {why: sum(lines.values()) for why, lines in evidence.no_connection.items()},
        "still_in_use": len(evidence.kept),
    }


def check_writable(path: Path, option: str) -> None:
    """Raise BadSetting unless a report can be written there: better before the program runs than after."""
    from tutorial_lib.errors import BadSetting

    was_there = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise BadSetting(
            f"{option}: {path} cannot be written ({error.strerror}). Name a file in a folder that is there."
        ) from None
    if not was_there:
        path.unlink()
