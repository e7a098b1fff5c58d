"""``pytest --examine-pools``: which tests fail for their connections, and which do not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examine.running import APPS, LONG, ROOT, environment, examining
from tests.redis_for_tests import OwnersRedis, owners_redis

PLUGIN = ("-p", "tutorial_lib.examination.pytest_plugin", "-p", "no:cacheprovider", "--noconftest", "-c", os.devnull)
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": f"{ROOT}{os.pathsep}{APPS}"}


def pytest_of(*words: str, port: int = 1) -> str:
    """Run pytest with the plugin in the folder of ``apps``, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, *words],
        env=environment(port, **ALONE),
        cwd=APPS,
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def printed() -> str:
    return pytest_of("--examine-pools", "-rA", "tests_with_fixtures.py")


def outcomes(printed: str, test: str) -> set[str]:
    return set(re.findall(rf"^(PASSED|FAILED|ERROR) tests_with_fixtures\.py::{test}\b", printed, re.MULTILINE))


def of(beginning: str) -> list[str]:
    source = (APPS / "tests_with_fixtures.py").read_text("utf-8")
    found: list[str] = re.findall(rf"def ({beginning}\w*)", source)
    assert found
    return found


@pytest.mark.parametrize("test", of("test_right"))
def test_what_is_returned_or_closed_in_a_teardown_is_no_leak(printed: str, test: str) -> None:
    assert outcomes(printed, test) == {"PASSED"}, printed


@pytest.mark.parametrize("test", of("test_wrong"))
def test_what_is_in_use_after_the_teardown_is_a_leak(printed: str, test: str) -> None:
    assert outcomes(printed, test) == {"PASSED", "ERROR"}, printed


def test_the_line_that_leaks_is_named(printed: str) -> None:
    assert re.search(r"^  shop.py:\d+  return pool.get_connection\(\)$", printed, re.MULTILINE), printed
    assert re.search(r"^  tests_with_fixtures.py:\d+  return shared.get_connection\(\)$", printed, re.MULTILINE)


def test_a_test_that_fails_by_itself_or_is_skipped_is_not_asked_for_its_connections(printed: str) -> None:
    assert outcomes(printed, "test_failed_by_itself") == {"FAILED"}, printed
    assert outcomes(printed, "test_skipped") == set()
    assert "1 skipped" in printed


def test_without_the_option_pytest_is_as_always() -> None:
    assert "1 failed, 7 passed, 1 skipped" in pytest_of("tests_with_fixtures.py")


@pytest.fixture(scope="module")
def server() -> Iterator[OwnersRedis]:
    with owners_redis() as server:
        yield server


@pytest.mark.redis_server
def test_it_sees_real_connections(server: OwnersRedis) -> None:
    printed = pytest_of("--examine-pools", "-q", "leaking_tests.py", port=server.port)
    assert "2 passed, 1 error" in printed, printed
    assert "leaking_tests.py:11  first = pool.get_connection()" in printed
    assert "leaking_tests.py:12  second = pool.get_connection()" in printed


@pytest.mark.release
def test_pytest_says_that_one_examination_is_enough(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "pytest", *PLUGIN, "--examine-pools", "tests_with_fixtures.py")
    with examining(tmp_path, *command, port=1, cwd=APPS, **ALONE) as running:
        assert running.process.wait(LONG) == pytest.ExitCode.USAGE_ERROR
        assert "Use it, or --examine-pools, but not both." in running.printed
