"""``pytest --examine-pools``: a test that leaks a connection or makes a pool for each call fails, with the line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tutorial_lib.examination.evidence import Kept
    from tutorial_lib.examination.finding import Finding
    from tutorial_lib.examination.inside import Findings

FAILS = frozenset(
    {
        "leak",
        "generator-kept",
        "kept-by-exception",
        "pubsub-kept",
        "watch-kept",
        "client-per-call",
        "pool-per-thread",
        "pool-per-task",
    }
)
"""The findings for which a test fails. Others, such as an exhausted pool, may be what the test is about."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("redis pools").addoption(
        "--examine-pools",
        action="store_true",
        help="fail a test that leaks a Redis connection or makes a pool per call",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--examine-pools") and os.environ.get("REDIS_POOL_EXAMINE"):
        raise pytest.UsageError(
            "The command `examine` watches these tests already. Use it, or --examine-pools, but not both."
        )


class _Examined:
    """The examination of one test: from its first fixture until the last of them is torn down."""

    def __init__(self, item: pytest.Item) -> None:
        # Only now: a run without the option must not pay for importing redis.
        from tutorial_lib.examination.inside import examining

        self.files = {str(item.path)}
        """Where the test and its fixtures stand."""
        self.has_passed = False
        self._block = ExitStack()
        self._findings: Findings = self._block.enter_context(examining(self._is_cleaned_up))

    def _is_cleaned_up(self, kept: Kept) -> bool:
        """Say whether the test borrowed a connection itself, and left it to a fixture that has closed the pool.

        What the code under test has not returned is a leak all the same: in the program no fixture closes the pool.
        """
        return kept.closed and kept.place.file in self.files

    def end(self) -> list[Finding]:
        """Return what is wrong. A test that failed by itself may leave behind what a passing one would not."""
        self._block.close()
        return [finding for finding in self._findings if finding.kind in FAILS and self.has_passed]


_EXAMINED = pytest.StashKey[_Examined]()


def _examined(item: pytest.Item) -> _Examined | None:
    """Return the examination of a test; it begins now, if it has not."""
    if not item.config.getoption("--examine-pools"):
        return None
    if _EXAMINED not in item.stash:
        item.stash[_EXAMINED] = _Examined(item)
    return item.stash[_EXAMINED]


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
    # Those of a module or a session come first. What they borrow they may keep for other tests, so it is not looked at.
    if fixturedef.scope == "function" and (examined := _examined(request.node)):
        code = getattr(fixturedef.func, "__code__", None)
        examined.files |= {code.co_filename} if code else set()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    examined = _examined(item)
    result = yield
    if examined:
        examined.has_passed = True
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    try:
        result = yield
    finally:
        examined = item.stash.get(_EXAMINED, None)
        troubles = examined.end() if examined else []
        if examined:
            del item.stash[_EXAMINED]  # The test may run again.
    if troubles:
        pytest.fail("\n\n".join(_told(finding) for finding in troubles), pytrace=False)
    return result


def _told(finding: Finding) -> str:
    from tutorial_lib.examination.report import short_path

    lines = "".join(f"\n  {short_path(place.file)}:{place.line}  {place.text}" for place in finding.lines)
    return f"{finding.kind}{lines}\n{finding.message}\n{finding.fix}"
