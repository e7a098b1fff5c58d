"""Run the course on other versions, each in an environment of its own, and print what was measured.

    python tools/versions.py           all of it
    python tools/versions.py --quick   only the table of redis-py's versions, and the lessons' notes against it

The environments stay in build/versions, so that a second run is quick. pip decides where packages come from.
The exit code is 1 if a note of a lesson is false or a notebook differs from its outputs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))  # The tests, whose Redis and whose list of notes this uses, are no installed package.

from tests.redis_for_tests import owners_redis  # noqa: E402
from tests.version_notes import false_notes  # noqa: E402

ENVIRONMENTS = TOP / "build" / "versions"
FACTS = TOP / "tools" / "version_facts.py"
REDIS_PY = ("5.3.*", "6.4.*", "7.4.*", "8.0.*", "8.1.*")
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
NOTEBOOKS = ("notebooks", "exercises")
LONGEST_RUN = 1800.0


class Run(NamedTuple):
    """The notebooks on one Python and one server: what it was, and how it ended."""

    python: str
    server: str
    outcome: str
    failed: bool


def environment(name: str, python: str, *packages: str) -> Path:
    """Return the Python of an environment that has these packages; it is made when it is missing."""
    folder = ENVIRONMENTS / name
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        words = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run(words, check=True, cwd=TOP, stderr=subprocess.DEVNULL)
        (folder / "done").touch()
    return inside


def facts(version: str, port: int) -> dict[str, Any]:
    """Return what is measured with one version of redis-py."""
    python = environment(f"redis-py-{version.removesuffix('.*')}", sys.executable, f"redis=={version}")
    done = subprocess.run([str(python), str(FACTS), str(port)], check=True, capture_output=True, text=True, timeout=120)
    return dict(json.loads(done.stdout))


def table_of_versions() -> list[dict[str, Any]]:
    """Measure all versions of redis-py, and print the table. Lines that are all the same are left out."""
    with owners_redis() as server:
        table = [facts(version, server.port) for version in REDIS_PY]
    shown = Table("", *(f"redis-py {found['redis-py']}" for found in table), title="Measured in this run")
    for name in table[0]:
        values = [str(found[name]) for found in table]
        if name != "redis-py" and len(set(values)) > 1:
            shown.add_row(name, *values)
    Console(width=None if sys.stdout.isatty() else 150).print(shown)
    return table


def python_called(version: str) -> str | None:
    """Return the path of a Python of this version that runs, or None: on PATH, or else under pyenv.

    pyenv's commands on PATH end with an error for each version that is installed and not chosen.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    for path in filter(None, candidates):
        if subprocess.run([path, "-c", "import venv"], capture_output=True).returncode == 0:
            return path
    return None


def pythons() -> Iterator[tuple[str, str]]:
    """Yield each Python that is there: its version and its path."""
    for version in PYTHONS:
        if path := python_called(version):
            yield version, path
        else:
            print(f"Python {version} is not here.")


def servers() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each kind of Redis that is there, with the environment that makes the course take it."""
    yield "the fallback", {"TUTORIAL_SERVER": "fake"}
    for program in ("redis-server", "valkey-server"):
        path = shutil.which(program)
        if path is None:
            print(f"{program} is not here.")
            continue
        # First on PATH, and under the name that the course looks for first: else it would take the other one.
        only = ENVIRONMENTS / f"only-{program}"
        only.mkdir(parents=True, exist_ok=True)
        (only / "redis-server").unlink(missing_ok=True)
        (only / "redis-server").symlink_to(path)
        version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout.split("v=")[-1].split()[0]
        yield f"{program} {version}", {"TUTORIAL_SERVER": "redis", "PATH": f"{only}{os.pathsep}{os.environ['PATH']}"}


def run_notebooks(version: str, path: str) -> Iterator[Run]:
    """Run every notebook against its stored outputs, on each server that is there."""
    python = environment(
        f"python-{version}", path, "-e", ".[fleet,metrics]", "nbval~=0.11.0", "pytest~=9.0", "pytest-xdist~=3.6"
    )
    plain = ["-o", "addopts=", "-o", "filterwarnings=", "-p", "no:cacheprovider", "--color=no", "-q"]
    nbval = ["--nbval", "--nbval-cell-timeout=60", "--nbval-current-env", "-n", "2", "--dist", "loadscope"]
    for server, settings in servers():
        done = subprocess.run(
            [str(python), "-m", "pytest", *plain, *nbval, *NOTEBOOKS],
            cwd=TOP,
            env={**os.environ, "TUTORIAL_PROGRESS": "off", **settings},
            capture_output=True,
            text=True,
            timeout=LONGEST_RUN,
        )
        if done.returncode:
            print(done.stdout[-3000:])
        yield Run(version, server, done.stdout.strip().rpartition("\n")[2], failed=done.returncode != 0)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="only redis-py's versions and the lessons' notes")
    quick = options.parse_args().quick

    wrong = false_notes(table_of_versions())
    print("\n".join(["These notes are false:", *wrong]) if wrong else "Every note on versions in the lessons is true.")
    if quick:
        return bool(wrong)

    runs = [run for version, path in pythons() for run in run_notebooks(version, path)]
    shown = Table("Python", "Redis", "cells of lessons and exercises", title="Notebooks against their stored outputs")
    for run in runs:
        shown.add_row(run.python, run.server, run.outcome)
    Console(width=None if sys.stdout.isatty() else 120).print(shown)
    return bool(wrong or any(run.failed for run in runs))


if __name__ == "__main__":
    sys.exit(main())
