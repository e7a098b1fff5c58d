"""The playground: what its threads cost with twenty callers, how closely its view follows, and the widgets' code."""

from __future__ import annotations

import itertools
import json
import threading
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

import tutorial_lib
from tests.bench.row import Row, at_most

CALLERS = 20
MEASURED = 8.0
SETTINGS: dict[str, dict[str, Any]] = {
    "refuses": {"limit": 5},
    "waits": {"limit": 5, "wait": True},
    "as fast as can be": {"limit": 20, "hold": 0, "wait": True},
}


def measured_here(name: str) -> dict[str, float]:
    """Run a playground in this kernel; return the share of a core that its threads take, and the time between looks."""
    from IPython.display import display

    from tutorial_lib import playground

    others = set(threading.enumerate())
    play = playground(callers=CALLERS, **SETTINGS[name])
    display(play)  # type: ignore[no-untyped-call]
    play.start()
    time.sleep(1.0)
    before, began = time_of_threads(others), time.perf_counter()
    time.sleep(MEASURED)
    share = (time_of_threads(others) - before) / (time.perf_counter() - began)
    looks = [at for at, *_ in play.view._watch.history]
    play.close()
    gaps = sorted(after - look for look, after in itertools.pairwise(looks))
    return {"share": share, "gap": gaps[len(gaps) * 95 // 100]}


def time_of_threads(others: set[threading.Thread]) -> float:
    """Return the processor's time, in seconds, of the playground's threads and of the one that sends to the browser."""
    threads = [one for one in threading.enumerate() if one not in others or one.name.startswith("IOPub")]
    return sum(time.clock_gettime(time.pthread_getcpuclockid(thread.ident)) for thread in threads if thread.ident)


def measured(name: str) -> dict[str, float]:
    """Measure inside a kernel, so that what the playground sends is really sent."""
    top = str(Path(__file__).parents[2])
    # --log-level: ipykernel warns about each kernel that TCP is not encrypted.
    manager, kernel = start_new_kernel(kernel_name="python3", cwd=top, extra_arguments=["--log-level=ERROR"])
    said: list[str] = []
    try:
        code = (
            f"import json\nfrom tests.bench.playground import measured_here\nprint(json.dumps(measured_here({name!r})))"
        )

        def listen(message: Any) -> None:
            said.append(str(message["content"].get("text", message["content"].get("evalue", ""))))

        kernel.execute_interactive(code, timeout=120, output_hook=listen)
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
    found: dict[str, float] = json.loads(next(text for text in said if text.startswith("{")))
    return found


def size_of_the_widgets() -> float:
    """Return how many kB of JavaScript and style sheets all widgets have together."""
    package = Path(tutorial_lib.__file__).parent
    files = [path for path in package.rglob("*.*") if path.suffix in (".js", ".css")]
    return sum(path.stat().st_size for path in files if "jupyter_config" not in path.parts) / 1000


def rows() -> list[Row]:
    table = []
    for name in SETTINGS:
        found = measured(name)
        table.append(at_most(f"playground, {CALLERS} callers: its threads, {name}", found["share"], 0.2, "cores"))
        table.append(at_most(f"playground: 95 of 100 times between two looks, {name}", found["gap"], 0.2, "s"))
    return [*table, at_most("code of all widgets that a page may load", size_of_the_widgets(), 100, "kB")]
