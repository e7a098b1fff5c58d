"""The wheel and the sdist: what they carry, and that the wheel works without the clone."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a fresh sdist and the wheel made from that sdist. Needs no network."""
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(TOP)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def carried() -> set[str]:
    """What a learner gets, as the repository has it: ``notebooks/00_start_here.ipynb`` …"""
    paths = [*TOP.glob("notebooks/*.ipynb"), *TOP.glob("exercises/*.ipynb"), *TOP.glob("docs/*.md")]
    paths += [*TOP.glob("recipes/*.py"), *TOP.glob("recipes/*.md"), *TOP.glob("notebooks/*.py")]
    names = {path.relative_to(TOP).as_posix() for path in paths}
    assert "notebooks/00_start_here.ipynb" in names
    return names


def test_the_wheel_carries_the_course_and_nothing_else(built: Path, carried: set[str]) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    course = {name.removeprefix("tutorial_lib/_course/") for name in names if "_course/" in name}

    assert course == carried
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tutorial_lib", "redis_pool_tutorial"}


def test_the_wheel_carries_jupyters_settings_and_the_public_names(built: Path) -> None:
    names = set(zipfile.ZipFile(next(built.glob("*.whl"))).namelist())
    settings = TOP / "tutorial_lib" / "jupyter_config"

    assert "tutorial_lib/__init__.pyi" in names, "the public names are read from it"
    assert {path.relative_to(TOP).as_posix() for path in settings.rglob("*.json")} <= names


def test_the_sdist_carries_everything_that_builds_and_tests_it(built: Path, carried: set[str]) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert names >= carried
    assert names >= {"LICENSE", "Makefile", "README.md", "tests/test_packaging.py", "binder/start"}
    assert not [name for name in names if "checkpoint" in name or "__pycache__" in name]


def test_the_wheel_works_from_any_folder(built: Path, tmp_path: Path, carried: set[str]) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    wheel = next(built.glob("*.whl"))
    words = ["install", "--quiet", "--no-index", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, timeout=120)

    def run(code: str) -> list[str]:
        environ = {**os.environ, "PYTHONPATH": str(site), "HOME": str(elsewhere), "TUTORIAL_SERVER": "fake"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=elsewhere, env=environ, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    where = "import tutorial_lib; print(tutorial_lib.__file__)"
    assert run(where) == [str(site / "tutorial_lib" / "__init__.py")]
    assert run("import tutorial_lib.commands.command_line as c; raise SystemExit(c.main(['greet']))")[-1] == "hello"
    run("import os; from tutorial_lib import course as c; c.prepare(c.carried(), c.folder(os.environ))")
    mine = elsewhere / "redis-pool-tutorial"
    assert {path.relative_to(mine).as_posix() for path in mine.glob("*/*")} == carried
