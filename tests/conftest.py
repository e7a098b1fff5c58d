"""What a test needs from the machine: a redis-server, a Chromium. Missing ones skip on a laptop and fail in CI.

And how the tests are spread over pytest-xdist's workers: what takes longest begins first.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.redis_for_tests import Certificates, make_certificates
from tutorial_lib import course

# Else jsonschema, which nbformat needs, compiles a grammar of web addresses in each worker, for a second.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

NEEDS = {
    "redis_server": ("redis-server", "valkey-server"),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}

# One browser at a time: two of them are too much for two cores.
TOGETHER = "tests/browser"
# What takes longest begins first, so that no worker is left alone with it at the end.
FIRST = (TOGETHER, "tests/checking/", "tests/test_notebooks.py", "tests/recipes/", "tests/practice/", "tests/servers/")
# What takes least, and there is most of, fills what is left.
LAST = ("tests/exercises/",)
# Tests that share nothing: each goes to the next worker that is free.
ONE_BY_ONE = ("tests/checking/", "tests/test_notebooks.py", *LAST)


class SlowestFirst(LoadScopeScheduling):
    """A module's tests stay on one worker, but for those that share nothing."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(TOGETHER):
            return TOGETHER
        if nodeid.startswith(ONE_BY_ONE):
            return nodeid
        return super()._split_scope(nodeid)


def pytest_configure() -> None:
    # What a shell starts in the background, or under nohup, ignores these two, and so does all that is started from
    # there: the tests of Ctrl-C and of a closed terminal would wait for ever.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SlowestFirst:
    config.option.loadscopereorder = False  # It would put what has most tests first, not what takes longest.
    return SlowestFirst(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn(item.nodeid))


def turn(nodeid: str) -> int:
    """Return when a test's turn is: the lower, the earlier."""
    if nodeid.startswith(LAST):
        return len(FIRST) + 1
    return next((place for place, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("release") and os.environ.get("RELEASE") != "1":
        pytest.skip("takes long; set RELEASE=1 to run it")
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
    """A test chooses its server and folder itself, whatever the learner's shell has set; what it sets ends with it."""
    for name in ("REDIS_URL", "TUTORIAL_SERVER", "TUTORIAL_FOLDER"):
        monkeypatch.setenv(name, "")  # so that the variable is put back even where it was not set before
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority of our own, and a certificate and a key for 127.0.0.1. Made once for each worker."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if the package were installed, not cloned; returns its folder."""
    package = tmp_path / "site-packages" / "tutorial_lib"
    lesson = package / "_course" / course.FIRST_LESSON
    lesson.parent.mkdir(parents=True)
    lesson.write_text("{}")
    monkeypatch.setattr(course, "PACKAGE", package)
    return package
