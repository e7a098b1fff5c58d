"""How long a lesson runs from its first cell to its last, and how much memory its kernel takes, on each server."""

from __future__ import annotations

import os
import shutil
import time

import nbformat

from tests.bench.row import PEAK, Row, at_most
from tests.lessons import LESSONS, code, name_of, read
from tools.build_notebooks import execute

SECONDS = {"fake": 30.0, "redis": 20.0}
LONG = {"notebooks/14_beyond_one_server": 25.0}
"""Its sentinels take ten seconds to agree on a new master, whatever the course does."""
MEGABYTES = 400.0

# Of the kernel's process. What it starts (a redis-server) is small.
MEMORY = PEAK + "print(peak)"


def rows() -> list[Row]:
    kinds = ["fake", *(["redis"] if shutil.which("redis-server") or shutil.which("valkey-server") else [])]
    return [row for kind in kinds for row in _worst(kind)]


def _worst(kind: str) -> list[Row]:
    os.environ["TUTORIAL_SERVER"] = kind
    seconds, megabytes = {}, {}
    for path in LESSONS:
        cells = [nbformat.v4.new_code_cell(cell.source) for cell in code(read(path))]
        notebook = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell(MEMORY)])
        begun = time.perf_counter()
        execute(notebook, path.parent)
        seconds[name_of(path)] = time.perf_counter() - begun
        megabytes[name_of(path)] = int(notebook.cells[-1].outputs[0].text) / 1e6
    largest = max(megabytes, key=megabytes.__getitem__)
    slowest = max(seconds.keys() - LONG.keys(), key=seconds.__getitem__)
    return [
        at_most(f"lesson on {kind}, {name}{of_which}, its kernel's start included", seconds[name], bar, "s")
        for name, bar, of_which in [
            (slowest, SECONDS[kind], ", the slowest ordinary one"),
            *((name, bar, "") for name, bar in LONG.items() if kind == "redis"),
        ]
    ] + [
        at_most(f"largest kernel on {kind}, {largest}", megabytes[largest], MEGABYTES, "MB"),
    ]
