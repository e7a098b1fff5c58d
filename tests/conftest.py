"""What a test needs from the machine: a redis-server, a Chromium. Missing ones skip on a laptop and fail in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

NEEDS = {
    "redis_server": ("redis-server", "valkey-server"),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, programs in NEEDS.items():
        if item.get_closest_marker(marker) and not any(shutil.which(program) for program in programs):
            pytest.skip(f"no {' or '.join(programs)} on PATH")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("FORBID_SKIPS") == "1":
        report.outcome = "failed"
        report.longrepr = f"FORBID_SKIPS=1, and this was skipped: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test chooses its server itself, whatever the learner's shell has set."""
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.delenv("TUTORIAL_SERVER", raising=False)
