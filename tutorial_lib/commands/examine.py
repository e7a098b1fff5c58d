"""``examine``: run a program and say which line exhausts or leaks its pool, and which lesson explains it."""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from tutorial_lib.examination import html_report, report
from tutorial_lib.examination.rules import KINDS, findings_of
from tutorial_lib.examination.run import Program, started

FAILED_ON = 3


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Print a line about the program's pools, so often.",
)
@click.option("--json", "as_json", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as JSON.")
@click.option(
    "--html",
    "as_html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the report as a page for a browser.",
)
@click.option("--fail-on", metavar="KINDS", help="Exit with code 3 if one of these was found: leak,exhausted.")
@click.option("--ask-server", is_flag=True, help="Ask each Redis server, once, for its maxclients (CONFIG GET, INFO).")
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="COMMAND [ARGS]...")
def command(
    every: float | None,
    as_json: Path | None,
    as_html: Path | None,
    fail_on: str | None,
    ask_server: bool,
    program: tuple[str, ...],
) -> int:
    """Run your own program, and say which of its lines exhausts or leaks a pool.

    COMMAND is a script, -m MODULE, or any command that starts Python, such as gunicorn app:app. The program runs as
    usual, with its own output and exit code, and all of its Python processes are watched. The report goes to stderr.
    """
    kinds = _kinds(fail_on)
    for path, option in ((as_json, "--json"), (as_html, "--html")):
        if path is not None:
            report.check_writable(path, option)
    console = Console(stderr=True, highlight=False)
    with (
        tempfile.TemporaryDirectory(prefix="examine-") as folder,
        started(program, Path(folder), ask_server) as running,
    ):
        with _News(running, every, console):
            code = running.exit_code()
        seen = running.evidence()
        troubles = running.troubles()
    findings = findings_of(seen)
    # First what is kept: printing may fail, where a pager has ended.
    if as_json is not None:
        told = json.dumps(report.as_json(program, seen, findings), indent=2, default=str) + "\n"
        _write(as_json, told, console)
    if as_html is not None:
        _write(as_html, html_report.page(program, seen, findings, troubles), console)
    report.show(seen, findings, troubles, console)
    return FAILED_ON if {finding.kind for finding in findings} & kinds else code


def _write(path: Path, text: str, console: Console) -> None:
    """Write a report. It could be written before the program ran; if not now, the other reports are still due."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        console.print(Text(f"{path} could not be written: {error.strerror}.", style="bold red"))


def _kinds(text: str | None) -> set[str]:
    kinds = {kind.strip() for kind in (text or "").split(",") if kind.strip()}
    if unknown := kinds - KINDS:
        raise click.BadParameter(
            f"{', '.join(sorted(unknown))}. The kinds are: {', '.join(sorted(KINDS))}.", param_hint="--fail-on"
        )
    return kinds


class _News:
    """Prints where the program stands, until its block ends."""

    def __init__(self, program: Program, every: float | None, console: Console) -> None:
        self._program, self._every, self._console = program, every, console
        self._ended = threading.Event()

    def __enter__(self) -> None:
        if self._every is not None:
            threading.Thread(target=self._go_on, args=(self._every,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _go_on(self, every: float) -> None:
        while not self._ended.wait(every):
            self._console.print(report.one_line(self._program.evidence()))
