"""Looking does not disturb: a pool with a recording, and with an open PoolView, beside the same pool left alone.

One thread that does nothing but GETs on this machine's own Redis: nowhere does a command take less time, so nowhere
does looking weigh more. Each figure is the median of three whole runs, because the place in memory that a process
happens to get moves it by a percent or two.
"""

from __future__ import annotations

import statistics
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import redis
from jupyter_client.manager import start_new_kernel

from tests.bench.row import Row, at_least, at_most, interleaved
from tests.fake_connections import FakeConnection
from tutorial_lib.pools.recording import KEPT, record
from tutorial_lib.servers.redis_process import RedisProcess
from tutorial_lib.widgets.pool_view import PoolView

POOLS: dict[str, Any] = {"ConnectionPool": redis.ConnectionPool, "BlockingConnectionPool": redis.BlockingConnectionPool}
LOOKING_TIME = 5.0
WHOLE_RUNS = 3
TOP = str(Path(__file__).parents[2])


def gets(client: redis.Redis, times: int) -> float:
    """Return the seconds that so many GETs took."""
    start = time.perf_counter()
    for _ in range(times):
        client.get("key")
    return time.perf_counter() - start


def beside(name: str, server: RedisProcess) -> tuple[redis.Redis, redis.Redis]:
    """Return two clients with a pool each, alike."""
    pools = [POOLS[name](host=server.host, port=server.port, max_connections=4) for _ in range(2)]
    first, second = (redis.Redis(connection_pool=pool) for pool in pools)
    return first, second


def ratio_of(left_alone: redis.Redis, looked_at: redis.Redis) -> float:
    """Return the throughput of the second client as a share of the first's: many short rounds, in turn."""
    _, _, ratio = interleaved(lambda: gets(left_alone, 100), lambda: gets(looked_at, 100), rounds=600)
    return ratio


def recorded_here(name: str) -> float:
    """Return the throughput of a pool that is recorded, as a share of that of one that is not."""
    with RedisProcess() as server:
        left_alone, looked_at = beside(name, server)
        with record(looked_at.connection_pool):
            ratio = ratio_of(left_alone, looked_at)
        left_alone.connection_pool.disconnect()
        looked_at.connection_pool.disconnect()
    return ratio


def recorded(name: str) -> Row:
    ratio = statistics.median(in_a_kernel("recorded_here", name) for _ in range(WHOLE_RUNS))
    return at_least(f"throughput with record / without, {name}", ratio, 0.96)


def viewed_here(name: str) -> float:
    """Return the throughput beside an open view, as a share of that without.

    A view costs twice: a little with every borrow, which short rounds show, and some looks each second, of which a
    short round has none or one. These are added up as the processor's time that the view's threads take.
    """
    from IPython.display import display

    with RedisProcess() as server:
        left_alone, looked_at = beside(name, server)
        view = PoolView(looked_at.connection_pool, server)
        display(view)  # type: ignore[no-untyped-call]
        ratio = ratio_of(left_alone, looked_at)
        before, began = time_of_the_views_threads(), time.perf_counter()
        while time.perf_counter() < began + LOOKING_TIME:
            gets(looked_at, 100)
        share = (time_of_the_views_threads() - before) / LOOKING_TIME
        view.close()
        left_alone.connection_pool.disconnect()
        looked_at.connection_pool.disconnect()
    return ratio * (1 - share)


def time_of_the_views_threads() -> float:
    """Return the processor's time, in seconds, that looking, asking the server and sending have taken so far."""
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(("pool view", "IOPub"))]
    return sum(time.clock_gettime(time.pthread_getcpuclockid(thread.ident)) for thread in threads if thread.ident)


def viewed(name: str) -> Row:
    ratio = statistics.median(in_a_kernel("viewed_here", name) for _ in range(WHOLE_RUNS))
    return at_least(f"throughput with an open PoolView / without, {name}", ratio, 0.97)


def in_a_kernel(function: str, name: str) -> float:
    """Return what a function of this module measures for a pool, in a kernel of its own: what a view sends is sent."""
    # --log-level: ipykernel warns about each kernel that TCP is not encrypted.
    manager, kernel = start_new_kernel(kernel_name="python3", cwd=TOP, extra_arguments=["--log-level=ERROR"])
    said: list[str] = []
    try:
        code = f"from tests.bench.observe import {function}\nprint('ratio', {function}({name!r}))"

        def listen(message: Any) -> None:
            said.append(str(message["content"].get("text", message["content"].get("evalue", ""))))

        kernel.execute_interactive(code, timeout=300, output_hook=listen)
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
    return next((float(text.split()[1]) for text in said if text.startswith("ratio ")), float("nan"))


def memory() -> Row:
    pool: Any = redis.ConnectionPool(connection_class=FakeConnection)
    tracemalloc.start()
    try:
        with record(pool) as recording:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(KEPT + 50_000):
                pool.release(pool.get_connection())
            after, _ = tracemalloc.get_traced_memory()
        assert recording.forgotten
    finally:
        tracemalloc.stop()
    return at_most("memory of a recording, however long", (after - before) / 1e6, 30, "MB")


def rows() -> list[Row]:
    return [*map(recorded, POOLS), *map(viewed, POOLS), memory()]
