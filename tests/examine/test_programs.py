"""Programs in trouble, one a file: examine finds the trouble and names the line. In programs that are well, nothing.

In ``programs`` a line that a finding must name ends in a comment with the finding's name; no other kind may be found.
The programs in ``right`` have none.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.examine.running import LONG, environment, examine
from tests.redis_for_tests import owners_redis
from tutorial_lib.examination.rules import KINDS

HERE = Path(__file__).parent
IN_TROUBLE = sorted((HERE / "programs").glob("*.py"))
RIGHT = sorted((HERE / "right").glob("*.py"))

# Each starts a program of its own, so most of them run for a release only.
ALWAYS = {
    "leak_on_an_error",
    "a_client_per_call",
    "in_forked_workers",
    "a_generator_that_nobody_finishes",
    "two_event_loops",
}
ALWAYS |= {"a_listener_that_goes_on", "a_pool_before_the_fork"}


def mostly_for_a_release(programs: list[Path]) -> list[Any]:
    return [
        pytest.param(path, id=path.stem, marks=[] if path.stem in ALWAYS else [pytest.mark.release])
        for path in programs
    ]


pytestmark = pytest.mark.redis_server


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with owners_redis() as server:
        yield server.port


@pytest.fixture(scope="module")
def small_port() -> Iterator[int]:
    """The port of a server that takes five clients."""
    with owners_redis("--maxclients", "5") as server:
        yield server.port


def examined(
    program: Path, port: int, small_port: int, folder: Path
) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    report = folder / "report.json"
    command = examine("--json", report, sys.executable, program)
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(port, SMALL_PORT=str(small_port)), timeout=LONG
    )
    assert report.exists(), done.stderr
    return json.loads(report.read_text()), done


def expected(program: Path) -> set[tuple[str, int]]:
    lines = enumerate(program.read_text("utf-8").splitlines(), start=1)
    marked = [(re.search(r"# ([a-z-]+)$", text), number) for number, text in lines]
    return {(mark[1], number) for mark, number in marked if mark and mark[1] in KINDS}


@pytest.mark.parametrize("program", mostly_for_a_release(IN_TROUBLE))
def test_trouble_is_found_and_its_line_named(program: Path, port: int, small_port: int, tmp_path: Path) -> None:
    report, done = examined(program, port, small_port, tmp_path)
    wanted = expected(program)
    assert wanted, f"in {program.name} the line to be named ends in a comment with the finding's name, one of KINDS"
    found = {(finding["kind"], line["line"]) for finding in report["findings"] for line in finding["lines"]}
    assert wanted <= found, done.stderr
    assert {kind for kind, _ in found} == {kind for kind, _ in wanted}, done.stderr
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("program", mostly_for_a_release(RIGHT))
def test_nothing_is_found_in_a_program_that_is_well(program: Path, port: int, small_port: int, tmp_path: Path) -> None:
    report, done = examined(program, port, small_port, tmp_path)
    assert report["findings"] == [], done.stderr
    assert report["pools"], "it made no pool, so this shows nothing"
    assert "Nothing to worry about was found." in " ".join(done.stderr.split())


def test_each_kind_of_finding_has_a_program() -> None:
    shown = {kind for program in IN_TROUBLE for kind, _ in expected(program)}
    assert shown == KINDS, f"no program in tests/examine/programs shows {sorted(KINDS - shown)}"
