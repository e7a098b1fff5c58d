"""Programs under ``examine``, for tests: run to their end, or running until the test ends them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
APPS = Path(__file__).parent / "apps"
COMMANDS = Path(sys.executable).parent
"""Where gunicorn, celery and the like are."""
REPORT = "report.json"
LONG = 60.0
"""Seconds that a test waits for what comes in a few, on a machine that does other things, too."""


def examine(*words: str | Path) -> list[str]:
    """Return the command line of ``examine`` with these words."""
    return [sys.executable, "-m", "tutorial_lib", "examine", *map(str, words)]


def environment(port: int, **more: str) -> Mapping[str, str]:
    """Return the environment of a program: the course on its path, and its Redis's port."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(port), "PYTHON": sys.executable, **more}


@dataclass
class Running:
    """A program that runs under ``examine``, with what it printed until now."""

    process: subprocess.Popen[bytes]
    output: Path
    report_file: Path

    @property
    def printed(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def says(self, text: str, times: int = 1) -> None:
        """Wait until the program has printed ``text`` so often."""
        assert eventually(lambda: self.printed.count(text) >= times or self.process.poll() is not None, within=LONG), (
            self.printed
        )
        assert self.printed.count(text) >= times, self.printed

    def end(self, number: int) -> int:
        """Send it a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(LONG)

    def report(self) -> dict[str, Any]:
        """Return the report, once the program has ended."""
        self.process.wait(LONG)
        assert self.report_file.exists(), self.printed
        report: dict[str, Any] = json.loads(self.report_file.read_text("utf-8"))
        return report


@contextmanager
def examining(
    folder: Path, *words: str | Path, port: int, cwd: Path | None = None, **variables: str
) -> Iterator[Running]:
    """Run a program under ``examine`` while the block lasts, with its output and its report in ``folder``."""
    with running(folder, *examine("--json", folder / REPORT, *words), port=port, cwd=cwd, **variables) as process:
        yield process


@contextmanager
def running(
    folder: Path, *words: str | Path, port: int, cwd: Path | None = None, **variables: str
) -> Iterator[Running]:
    """Run a program as it is while the block lasts, with its output in ``folder``."""
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            words,
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            env=environment(port, **variables),
            cwd=cwd,
            start_new_session=True,  # Else, in a terminal, it would leave Ctrl-C to that.
        )
    try:
        yield Running(process, output, folder / REPORT)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(LONG)


def kinds(report: dict[str, Any]) -> set[str]:
    """Return the kinds of findings in a report."""
    return {finding["kind"] for finding in report["findings"]}


def lines(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return what was found where: kind, file's name, text of the line without its comment."""
    return {
        (finding["kind"], Path(line["file"]).name, line["text"].partition("  #")[0])
        for finding in report["findings"]
        for line in finding["lines"]
    }
