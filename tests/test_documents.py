"""README and its companions: no link leads nowhere, no lesson is left out, no command is made up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text("utf-8")
LESSONS = sorted(path.name for path in TOP.glob("notebooks/*.ipynb"))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)[)#]", (TOP / document).read_text("utf-8"))

    assert [link for link in links if not (TOP / link).exists()] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_is_on_the_map_with_its_minutes(lesson: str) -> None:
    source = (TOP / "notebooks" / "source" / lesson).with_suffix(".py").read_text("utf-8")
    stated = re.search(r"\*(\d+) minutes(?:, and (\d+) for the exercises?)?\.\*", source)
    assert stated, "a lesson states its minutes: *20 minutes, and 25 for the exercises.*"
    minutes = " and ".join(filter(None, stated.groups()))

    row = next((row for row in README.splitlines() if f"| [{lesson[:2]}](notebooks/{lesson}) |" in row), "")
    assert row.endswith(f"| {minutes} |")


def test_the_symptom_table_is_that_of_lesson_00() -> None:
    def symptoms(text: str) -> list[str]:
        table = text[text.index("| What you see | Lesson |") :].partition("\n\n")[0]
        return [row.strip("# |").split(" | ")[0] for row in table.splitlines()[2:] if "|" in row]

    source = (TOP / "notebooks" / "source" / "00_start_here.py").read_text("utf-8")
    assert symptoms(README) == symptoms(source)


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?m)(?:^|`|1 )make (\w+)", README + (TOP / "CONTRIBUTING.md").read_text())))
)
def test_every_make_command_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (TOP / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_nothing_names_a_package_registry() -> None:
    hosts = ("pypi" + ".org", "pythonhosted" + ".org")
    files = [path for path in TOP.glob("*.*") if path.is_file()]
    for folder in ("tutorial_lib", "tests", "tools", "binder", ".ci", "notebooks", "exercises"):
        files += [path for path in (TOP / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    assert [str(path) for path in files if any(host in path.read_text("utf-8", "ignore") for host in hosts)] == []
