"""What ``examine`` costs the program that it runs: time for each command, time to start, memory, and room on the disk.

Each figure comes from whole programs that run in turn, one without and one under examine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.row import PEAK, Row, at_least, at_most, interleaved
from tutorial_lib.examination.run import started
from tutorial_lib.servers.redis_process import RedisProcess

GETS = 5_000
FUNCTIONS, LINES_EACH = 100, 10
LINES = FUNCTIONS * LINES_EACH
TIMES = 200
"""How often each of so many lines borrows: 200,000 borrows, from more lines than are told apart."""

LOOP = f"""
import sys, time, redis
r = redis.Redis(port=int(sys.argv[1]))
for _ in range(1000):
    r.get("key")
start = time.perf_counter()
for _ in range({GETS}):
    r.get("key")
print(time.perf_counter() - start)
"""
IMPORT = """
import time
start = time.perf_counter()
import redis
print(time.perf_counter() - start)
"""
ONE_FUNCTION = (
    "def borrow():\n" + "    pool.release(pool.get_connection())\n" * LINES_EACH + "borrowers.append(borrow)\n"
)
MANY_LINES = f"""
import sys, redis
pool = redis.ConnectionPool(port=int(sys.argv[1]))
borrowers = []
{ONE_FUNCTION * FUNCTIONS}
for _ in range({TIMES}):
    for borrow in borrowers:
        borrow()
{PEAK}
print(peak / 1e6)
"""


def said(program: Path, *words: str, under_examine: bool) -> float:
    """Run a program, and return the number that it prints."""
    with_python = [sys.executable, str(program), *words]
    command = [sys.executable, "-m", "tutorial_lib", "examine", *with_python] if under_examine else with_python
    # As where pip has installed it: each module is compiled once, in the first run, which does not count.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(program.parent / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def throughput(folder: Path, port: str) -> Row:
    program = folder / "loop.py"
    program.write_text(LOOP)
    _, _, ratio = interleaved(
        lambda: said(program, port, under_examine=False),
        lambda: said(program, port, under_examine=True),
        rounds=25,  # Whole programs differ by a few per cent.
    )
    return at_least("throughput under examine / without, one thread of GETs", ratio, 0.93)


def start(folder: Path) -> Row:
    program = folder / "start.py"
    program.write_text(IMPORT)
    without, under, _ = interleaved(
        lambda: said(program, under_examine=False), lambda: said(program, under_examine=True)
    )
    return at_most("import redis under examine, beyond its own time", 1000 * (under - without), 30, "ms")


def memory(folder: Path, port: str) -> Row:
    program = folder / "many_lines.py"
    program.write_text(MANY_LINES)
    without = statistics.median(said(program, port, under_examine=False) for _ in range(3))
    under = statistics.median(said(program, port, under_examine=True) for _ in range(3))
    name = f"memory under examine, beyond its own, {LINES * TIMES:,} borrows on {LINES:,} lines"
    return at_most(name, under - without, 40, "MB")


def evidence(folder: Path, port: str) -> Row:
    with tempfile.TemporaryDirectory() as kept:
        quiet = folder / "quiet.py"
        quiet.write_text(MANY_LINES.replace("print(", "str("))  # Its output would stand in the middle of the table.
        with started([sys.executable, str(quiet), port], Path(kept)) as program:
            program.exit_code()
        size = max(path.stat().st_size for path in Path(kept).glob("*.json"))
    return at_most("evidence of that program on the disk", size / 1e6, 20, "MB")


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, RedisProcess() as server:
        folder, port = Path(name), str(server.port)
        return [throughput(folder, port), start(folder), memory(folder, port), evidence(folder, port)]
