"""``pytest --examine-pools``: a test that leaks a connection or makes a pool for each call fails, with the line."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    if not item.config.getoption("--examine-pools"):
        return (yield)
    # Only now: a run without the option must not pay for importing redis.
    from tutorial_lib.examination.inside import examine

    with examine() as findings:
        result = yield
    troubles = [finding for finding in findings if finding.kind in FAILS]
    if troubles:
        pytest.fail("\n\n".join(_told(finding) for finding in troubles), pytrace=False)
    return result


def _told(finding: object) -> str:
    from tutorial_lib.examination.report import short_path

    lines = "".join(f"\n  {short_path(place.file)}:{place.line}  {place.text}" for place in finding.lines)  # type: ignore[attr-defined]
    return f"{finding.kind}{lines}\n{finding.message}\n{finding.fix}"  # type: ignore[attr-defined]
