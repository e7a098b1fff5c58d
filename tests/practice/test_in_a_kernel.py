"""Checks in a real Jupyter kernel: its sockets, its event loop and its variables are no business of an answer's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from tests.waiting import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there a check has a process of its own")

TOP = Path(__file__).parents[2]

SETUP = f"""
import sys
sys.path.insert(0, {str(TOP)!r})
import asyncio, os, threading, time
import redis
from IPython.display import display
from tests.practice.one_ping import IMPATIENT, TASK, solution
from tests.practice.traces import nothing_left
from tutorial_lib.practice.referee import judge

judge(TASK, solution)
asked = []

def check(answer, task=TASK):
    with nothing_left():
        print(judge(task, answer))
        assert judge(task, solution).status == "passed"
"""


@dataclass
class Ran:
    """What a cell showed: its text, and every other message that came of it."""

    text: str = ""
    error: str = ""
    others: list[str] = field(default_factory=list)


class Kernel:
    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self._client = client

    def run(self, code: str) -> Ran:
        ran = Ran()

        def hear(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                ran.text += content["text"]
            elif kind == "error":
                ran.error = "\n".join(content["traceback"])
            elif kind not in ("status", "execute_input"):
                ran.others.append(kind)

        self._client.execute_interactive(code, output_hook=hear, timeout=60)
        return ran


@pytest.fixture(scope="module", params=["fake", pytest.param("redis", marks=pytest.mark.redis_server)])
def kernel(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    manager, client = start_new_kernel(
        kernel_name="python3",
        env={**os.environ, "TUTORIAL_SERVER": request.param},
        extra_arguments=["--HistoryManager.enabled=False"],  # its thread comes and goes
    )
    kernel = Kernel(manager, client)
    assert kernel.run(SETUP) == Ran()
    try:
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_an_answer_may_run_a_loop_of_its_own_and_use_the_notebooks_variables(kernel: Kernel) -> None:
    ran = kernel.run("""
async def ping(host, port):
    async with redis.asyncio.Redis(host=host, port=port) as r:
        return await r.ping()

def make_pool(host, port):
    asked.append(port)
    print("loop:", asyncio.run(ping(host, port)), len(asked))
    return solution(host, port)

check(make_pool)
print(asked)
""")
    assert ran == Ran("loop: True 1\n✓ passed: opened 2\n[]\n")


def test_what_is_not_begun_is_to_be_written_in_the_cell(kernel: Kernel) -> None:
    said = kernel.run("print(judge(TASK, TASK.starter))").text
    assert said == (
        "○ not attempted: `make_pool` is still as it came. Write it in this cell, then run the cell again.\n"
    )


def test_an_answer_that_ends_python_does_not_end_the_kernel(kernel: Kernel) -> None:
    ran = kernel.run("def make_pool(host, port):\n    os._exit(3)\n\ncheck(make_pool)")
    assert "ended Python itself, with exit code 3" in ran.text
    assert kernel.run("print(1 + 1)") == Ran("2\n")


def test_what_an_answer_prints_and_displays_appears_in_the_cell(kernel: Kernel) -> None:
    ran = kernel.run("""
import ipywidgets

def make_pool(host, port):
    print("printed")
    display({"a": 1})
    display(ipywidgets.IntSlider())
    os.system("echo from another program")
    print("warned", file=sys.stderr)
    input("asked")

check(make_pool)
""")
    assert "printed\n{'a': 1}\nIntSlider" in ran.text
    assert "warned\n" in ran.text
    assert "Nobody can answer `input()` here" in ran.text
    assert "at line 9 of your cell" in ran.text
    assert ran.error == ""
    assert ran.others == []  # a slider of the answer's would be a widget that nothing answers for


def test_the_deadline_names_the_line_of_the_cell(kernel: Kernel) -> None:
    ran = kernel.run("def make_pool(host, port):\n    return 10**10**8\n\ncheck(make_pool, IMPATIENT)")
    assert "It was at line 2 of your cell, `return 10**10**8`" in ran.text


def test_the_stop_button_ends_the_answer_and_says_where_it_was(kernel: Kernel, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    code = f"""
def make_pool(host, port):
    open({str(begun)!r}, "w").close()
    while True:
        pass

judge(TASK, make_pool)
"""
    message = kernel._client.execute(code)
    assert eventually(begun.exists, within=30)
    kernel.manager.interrupt_kernel()
    said = ""
    while True:
        try:
            heard = kernel._client.get_iopub_msg(timeout=30)
        except Empty:
            break
        if heard["parent_header"].get("msg_id") != message:
            continue
        if heard["msg_type"] == "error":
            said = "\n".join(heard["content"]["traceback"])
        if heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
            break
    assert said.startswith("You stopped your code at line ")
    assert "of your cell" in said
    assert kernel.run("check(solution)") == Ran("✓ passed: opened 1\n")


def test_a_check_from_another_thread_is_as_good(kernel: Kernel) -> None:
    ran = kernel.run("""
verdicts = []
threads = [threading.Thread(target=lambda: verdicts.append(judge(TASK, solution))) for _ in range(3)]
with nothing_left():
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print([verdict.status for verdict in verdicts])
""")
    assert ran.error == ""
    assert ran == Ran("['passed', 'passed', 'passed']\n")


def test_a_check_that_takes_long_says_so_and_the_line_goes_away(kernel: Kernel) -> None:
    ran = kernel.run("""
def make_pool(host, port):
    time.sleep(1.5)
    return solution(host, port)

print(judge(TASK, make_pool))
""")
    assert ran.text == "✓ passed: opened 1\n"
    assert "display_data" in ran.others  # a widget; comparing stored outputs skips it
