"""README and its companions: no link leads nowhere, no lesson is left out, no command is made up."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import click
import pytest
from PIL import Image

from tutorial_lib.commands.command_line import FOR_LEARNERS, Subcommands
from tutorial_lib.examination import rules
from tutorial_lib.examination.rules import KINDS

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text("utf-8")
LESSON_PATHS = sorted(TOP.glob("notebooks/*.ipynb"))
LESSONS = [path.name for path in LESSON_PATHS]


WHAT_EXAMINE_FINDS = "## What examine finds"
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/errors.md",
    "docs/glossary.md",
    "docs/summary.md",
    "docs/docs_say.md",
    "docs/examine.md",
    "docs/teaching.md",
    "recipes/README.md",
]
NOTEBOOKS = sorted(path.relative_to(TOP).as_posix() for path in [*LESSON_PATHS, *TOP.glob("exercises/*.ipynb")])


def text_of(path: Path) -> str:
    """Return a document's text; a notebook's is that of its prose."""
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


def anchors(path: Path) -> set[str]:
    """Return what its headings are called in a link: JupyterLab joins the words, GitHub simplifies them first."""
    headings = [line.lstrip("# ").replace("`", "") for line in text_of(path).splitlines() if re.match("#+ ", line)]
    if path.suffix != ".ipynb":
        headings = [re.sub(r"[^\w\- ]", "", heading).lower() for heading in headings]
    return {heading.replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", [*DOCUMENTS, *NOTEBOOKS])
def test_links_lead_to_a_page_and_to_a_heading_that_is_there(document: str) -> None:
    here = TOP / document
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", text_of(here)):
        path = here.parent / target if target else here
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), (
            f"{target} has no heading {anchor}; it has {sorted(anchors(path))}"
        )


def minutes_of(lesson: str) -> list[int]:
    """Return the minutes that a lesson says it takes, and those of its exercises."""
    source = (TOP / "notebooks" / "source" / lesson).with_suffix(".py").read_text("utf-8")
    stated = re.search(r"\*(\d+) minutes(?:, (?:and|plus) (\d+) for the exercises?)?\.\*", source)
    assert stated, "a lesson states its minutes: *20 minutes, plus 25 for the exercises.*"
    return [int(minutes) for minutes in stated.groups() if minutes]


def hours_of(lessons: list[str]) -> str:
    return f"about {round(sum(sum(minutes_of(lesson)) for lesson in lessons) / 60)} hours"


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_is_on_the_map_with_its_minutes(lesson: str) -> None:
    row = next((row for row in README.splitlines() if f"| [{lesson[:2]}](notebooks/{lesson}) |" in row), "")
    assert row, f"no row of README's table begins with | [{lesson[:2]}](notebooks/{lesson}) |"
    assert row.endswith(f"| {' and '.join(map(str, minutes_of(lesson)))} |"), "these are not the minutes of the lesson"


def test_readme_says_how_long_the_course_takes_and_the_short_way_through_it() -> None:
    ways = re.findall(r"(?m)^- \*\*(.+?)\*\*", README.partition("In a terminal:")[0])
    sum_of_all = f"**{len(LESSONS)} lessons, {hours_of(LESSONS)}, three ways through.**"
    assert sum_of_all in README, f"at the top of README: {sum_of_all}"
    assert ways == ["The short way", "By symptom", "All of it"]

    short = re.search(r"\*\*The short way\*\*, (about \d+ hours): lessons (.*?),? what", README)
    assert short
    numbers = re.findall(r"\d+", short[2])
    assert short[1] == hours_of([lesson for lesson in LESSONS if lesson[:2] in numbers])


def test_the_first_picture_moves_and_is_light_enough() -> None:
    first = re.search(r"!\[[^\]]{40,}\]\(([^)]+)\)", README)
    assert first, "a picture with a text for those who do not see it"
    path = TOP / first[1]
    with Image.open(path) as picture:
        assert getattr(picture, "n_frames", 1) >= 20
    assert path.stat().st_size < 1_500_000


def test_each_picture_in_docs_is_on_a_page() -> None:
    pictures = {path.name for path in (TOP / "docs").iterdir() if path.suffix != ".md"}
    assert pictures == set(re.findall(r"docs/([\w.]+\.(?:png|gif|svg|pdf))", README))


def rows_of(document: str) -> list[list[str]]:
    """Return the rows of the document's tables as their cells, without the rows that head them."""
    lines = [line for line in (TOP / document).read_text("utf-8").splitlines() if line.startswith("|")]
    heads = {number - 1 for number, line in enumerate(lines) if set(line) <= set("|-: ")}
    body = [line for number, line in enumerate(lines) if number not in heads and number - 1 not in heads]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in body]


@pytest.mark.parametrize("row", rows_of("docs/errors.md"), ids=lambda row: row[0])
def test_each_error_leads_to_the_very_section_that_shows_it(row: list[str]) -> None:
    exact, happened, section = row
    assert exact
    assert happened.endswith("."), "say in a sentence what happened"
    written = {lesson[:2] for lesson in LESSONS}
    assert (section.lstrip("[")[:2] in written) == (".ipynb#" in section), row


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_finding_of_examine_is_explained_with_its_fix_and_its_lesson(kind: str) -> None:
    sections = re.split(r"(?m)^### ", (TOP / "docs" / "errors.md").read_text("utf-8").partition(WHAT_EXAMINE_FINDS)[2])
    section = next((section for section in sections if section.startswith(f"{kind}\n")), "")
    assert section, f"{kind} has no section in docs/errors.md: ### {kind}, what happened, - **Fix:** and - **Lesson:**"
    assert re.search(r"(?m)^- \*\*Fix:\*\* [^|]+\.$", section)
    assert re.search(r"(?m)^- \*\*Lesson:\*\* (\[\d\d .+\]\(../notebooks/.+\.ipynb#.+\)|1[2-5] )", section)


def test_nothing_is_explained_that_examine_cannot_find() -> None:
    explained = (TOP / "docs" / "errors.md").read_text("utf-8").partition(WHAT_EXAMINE_FINDS)[2]
    assert set(re.findall(r"(?m)^### (.+)", explained)) == KINDS


@pytest.mark.parametrize("rules", sorted(Path(rules.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_each_rule_leads_to_a_page_and_to_a_heading_that_is_there(rules: Path) -> None:
    code = ast.parse(rules.read_text("utf-8"))
    texts = [node.value for node in ast.walk(code) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for lesson in texts:
        if re.fullmatch(r"\d\d_\w+(#.*)?", lesson):
            pytest.fail(f"{lesson}: give the page as notebooks/….ipynb#section or docs/errors.md#kind")
        if target := re.fullmatch(r"((?:notebooks|docs)/[\w.]+)#(\S+)", lesson):
            assert target[2] in anchors(TOP / target[1]), lesson


@pytest.mark.parametrize("row", rows_of("docs/glossary.md"), ids=lambda row: row[0])
def test_each_word_has_a_meaning_and_the_lesson_that_introduces_it(row: list[str]) -> None:
    word, meaning, lesson = row
    assert word.startswith("**")
    assert meaning.endswith(".")
    assert lesson.startswith("[")


@pytest.mark.parametrize("page", ["README.md", f"notebooks/{LESSONS[0]}", "docs/summary.md"])
@pytest.mark.parametrize("home", ["errors.md", "glossary.md"])
def test_the_errors_and_the_words_are_one_click_away(page: str, home: str) -> None:
    assert re.search(rf"\]\([^)]*\b{re.escape(home)}\)", text_of(TOP / page))


@pytest.mark.parametrize("page", ["README.md", f"notebooks/{LESSONS[5]}", f"notebooks/{LESSONS[11]}", "docs/errors.md"])
def test_who_has_a_program_of_their_own_is_led_to_examine(page: str) -> None:
    assert re.search(r"\]\([^)]*\bexamine\.md\)", text_of(TOP / page))


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?m)(?:^|`|1 )make ([\w-]+)", README + (TOP / "CONTRIBUTING.md").read_text())))
)
def test_every_make_command_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (TOP / "Makefile").read_text("utf-8"), re.MULTILINE)


COMMANDS = re.findall(r"(?m)^\| `([\w-]+).*\|$", README.partition("### The commands")[2].partition("\n#")[0])


def test_readme_lists_what_help_lists() -> None:
    assert set(FOR_LEARNERS) <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_and_option_in_readme_exists(name: str) -> None:
    (row,) = re.findall(rf"(?m)^\| `{name}\b.*\|$", README)
    command = Subcommands().get_command(click.Context(Subcommands()), name)
    assert command, f"there is no subcommand {name}"
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--[a-z][a-z-]+", row)) <= known


NOT_THERE = re.compile(r"exercises/\d\d|\.venv/.*|build/.*|predict\.py|.*NN.*")
"""What a command takes, what an installation or a build makes, a name that was not taken, and NN for a number."""
A_PATH = re.compile(r"[a-z._][\w.-]*(/[\w.-]+)+/?|[a-z_][\w.-]*\.(py|md|js|css|toml)")
CARRIED = ("tutorial_lib", "tests", "tools", "notebooks", "exercises", "docs", "recipes", "binder", ".ci")


@pytest.fixture(scope="module")
def paths() -> list[str]:
    """Return every file and folder of the course, each with a / in front."""
    found = [*TOP.iterdir(), *(path for folder in CARRIED for path in (TOP / folder).rglob("*"))]
    return [f"/{path.relative_to(TOP).as_posix()}" for path in found if "__pycache__" not in path.parts]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_is_there(document: str, paths: list[str]) -> None:
    """A file may be named by the end of its path alone: ``network/relay.py``, ``owner.py``."""
    words = {word for span in re.findall(r"`([^`\n]+)`", (TOP / document).read_text("utf-8")) for word in span.split()}
    named = {word.rstrip("/") for word in words if A_PATH.fullmatch(word) and not NOT_THERE.fullmatch(word)}
    assert [name for name in sorted(named) if not any(path.endswith(f"/{name}") for path in paths)] == []


def test_nothing_names_a_package_registry() -> None:
    hosts = ("pypi" + ".org", "pythonhosted" + ".org")
    files = [path for path in TOP.glob("*.*") if path.is_file()]
    for folder in ("tutorial_lib", "tests", "tools", "binder", ".ci", "notebooks", "exercises"):
        files += [path for path in (TOP / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    assert [str(path) for path in files if any(host in path.read_text("utf-8", "ignore") for host in hosts)] == []
