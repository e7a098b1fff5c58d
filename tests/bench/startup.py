"""What it costs to begin: the import, and a server that is ready."""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.bench.row import Row, at_most, interleaved

SELF_TIMED = "import time; start = time.perf_counter()\n{}\nprint(time.perf_counter() - start)"
START = "from tutorial_lib.servers.{} import {} as Server; server = Server()"


def seconds(code: str) -> float:
    """Run ``code`` in a fresh Python and return how long it took there, without Python's own start."""
    done = subprocess.run([sys.executable, "-c", SELF_TIMED.format(code)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def rows() -> list[Row]:
    _, _, ratio = interleaved(lambda: seconds("import tutorial_lib"), lambda: seconds("import redis"))
    table = [at_most("import tutorial_lib / import redis", ratio, 1.2)]

    fake, _, ratio = interleaved(
        lambda: seconds(START.format("fake", "FakeServer")), lambda: seconds("import redis"), rounds=5
    )
    table.append(at_most(f"fallback ready, imports included ({ratio:.1f}x import redis)", fake, 0.5, "s"))

    if shutil.which("redis-server"):
        ready = "import redis, tutorial_lib.servers.redis_process as process\nstart = time.perf_counter()\n"
        private, _, ratio = interleaved(
            lambda: seconds(ready + "server = process.RedisProcess()"), lambda: seconds("import redis"), rounds=5
        )
        table.append(at_most(f"private redis-server ready ({ratio:.2f}x import redis)", private, 0.15, "s"))
    return table
