"""An event loop of its own for a check, and what an answer does in it: coroutines, tasks, clients of redis.asyncio."""

from __future__ import annotations

import asyncio
import inspect
import selectors
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

import redis
import redis.asyncio

from tutorial_lib.exercises._calls import Call
from tutorial_lib.exercises._parts import require_no_pool_or_class
from tutorial_lib.notebook.own_line import from_coroutine
from tutorial_lib.practice.verdict import Wrong, shown

T = TypeVar("T")

LONGEST_IN_A_LOOP = 3.5
"""Seconds for everything in a loop: less than an exercise's own deadline, which can't tell at which `await` it ends."""

TO_END = 1.0
"""Seconds for what is left in a loop to end, once it has been cancelled."""

ASK_THE_LOOP_EVERY = 0.005
LEAST_LOOKS = 20


class _IdleClock(selectors.DefaultSelector):
    """Adds up the seconds in which a loop has nothing to do, because each of its tasks waits for something."""

    idle = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        begun = monotonic()
        ready = super().select(timeout)
        if timeout is None or timeout > 0:
            self.idle += monotonic() - begun
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _IdleClock()
        super().__init__(self.clock)


def in_a_loop(check: Callable[[], Coroutine[Any, Any, T]], longest: float = LONGEST_IN_A_LOOP) -> T:
    """Run a check in an event loop of its own, then cancel the tasks and generators that are left, and close it."""
    loop = _Loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(_limited(check(), longest))
    finally:
        # What a task says that had to be cancelled would only hide the verdict.
        loop.set_exception_handler(lambda *_: None)
        loop.run_until_complete(_clear(asyncio.all_tasks(loop)))
        asyncio.set_event_loop(None)
        loop.close()


async def _limited(check: Coroutine[Any, Any, T], longest: float) -> T:
    task = asyncio.ensure_future(check)
    await asyncio.wait({task}, timeout=longest)
    if task.done():
        return task.result()
    line = next((line for one in asyncio.all_tasks() if (line := from_coroutine(one.get_coro()))), None)
    where = f", at {line.quoted}" if line else ""
    raise Wrong(
        f"After {longest:g} s your code was still waiting{where}. What does it wait for, and who would send it?"
    )


async def _clear(left: set[asyncio.Task[Any]]) -> None:
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=TO_END)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.get_running_loop().shutdown_asyncgens(), TO_END)


def coroutine_of(name: str, function: Callable[..., Any], *arguments: Any) -> Coroutine[Any, Any, Any]:
    """Call a learner's function, and return its coroutine; Wrong if it returns anything else."""
    try:
        value = function(*arguments)
    except RuntimeError as error:
        if "running event loop" not in str(error):
            raise
        raise Wrong(
            f"`{name}` starts an event loop itself, and there is one already: `{error}`. The caller awaits "
            f"`{name}(…)`. What's left to do for `asyncio.run`?"
        ) from error
    if inspect.iscoroutine(value):
        return value
    if inspect.isasyncgen(value):
        raise Wrong(
            f"`{name}` has a `yield` in it, so it's an async generator. It has to return a result: use `return`."
        )
    raise Wrong(
        f"`{name}` returned {shown(value)} when it was called, and that can't be awaited. Which word is missing before "
        "its `def`?"
    )


async def awaited_within(
    seconds: float, coroutine: Coroutine[Any, Any, Any], catching: type[Exception] = redis.RedisError
) -> Call:
    """Await it as a task for at most ``seconds``, and cancel it then. An error of another kind is raised here."""
    task = asyncio.ensure_future(coroutine)
    begun = monotonic()
    await asyncio.wait({task}, timeout=seconds)
    took = monotonic() - begun
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=TO_END)
        return Call(None, None, took, returned=False)
    if task.cancelled():
        raise Wrong("It ended with a `CancelledError`, although nothing cancelled it. What did your code cancel?")
    error = task.exception()
    if error is None:
        return Call(task.result(), None, took, returned=True)
    if not isinstance(error, catching):
        raise error
    return Call(None, error, took, returned=True)


def idle_time() -> float:
    """Return for how many seconds this loop has had nothing to do so far.

    Where a call waits without an ``await``, no task can run meanwhile, and none of that time is counted.
    """
    loop = asyncio.get_running_loop()
    return loop.clock.idle if isinstance(loop, _Loop) else 0.0


async def until(is_so: Callable[[], bool], within: float = 1.0) -> bool:
    """Let other tasks go on until it is so, for about ``within`` seconds; return whether it is."""
    deadline, looks = monotonic() + within, 0
    # A busy machine may let the time pass in which nothing happened, so time alone proves nothing.
    while not (found := is_so()) and (looks < LEAST_LOOKS or monotonic() < deadline):
        looks += 1
        await asyncio.sleep(ASK_THE_LOOP_EVERY)
    return found


def require_asyncio_client(value: Any, said: str) -> redis.asyncio.Redis:
    """Return the value if it is a client of redis.asyncio; otherwise raise Wrong. ``said`` is as for require_client."""
    require_no_pool_or_class(value, said)
    if inspect.iscoroutine(value):
        value.close()
        raise Wrong(f"{said} a coroutine. Making a client opens no connection, so a plain `def` is enough.")
    if isinstance(value, redis.Redis):
        raise Wrong(
            f"{said} a `redis.Redis`, whose commands wait without `await`, so every other task of the loop stands "
            "still meanwhile. Which module has the client for asyncio?"
        )
    if not isinstance(value, redis.asyncio.Redis):
        raise Wrong(f"{said} {shown(value)}, a `{type(value).__name__}`. It has to be a `redis.asyncio.Redis`.")
    return value


class CancelledAt:
    """Awaits a coroutine, and cancels the task that does when it waits for the ``step``-th time.

    ``now`` is called just before. No task is cancelled inside a function of ``spared``.
    """

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any],
        step: int,
        now: Callable[[], None],
        spared: tuple[Callable[..., Any], ...] = (),
    ) -> None:
        self._spared = [function.__code__ for function in spared]
        self.has_cancelled = False
        self._coroutine, self._step, self._now = coroutine, step, now
        self.steps = 0

    def __await__(self) -> Generator[Any, None, Any]:
        raised: BaseException | None = None
        task = asyncio.current_task()
        assert task
        while True:
            try:
                waits_for = self._coroutine.throw(raised) if raised else self._coroutine.send(None)
            except StopIteration as end:
                return end.value
            self.steps += 1
            if self.steps == self._step and not self._stands_in_spared():
                self.has_cancelled = True
                self._now()
                asyncio.get_running_loop().call_soon(task.cancel)
            raised = None
            try:
                yield waits_for
            except BaseException as error:
                raised = error

    def _stands_in_spared(self) -> bool:
        waits: Any = self._coroutine
        while waits is not None and getattr(waits, "cr_code", None) not in self._spared:
            waits = getattr(waits, "cr_await", None)
        return waits is not None
