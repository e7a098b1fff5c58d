"""What services read that are not here: GitHub, a dev container, whoever cites. And one version in all of it."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

import tutorial_lib
from tools import build_site
from tutorial_lib.exercises import all_exercises

TOP = Path(__file__).parent.parent
WORKFLOWS = sorted(TOP.glob(".github/workflows/*.yml"))
FORMS = sorted(TOP.glob(".github/ISSUE_TEMPLATE/*_*.yml"))
MAKEFILE = (TOP / "Makefile").read_text("utf-8")

# As GitHub documents the syntax of issue forms: what a part may be, and which attributes it must have.
PARTS = {
    "input": {"label"},
    "textarea": {"label"},
    "dropdown": {"label", "options"},
    "checkboxes": {"label", "options"},
    "markdown": {"value"},
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def is_a_target(words: list[str]) -> bool:
    """Tell whether a command is ``make`` with a target that the Makefile has. Dry: nothing is made."""
    return words[0] == "make" and re.search(rf"^{re.escape(words[1])}\b[^=\n]*:", MAKEFILE, re.MULTILINE) is not None


def test_there_are_workflows_and_forms() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "site"]
    assert [path.stem for path in FORMS] == ["answer_judged_wrongly", "claim_is_false"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_what_the_project_has(path: Path) -> None:
    workflow = read(path)
    assert workflow["name"]
    assert workflow[True].keys() <= {"push", "pull_request"}  # YAML 1.1 reads the key `on` as a truth value.
    for job in workflow["jobs"].values():
        assert job["runs-on"] == "ubuntu-latest"
        assert 0 < job["timeout-minutes"] <= 60
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), step
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))
            words = shlex.split(step.get("run", ".ci/run"))
            assert words == [".ci/run"] or is_a_target(words), words


def test_ci_runs_on_every_python_that_the_project_names() -> None:
    versions = read(TOP / ".github/workflows/ci.yml")["jobs"]["everything"]["strategy"]["matrix"]["python"]
    oldest = re.search(r'requires-python = ">=3\.(\d+)"', (TOP / "pyproject.toml").read_text("utf-8"))
    assert oldest
    assert versions == [f"3.{minor}" for minor in range(int(oldest[1]), 15)]


def test_the_site_is_published_from_where_it_is_built() -> None:
    steps = read(TOP / ".github/workflows/site.yml")["jobs"]["publish"]["steps"]
    (folder,) = (step["with"]["path"] for step in steps if "upload-pages" in step.get("uses", ""))
    assert TOP / folder == build_site.BUILD / build_site.PAGES


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one_that_github_takes(path: Path) -> None:
    form = read(path)
    assert form.keys() <= {"name", "description", "title", "labels", "body"}
    assert form["name"]
    assert form["description"]
    ids = [part["id"] for part in form["body"]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z_]+", one) for one in ids)
    for part in form["body"]:
        assert part["attributes"].keys() >= PARTS[part["type"]]
        options = part["attributes"].get("options", [])
        assert len(options) == len(set(options))


def test_the_form_names_an_exercise_that_is_there() -> None:
    (asked,) = (part for part in read(FORMS[0])["body"] if part["id"] == "exercise")
    assert asked["attributes"]["placeholder"] in all_exercises()


def test_the_dev_container_starts_the_course_on_the_port_that_it_forwards() -> None:
    folder = TOP / ".devcontainer"
    settings = json.loads((folder / "devcontainer.json").read_text("utf-8"))
    steps = (folder / settings["build"]["dockerfile"]).read_text("utf-8")
    assert f"\nUSER {settings['remoteUser']}\n" in steps, "JupyterLab does not run as root"
    assert is_a_target(shlex.split(settings["onCreateCommand"]))
    start = shlex.split(settings["postAttachCommand"])
    assert is_a_target(start)
    (port,) = settings["forwardPorts"]
    assert f"--port {port}" in start[2]
    assert list(settings["portsAttributes"]) == [str(port)]


def test_the_dev_container_brings_what_its_steps_call() -> None:
    steps = (TOP / ".devcontainer/Dockerfile").read_text("utf-8")
    for program in ("make", "git", "redis-server"):
        assert re.search(rf"install .*\b{program}\b", steps)


def test_one_version_and_one_date_everywhere() -> None:
    section = re.search(r"^## (\S+), (\S+)$", (TOP / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert section, "the first section of CHANGELOG.md has a version and a date: ## 0.1.0, 2026-11-30"
    citation = read(TOP / "CITATION.cff")
    assert section[1] == tutorial_lib.__version__ == citation["version"]
    assert date.fromisoformat(section[2]) == citation["date-released"]


def test_a_citation_has_what_the_format_demands() -> None:
    citation = read(TOP / "CITATION.cff")
    assert citation.keys() >= {"cff-version", "message", "title", "authors"}
    assert citation["license"] in (TOP / "LICENSE").read_text("utf-8")
    assert all("name" in author or "family-names" in author for author in citation["authors"])


def test_binder_installs_a_version_that_the_project_allows() -> None:
    text = (TOP / "pyproject.toml").read_text("utf-8")
    required = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert required
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", (TOP / "binder/requirements.txt").read_text("utf-8"), re.MULTILINE))
    for line in re.findall(r'^    "([^"]+)"', required[1], re.MULTILINE):
        requirement = Requirement(line)
        assert requirement.specifier.contains(pinned[requirement.name]), line
