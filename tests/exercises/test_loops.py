"""A loop of its own for a check: what is left in it comes to an end, and the verdict stays what it was."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.exercises import cancelled
from tests.practice.traces import nothing_left
from tutorial_lib.exercises import _loops, load_task
from tutorial_lib.exercises._loops import CancelledAt, awaited_within, coroutine_of, idle_time, in_a_loop, until
from tutorial_lib.practice.referee import judge
from tutorial_lib.practice.verdict import Wrong

# -- the loop


def test_what_is_left_in_the_loop_is_ended() -> None:
    ended = []

    async def left() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("task")

    async def numbers() -> Any:
        try:
            yield 1
        finally:
            ended.append("generator")

    async def check() -> int:
        check.task = asyncio.ensure_future(left())  # type: ignore[attr-defined]
        check.numbers = numbers()  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        return int(await anext(check.numbers))  # type: ignore[attr-defined]

    assert in_a_loop(check) == 1
    assert sorted(ended) == ["generator", "task"]
    assert check.task.get_loop().is_closed()  # type: ignore[attr-defined]


def test_a_task_that_refuses_to_end_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_loops, "TO_END", 0.01)
    over = False

    async def refuses() -> None:
        while not over:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    async def check() -> str:
        check.task = asyncio.ensure_future(refuses())  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        raise Wrong("that's what counts")

    with pytest.raises(Wrong, match="that's what counts"):
        in_a_loop(check)
    over = True
    check.task.get_coro().close()  # type: ignore[attr-defined]


def test_who_waits_for_ever_is_told_where() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    async def check() -> None:
        await waits()

    with pytest.raises(Wrong, match=r"still waiting, at line \d+ of test_loops.py, `await asyncio.Event\(\).wait\(\)`"):
        in_a_loop(check, longest=0.01)


def test_a_loop_is_idle_where_a_task_waits_with_await() -> None:
    async def idle_in(call: Callable[[], Any]) -> float:
        before = idle_time()
        waiting = call()
        if waiting:
            await waiting
        return idle_time() - before

    async def together() -> None:
        async def sleeps() -> None:
            time.sleep(0.01)

        await asyncio.gather(sleeps(), sleeps())

    async def check() -> list[float]:
        calls: list[Callable[[], Any]] = [lambda: time.sleep(0.01), together, lambda: asyncio.sleep(0.01)]
        return [await idle_in(call) for call in calls]

    blocked, blocked_in_tasks, waited = in_a_loop(check)
    assert blocked == blocked_in_tasks == 0
    assert waited > 0


# -- coroutines


def test_a_call_that_makes_no_coroutine_is_told() -> None:
    async def generator() -> Any:
        yield 1

    with pytest.raises(Wrong, match="returned `3` when it was called"):
        coroutine_of("ask", lambda: 3)
    with pytest.raises(Wrong, match="has a `yield` in it"):
        coroutine_of("ask", generator)


def test_what_became_of_a_coroutine() -> None:
    async def check() -> None:
        async def fails() -> None:
            raise OSError("broken")

        async def cancels_itself() -> None:
            raise asyncio.CancelledError

        assert (await awaited_within(1, asyncio.sleep(0, 5))).result == 5
        assert not (await awaited_within(0.01, asyncio.sleep(60))).returned
        assert isinstance((await awaited_within(1, fails(), OSError)).error, OSError)
        with pytest.raises(OSError, match="broken"):
            await awaited_within(1, fails())
        with pytest.raises(Wrong, match="nothing cancelled it"):
            await awaited_within(1, cancels_itself())
        assert not await until(lambda: False, within=0.01)

    in_a_loop(check)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_coroutine_is_cancelled_at_the_step_that_was_asked_for(step: int) -> None:
    done = []

    async def three_steps() -> None:
        for number in (1, 2, 3):
            await asyncio.sleep(0.001)
            done.append(number)

    async def check() -> bool:
        stepping = CancelledAt(three_steps(), step, lambda: done.append(0))

        async def run() -> None:
            await stepping

        task = asyncio.ensure_future(run())
        await asyncio.wait({task})
        assert stepping.steps == step
        return task.cancelled()

    assert in_a_loop(check)
    assert done == [*range(1, step), 0]


# -- answers that leave something behind


def a_task(*_: Any) -> None:
    a_task.left = asyncio.ensure_future(asyncio.sleep(60))  # type: ignore[attr-defined]


def a_task_that_refuses(*_: Any) -> None:
    async def refuses() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    a_task_that_refuses.left = asyncio.ensure_future(refuses())  # type: ignore[attr-defined]


def a_loop_in_a_thread(*_: Any) -> None:
    threading.Thread(target=asyncio.new_event_loop().run_forever).start()


def an_executor(*_: Any) -> None:
    asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)


def a_child(*_: Any) -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def a_forked_child(*_: Any) -> None:
    if os.fork() == 0:
        threading.Event().wait()


@cache
def _warm_up() -> None:
    """The first check imports what the others find imported."""
    judge(load_task("cancelled"), cancelled.swallows)


@pytest.mark.skipif(sys.platform != "linux", reason="only there a check has a process of its own")
@pytest.mark.parametrize(
    "leave", [a_task, a_task_that_refuses, a_loop_in_a_thread, an_executor, a_child, a_forked_child]
)
def test_an_answer_that_leaves_something_passes_and_leaves_nothing(
    leave: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")
    task = load_task("cancelled")
    _warm_up()

    async def read_out(pool: Any, keys: Any, show: Any) -> None:
        if keys[0] == "page:1:1":  # once is enough
            leave()
        await cancelled.values_first(pool, keys, show)

    with nothing_left():
        assert judge(task, read_out).status == "passed"
    assert judge(task, task.solution).status == "passed"


@pytest.mark.skipif(sys.platform != "linux", reason="only there a check has a process of its own")
def test_answers_that_stop_the_loop_get_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTORIAL_SERVER", "fake")

    async def stops(host: str, port: int, requests: Any) -> None:
        asyncio.get_running_loop().stop()

    async def exits(host: str, port: int, requests: Any) -> None:
        sys.exit(3)

    async def never_ends(host: str, port: int, requests: Any) -> None:
        await asyncio.Event().wait()

    task = load_task("burst")
    monkeypatch.setattr("tutorial_lib.exercises.burst.STALLED_AFTER", 0.1)
    assert judge(task, stops).status in ("wrong", "error")
    assert "it would end the whole program" in judge(task, exits).message
    assert "no request was served, and 0 of the 500 had been" in judge(task, never_ends).message
