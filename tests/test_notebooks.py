"""Every notebook runs, on both kinds of server, to the outputs that are stored in it; and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from tests.lessons import EXERCISES, LESSONS, code, name_of, of_a_lab, read, strict
from tools.build_notebooks import MEASURED, TOP, execute, never_began, normalise

SERVERS = ["fake", pytest.param("redis", marks=pytest.mark.redis_server)]

PYTEST = "import sys; sys.modules['rfc3987_syntax'] = None; import pytest; sys.exit(pytest.main())"
"""pytest, but jsonschema does not compile a grammar of web addresses first: a second, for what no notebook asks."""

REMEMBER = "import threading; threads_before = set(threading.enumerate())"
# Threads and processes that were told to end may need a moment for it.
WHAT_IS_LEFT = """
import psutil
from ipywidgets.widgets.widget import _instances

# A playground with a Redis of its own goes on as long as its cell is looked at. Closed, it must leave nothing either.
for widget in list(_instances.values()):
    if type(widget).__name__ == "Playground":
        widget.close()
_, processes = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=5)
# Python's own, which a spawned process brings with it. It ends with the kernel.
processes = [process for process in processes if "resource_tracker" not in " ".join(process.cmdline())]
threads = [thread for thread in threading.enumerate() if thread not in threads_before]
# The kernel's own, which begins when it first sends something large, such as a picture.
threads = [thread for thread in threads if type(thread).__module__ != "zmq.utils.garbage"]
# A live view goes on as long as its cell is looked at; tests/widgets/test_pool_view.py holds when it ends.
threads = [thread for thread in threads if not thread.name.startswith("pool view")]
for thread in threads:
    thread.join(timeout=5)
[str(left) for left in [*processes, *threads] if not isinstance(left, threading.Thread) or left.is_alive()]
"""


def outputs(cells: list[NotebookNode]) -> list[list[dict[str, object]]]:
    """Return what the cells show, without how often they have been run."""
    return [
        [{key: value for key, value in output.items() if key != "execution_count"} for output in cell.outputs]
        for cell in cells
    ]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TUTORIAL_SERVER", request.param)
    monkeypatch.setenv("TUTORIAL_PROGRESS", "off")
    return str(request.param)


def notebook_of(*sources: str | NotebookNode) -> NotebookNode:
    """Return a notebook of code cells: new ones, and copies of those of another notebook."""
    cells = []
    for source in sources:
        text, metadata = (source, {}) if isinstance(source, str) else (source.source, source.metadata)
        cells.append(nbformat.v4.new_code_cell(text, metadata=metadata))
    return nbformat.v4.new_notebook(cells=cells)


@pytest.mark.release
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("path", LESSONS, ids=name_of)
def test_it_leaves_nothing_behind_and_runs_again_in_the_same_kernel_in_any_order(path: Path) -> None:
    """Run All; then once more, but for the cell that closes everything; then each cell again, from the last on."""
    lesson = read(path)
    cells, again = code(lesson), code(lesson)[:-1]
    ran = notebook_of(REMEMBER, *cells, WHAT_IS_LEFT, *again, *reversed(again))
    execute(ran, path.parent)
    normalise(ran)

    left = ran.cells.pop(len(cells) + 1)
    assert left.outputs[0].data["text/plain"] == "[]"
    twice = NotebookNode(cells=ran.cells[1 : 1 + len(cells) + len(again)])
    assert outputs(strict(twice)) == outputs(strict(lesson)) + outputs(strict(NotebookNode(cells=again)))


def runs() -> list[Any]:
    """Return each notebook with each server. Every day one of them, in turn, is enough, and so are a few exercises."""
    return [
        pytest.param(
            path,
            server,
            id=f"{server}-{name_of(path)}",
            marks=[pytest.mark.redis_server] * (server == "redis")
            + [pytest.mark.release] * (place % 2 != turn or (path in EXERCISES and place % 4 > 0)),
        )
        for place, path in enumerate([*LESSONS, *EXERCISES])
        for turn, server in enumerate(("fake", "redis"))
    ]


def compared_on(server: str, path: Path, folder: Path) -> Path:
    """Return the notebook itself, or on a redis-server a copy in which the cells that need one are compared as well."""
    notebook = read(path)
    if server == "fake" or not of_a_lab(notebook):
        return path
    for cell in of_a_lab(notebook):
        cell.metadata.tags.remove(MEASURED)
    copy = folder / path.name
    nbformat.write(notebook, copy)
    return copy


@pytest.mark.parametrize(("path", "server"), runs(), indirect=["server"])
def test_it_runs_to_the_outputs_that_are_stored(path: Path, server: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PYTEST, "--nbval", "--nbval-cell-timeout=60", "--nbval-current-env", "-q"]
    # This project's own settings are for its tests, not for what runs inside a notebook.
    plain = ["-o", "addopts=", "-o", "filterwarnings=", "-p", "no:cacheprovider", "--color=no"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    compared = compared_on(server, path, tmp_path)
    for _ in range(2):
        done = subprocess.run(
            [*command, *plain, str(compared)], cwd=TOP, env=environ, capture_output=True, text=True, timeout=300
        )
        if not never_began(done.stdout + done.stderr):
            break
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(code(read(path)))} passed" in done.stdout


def test_a_server_left_open_would_be_noticed() -> None:
    start = "from tutorial_lib import start_server; server = start_server()"
    leaky = notebook_of(REMEMBER, start, WHAT_IS_LEFT.replace("timeout=5", "timeout=0"))
    execute(leaky, TOP)
    assert leaky.cells[-1].outputs[0].data["text/plain"] != "[]"
